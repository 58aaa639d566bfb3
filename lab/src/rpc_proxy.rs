//! A proxy in front of a real Solana node.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, Utf8Bytes},
};

use crate::{
    LabError,
    http::{Reply, Whole},
    rpc::{self, Call, Link, Node, RpcWeather, Served, Sockets},
};

/// A listening proxy; it ends when this is dropped, and all of its connections with it.
///
/// A batch is forwarded request by request, so that each can meet its own fault. Where
/// the node does not answer, the proxy closes the connection as if it were the node.
///
/// ```no_run
/// # async fn example() -> Result<(), lottery_lab::LabError> {
/// use lottery_lab::{RpcFault, RpcProxy, Rule};
///
/// let proxy = RpcProxy::start("http://127.0.0.1:8899", "ws://127.0.0.1:8900", 7).await?;
/// // The next transaction lands, and nobody hears of it.
/// proxy.weather.add(Rule::on("sendTransaction", RpcFault::LoseAnswer).next(1));
/// // Every tenth request of any kind finds a node that is 20 slots behind.
/// let stale = RpcFault::Stale(lottery_lab::rpc::Lag::Slots(20));
/// proxy.weather.add(Rule::any(stale).with_probability(0.1));
/// // … services run against `proxy.url()` and `proxy.ws_url()` …
/// proxy.sockets.disconnect_all();
/// proxy.weather.until(|weather| weather.count("sendTransaction") == 2).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RpcProxy {
    /// Faults of requests, counters and hooks.
    pub weather: RpcWeather,
    /// Faults of WebSockets.
    pub sockets: Sockets,
    served: Served,
}

impl RpcProxy {
    /// Listens, before the node at these addresses. Chance comes from the seed. The
    /// node's addresses are plain `http:` and `ws:`.
    pub async fn start(
        url: impl Into<String>,
        ws_url: impl Into<String>,
        seed: u64,
    ) -> Result<Self, LabError> {
        let (weather, sockets) = (RpcWeather::new(seed), Sockets::new(seed));
        let node = Upstream {
            // What the environment says of proxies is not meant for this one.
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .map_err(LabError::Client)?,
            url: url.into(),
            ws_url: ws_url.into(),
        };
        Ok(Self {
            served: rpc::serve(node, weather.clone(), sockets.clone()).await?,
            weather,
            sockets,
        })
    }

    /// Where requests go.
    pub fn url(&self) -> String {
        self.served.url()
    }

    /// Where WebSockets connect: the port after that of [`url`](Self::url).
    pub fn ws_url(&self) -> String {
        self.served.ws_url()
    }
}

struct Upstream {
    http: reqwest::Client,
    url: String,
    ws_url: String,
}

impl Node for Upstream {
    async fn answer(&self, call: &Call) -> Result<Value, Reply> {
        let gone = |error: reqwest::Error| {
            tracing::debug!(%error, method = call.method, "the node does not answer");
            Reply::Close
        };
        let request = self.http.post(&self.url).json(&call.body());
        let response = request.send().await.map_err(gone)?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(gone)?;
        let own_refusal = |body| {
            Reply::Whole(Whole {
                status,
                content_type: "text/plain",
                retry_after: None,
                body,
            })
        };
        match serde_json::from_slice(&body) {
            Ok(answer) if status == 200 => Ok(answer),
            _ => Err(own_refusal(body)),
        }
    }

    async fn connect(&self) -> Option<Link> {
        let (node, _) = connect_async(&self.ws_url)
            .await
            .inspect_err(|error| tracing::debug!(%error, "the node takes no WebSocket"))
            .ok()?;
        let (to_node, outgoing) = mpsc::unbounded_channel();
        let (incoming, from_node) = mpsc::unbounded_channel();
        tokio::spawn(bridge(node, outgoing, incoming));
        Some(Link { to_node, from_node })
    }
}

/// Carries frames between a node's WebSocket and a link; `None` when either has ended.
async fn bridge(
    mut node: WebSocketStream<MaybeTlsStream<TcpStream>>,
    mut outgoing: mpsc::UnboundedReceiver<Utf8Bytes>,
    incoming: mpsc::UnboundedSender<Utf8Bytes>,
) -> Option<()> {
    loop {
        tokio::select! {
            text = outgoing.recv() => node.send(Message::Text(text?)).await.ok()?,
            message = node.next() => match message?.ok()? {
                Message::Text(text) => incoming.send(text).ok()?,
                Message::Close(_) => return None,
                // Pings are answered by the library.
                _ => {}
            },
        }
    }
}
