//! WebSockets through the weather, one connection at a time.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::{broadcast, watch},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        protocol::{
            CloseFrame,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    Call, Intrusion, Link, Node, RpcFault, RpcWeather, Sockets, exchange::Exchange,
    schedule::Schedule,
};
use crate::{
    listen,
    weather::{Moment, Seen, Via},
};

/// How long a client may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves until stopped.
pub(super) async fn serve<N: Node>(
    listener: TcpListener,
    exchange: Arc<Exchange<N>>,
    sockets: Sockets,
    stop: CancellationToken,
) {
    while let Some(stream) = listen::accept(&listener, &stop).await {
        let mut down = exchange.weather.down();
        if *down.borrow() || sockets.refusing() {
            continue;
        }
        let (exchange, sockets, stop) = (exchange.clone(), sockets.clone(), stop.clone());
        tokio::spawn(async move {
            let mut cut = sockets.generation();
            tokio::select! {
                () = stop.cancelled() => {}
                _ = down.wait_for(|down| *down) => {}
                () = changed(&mut cut) => {}
                _ = connection(stream, &*exchange, &sockets) => {}
            }
        });
    }
}

async fn changed(generation: &mut watch::Receiver<u64>) {
    // Nobody left who could cut the connection: then it stays.
    if generation.changed().await.is_err() {
        std::future::pending().await
    }
}

/// `None` when the connection has ended.
async fn connection<N: Node>(
    stream: TcpStream,
    exchange: &Exchange<N>,
    sockets: &Sockets,
) -> Option<()> {
    // Notifications are small and each is wanted at once.
    let _ = stream.set_nodelay(true);
    let accepted = tokio_tungstenite::accept_async(stream);
    let client = timeout(HANDSHAKE, accepted).await.ok()?.ok()?;
    let link = exchange.node.connect().await?;
    let intrusions = sockets.intrusions();
    let _open = sockets.count_open();
    Pump {
        weather: &exchange.weather,
        sockets,
        schedule: Schedule::default(),
        asked: HashMap::new(),
        intrusions,
    }
    .run(client, link)
    .await
}

struct Pump<'a> {
    weather: &'a RpcWeather,
    sockets: &'a Sockets,
    schedule: Schedule,
    /// Requests that the node has not answered yet, by their id.
    asked: HashMap<String, Seen>,
    intrusions: broadcast::Receiver<Intrusion>,
}

impl Pump<'_> {
    async fn run(mut self, mut client: WebSocketStream<TcpStream>, mut link: Link) -> Option<()> {
        loop {
            let due = self.schedule.due();
            tokio::select! {
                message = client.next() => match message?.ok()? {
                    Message::Text(text) => self.requested(text, &link).await?,
                    Message::Close(_) => return None,
                    // Pings are answered by the library.
                    _ => {}
                },
                text = link.from_node.recv() => self.told(text?).await,
                Ok(intrusion) = self.intrusions.recv() => intrude(&mut client, intrusion).await?,
                () = sleep_until(due) => {
                    while let Some(frame) = self.schedule.pop(Instant::now()) {
                        client.send(Message::Text(frame.text)).await.ok()?;
                        if frame.notification {
                            self.sockets.delivered();
                        }
                    }
                }
            }
        }
    }

    /// A client's request: logged, and withheld if rule or hook says so. Of all faults
    /// only that one means anything here.
    async fn requested(&mut self, text: Utf8Bytes, link: &Link) -> Option<()> {
        let Some(call) = serde_json::from_str(&text).ok().and_then(Call::parse) else {
            return link.to_node.send(text).ok();
        };
        let seen = self.weather.admit(&call.method, call.params, Via::Socket);
        let mut faults = self.weather.strike(&seen);
        faults.extend(self.weather.decide(&seen).await);
        let lost = faults
            .iter()
            .any(|fault| matches!(fault, RpcFault::LoseRequest));
        if lost {
            return Some(());
        }
        self.weather.note_forwarded(&seen);
        self.asked.insert(call.id.to_string(), seen);
        link.to_node.send(text).ok()
    }

    /// An answer: the hook is told of it, and can no longer keep it back.
    async fn answered(&mut self, answer: Option<Value>) {
        let id = answer.as_ref().and_then(|answer| answer.get("id"));
        let seen = id.and_then(|id| self.asked.remove(&id.to_string()));
        if let Some(mut seen) = seen {
            seen.moment = Moment::BeforeAnswer;
            seen.answer = answer.map(Arc::new);
            self.weather.decide(&seen).await;
        }
    }

    /// Something from the node: an answer, or a notification.
    async fn told(&mut self, text: Utf8Bytes) {
        let parsed = serde_json::from_str::<Value>(&text).ok();
        let method = |value: &Value| Some(value.get("method")?.as_str()?.to_owned());
        let Some(method) = parsed.as_ref().and_then(method) else {
            self.answered(parsed).await;
            self.schedule.answer(text, Instant::now());
            return;
        };
        let notification = parsed.unwrap_or_default();
        let mut seen = self.weather.admit(&method, Value::Null, Via::Socket);
        seen.moment = Moment::BeforeAnswer;
        seen.answer = Some(Arc::new(notification.clone()));
        if let Some(RpcFault::LoseAnswer) = self.weather.decide(&seen).await {
            return;
        }
        let notifications = self.sockets.notifications();
        self.sockets.with_rng(|rng| {
            self.schedule
                .notify(notification, Instant::now(), &notifications, rng);
        });
    }
}

/// `None` when that ended the connection.
async fn intrude(client: &mut WebSocketStream<TcpStream>, intrusion: Intrusion) -> Option<()> {
    match intrusion {
        Intrusion::Text(text) => client.send(Message::text(text)).await.ok(),
        Intrusion::Binary(bytes) => client.send(Message::binary(bytes)).await.ok(),
        Intrusion::Half(text) => {
            let frame = Frame::message(text, OpCode::Data(Data::Text), true);
            let mut bytes = Vec::new();
            frame.format(&mut bytes).ok()?;
            let half = bytes.get(..bytes.len() / 2)?;
            client.get_mut().write_all(half).await.ok()?;
            None
        }
        Intrusion::Close { code, reason } => {
            let frame = CloseFrame {
                code: code.into(),
                reason: reason.into(),
            };
            client.close(Some(frame)).await.ok()
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
