//! A JSON-RPC node behind weather: the one HTTP and WebSocket server that both
//! [`RpcProxy`](crate::RpcProxy) and [`ScriptedRpc`](crate::ScriptedRpc) are made of.

mod call;
mod exchange;
mod fault;
mod history;
pub mod lies;
mod schedule;
mod socket;
mod sockets;

use std::{net::SocketAddr, sync::Arc};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) use call::Call;
pub use call::RpcError;
pub use fault::{Lag, Lie, Limiter, RpcFault};
pub use sockets::{Intrusion, Notifications, Sockets};

use crate::{LabError, http, listen, weather::Weather};
use exchange::Exchange;

/// The weather over JSON-RPC requests.
pub type RpcWeather = Weather<RpcFault>;

/// What answers, if nothing comes in between.
pub(crate) trait Node: Send + Sync + 'static {
    /// The whole JSON-RPC answer; or, where there is none, what is replied instead.
    fn answer(&self, call: &Call) -> impl Future<Output = Result<Value, http::Reply>> + Send;

    /// A WebSocket; `None` where the node does not let one be opened.
    fn connect(&self) -> impl Future<Output = Option<Link>> + Send;
}

/// The node's end of a WebSocket. Either side ends it by dropping its channels.
pub(crate) struct Link {
    pub to_node: mpsc::UnboundedSender<Utf8Bytes>,
    pub from_node: mpsc::UnboundedReceiver<Utf8Bytes>,
}

/// A listening node; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Served {
    http: SocketAddr,
    ws: SocketAddr,
    _stop: DropGuard,
}

impl Served {
    pub fn url(&self) -> String {
        format!("http://{}", self.http)
    }

    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.ws)
    }
}

/// Serves a node on two adjacent ports, HTTP on the first.
pub(crate) async fn serve<N: Node>(
    node: N,
    weather: RpcWeather,
    sockets: Sockets,
) -> Result<Served, LabError> {
    let [(http, http_at), (ws, ws_at)] = listen::pair().await?;
    let stop = CancellationToken::new();
    let exchange = Arc::new(Exchange::new(node, weather.clone()));
    let answering = exchange.clone();
    tokio::spawn(http::serve(
        http,
        weather.down(),
        stop.clone(),
        move |request| {
            let exchange = answering.clone();
            async move { exchange.reply(request).await }
        },
    ));
    tokio::spawn(socket::serve(ws, exchange, sockets, stop.clone()));
    Ok(Served {
        http: http_at,
        ws: ws_at,
        _stop: stop.drop_guard(),
    })
}
