//! The WebSocket: the program's accounts as they change, and slots.
//!
//! What a node sends is read when it is wanted and not before. While nobody reads, TCP
//! holds the node back, and a node that loses patience closes the connection, which is an
//! end like any other.

use std::{collections::VecDeque, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use lottery_client::clock::CLOCK;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Value, json};
use solana_account_decoder_client_types::UiDataSliceConfig;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client_api::{
    config::RpcAccountInfoConfig,
    response::{Response, RpcKeyedAccount, SlotInfo},
};
use tokio::{
    net::TcpStream,
    time::{Interval, MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Error, Message as Frame,
        error::CapacityError,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

use crate::source::{
    AccountUpdate, SourceError,
    snapshot::{account_config, slot_number, to_update},
};

/// Longest wait for a connection with its subscriptions.
const CONNECT: Duration = Duration::from_secs(10);

/// Between two pings. Proxies close what is idle for a minute.
const PING: Duration = Duration::from_secs(15);

/// Largest message (bytes): an account of 10 MiB in base64, and room to spare.
const MAX_MESSAGE: usize = 16 << 20;

/// Longest part of a message that is shown.
const MAX_WORDS: usize = 120;

/// Why a WebSocket is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("the WebSocket cannot be opened: {0}")]
    Connect(#[source] Box<Error>),
    #[error("the WebSocket was not open, and subscribed on, within {0} s")]
    Late(u64),
    #[error("the node refuses {method}: {message} ({code}); use a node that serves it")]
    Refused {
        method: String,
        code: i64,
        message: String,
    },
    #[error("the node closed the WebSocket{0}")]
    Closed(String),
    #[error("the WebSocket broke: {0}")]
    Broken(#[source] Box<Error>),
    #[error("a message of {0} bytes came over the WebSocket; no account is that large")]
    TooLong(usize),
    #[error("what came over the WebSocket makes no sense: {0}")]
    Garbled(String),
    #[error("the node did not answer a ping within {0} s")]
    Mute(u64),
}

impl StreamError {
    /// Of what was read.
    fn reading(error: Error) -> Self {
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => Self::Closed(String::new()),
            Error::Capacity(CapacityError::MessageTooLong { size, .. }) => Self::TooLong(size),
            error => Self::Broken(Box::new(error)),
        }
    }

    fn closed(frame: Option<CloseFrame>) -> Self {
        Self::Closed(frame.map_or_else(String::new, |frame| {
            let reason: String = frame.reason.chars().take(MAX_WORDS).collect();
            format!(": {} {reason}", frame.code).trim_end().to_owned()
        }))
    }
}

/// What the node told.
#[derive(Debug)]
pub(super) enum Told {
    Account(AccountUpdate),
    /// The clock changed in a slot, as it does in each.
    Clock {
        slot: i64,
    },
    /// A slot began; the root cannot be undone.
    Slot {
        root: i64,
    },
}

#[derive(Deserialize)]
#[serde(tag = "method", content = "params")]
enum Notification {
    #[serde(rename = "programNotification")]
    Program(Params<Response<RpcKeyedAccount>>),
    #[serde(rename = "accountNotification")]
    Clock(Params<Response<IgnoredAny>>),
    #[serde(rename = "slotNotification")]
    Slot(Params<SlotInfo>),
}

#[derive(Deserialize)]
struct Params<T> {
    result: T,
}

/// What a node says to a request.
#[derive(Deserialize)]
struct Answer {
    id: Option<u64>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    #[serde(default)]
    message: String,
}

/// An open WebSocket with its subscriptions.
pub(super) struct Stream {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What came before the last subscription was answered.
    early: VecDeque<String>,
    pings: Interval,
    /// Nothing has come since the last ping.
    is_quiet: bool,
}

impl Stream {
    /// Connects and subscribes; from here on whatever changes waits to be read, so a
    /// snapshot taken now has no gap to the stream.
    pub(super) async fn open(url: &str, commitment: CommitmentConfig) -> Result<Self, StreamError> {
        let opened = timeout(CONNECT, Self::subscribe(url, commitment)).await;
        opened.unwrap_or(Err(StreamError::Late(CONNECT.as_secs())))
    }

    async fn subscribe(url: &str, commitment: CommitmentConfig) -> Result<Self, StreamError> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let (socket, _) = connect_async_with_config(url, Some(config), true)
            .await
            .map_err(|error| StreamError::Connect(Box::new(error)))?;
        let mut pings = interval(PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first comes at once.
        pings.tick().await;
        let mut stream = Self {
            socket,
            early: VecDeque::new(),
            pings,
            is_quiet: false,
        };
        let whole = account_config(commitment);
        let nothing = RpcAccountInfoConfig {
            data_slice: Some(UiDataSliceConfig {
                offset: 0,
                length: 0,
            }),
            ..whole.clone()
        };
        let asked = [
            ("slotSubscribe", json!([])),
            ("accountSubscribe", json!([CLOCK.to_string(), nothing])),
            ("programSubscribe", json!([lottery::ID.to_string(), whole])),
        ];
        for (id, (method, params)) in (1..).zip(asked) {
            stream.ask(id, method, &params).await?;
        }
        Ok(stream)
    }

    /// Asks, and waits until that is granted.
    async fn ask(&mut self, id: u64, method: &str, params: &Value) -> Result<(), StreamError> {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let sent = self.socket.send(Frame::text(request.to_string())).await;
        sent.map_err(StreamError::reading)?;
        loop {
            let text = self.text().await?;
            // Notifications have no id.
            match serde_json::from_str::<Answer>(&text) {
                Ok(Answer {
                    error: Some(error), ..
                }) => return Err(refused(method, error)),
                Ok(Answer {
                    id: Some(answered), ..
                }) if answered == id => return Ok(()),
                Ok(Answer {
                    id: None,
                    error: None,
                }) => self.early.push_back(text),
                Ok(Answer {
                    id: Some(other), ..
                }) => {
                    let garbled = format!("an answer to request {other}, which was never made");
                    return Err(StreamError::Garbled(garbled));
                }
                Err(error) => return Err(garbled(&text, &error)),
            }
        }
    }

    /// What the node tells next. Nothing is lost if this is dropped.
    pub(super) async fn next(&mut self) -> Result<Told, SourceError> {
        let text = match self.early.pop_front() {
            Some(text) => text,
            None => self.text().await?,
        };
        let notification = match serde_json::from_str(&text) {
            Ok(notification) => notification,
            Err(error) => return Err(not_told(&text, &error).into()),
        };
        Ok(match notification {
            Notification::Program(told) => {
                let Response { context, value } = told.result;
                let slot = slot_number(context.slot)?;
                Told::Account(to_update(slot, &value.pubkey, &value.account)?)
            }
            Notification::Clock(told) => Told::Clock {
                slot: slot_number(told.result.context.slot)?,
            },
            Notification::Slot(told) => Told::Slot {
                root: slot_number(told.result.root)?,
            },
        })
    }

    /// The next message, while pings are answered.
    async fn text(&mut self) -> Result<String, StreamError> {
        loop {
            let frame = tokio::select! {
                biased;
                frame = self.socket.next() => frame,
                _ = self.pings.tick() => {
                    if self.is_quiet {
                        return Err(StreamError::Mute(PING.as_secs()));
                    }
                    self.is_quiet = true;
                    let sent = self.socket.send(Frame::Ping(Vec::new().into())).await;
                    sent.map_err(StreamError::reading)?;
                    continue;
                }
            };
            let frame = frame.ok_or_else(|| StreamError::Closed(String::new()))?;
            self.is_quiet = false;
            match frame.map_err(StreamError::reading)? {
                Frame::Text(text) => return Ok(text.as_str().to_owned()),
                Frame::Close(frame) => return Err(StreamError::closed(frame)),
                Frame::Binary(bytes) => {
                    let garbled = format!("{} bytes that are no text", bytes.len());
                    return Err(StreamError::Garbled(garbled));
                }
                // Pings are answered by the library.
                Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_) => {}
            }
        }
    }
}

/// Why a message is no notification: it may be a complaint.
fn not_told(text: &str, error: &serde_json::Error) -> StreamError {
    match read::<Answer>(text).and_then(|answer| answer.error) {
        Some(error) => refused("to go on", error),
        None => garbled(text, error),
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn refused(method: &str, error: Refusal) -> StreamError {
    StreamError::Refused {
        method: method.to_owned(),
        code: error.code,
        message: error.message.chars().take(MAX_WORDS).collect(),
    }
}

fn garbled(text: &str, error: &serde_json::Error) -> StreamError {
    let shown: String = text.chars().take(MAX_WORDS).collect();
    StreamError::Garbled(format!("{error}, in {shown:?}"))
}
