//! A cluster that runs already.

use std::env;

use super::{Cluster, Kind};
use crate::{LocalnetError, Result};

/// `RPC_URL` and `WS_URL`, where set and not empty.
pub(super) fn from_environment() -> Option<(String, Option<String>)> {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    Some((set("RPC_URL")?, set("WS_URL")))
}

pub(super) fn attach(rpc_url: &str, ws_url: Option<&str>) -> Result<Cluster> {
    let ws_url = match ws_url {
        Some(url) => url.to_owned(),
        None => {
            default_ws_url(rpc_url).ok_or_else(|| LocalnetError::BadRpcUrl(rpc_url.to_owned()))?
        }
    };
    Ok(Cluster {
        kind: Kind::Attached,
        rpc_url: rpc_url.to_owned(),
        ws_url,
        process: None,
        _ports: None,
    })
}

/// A validator's WebSocket is one port above its RPC. Providers that name no port
/// serve both at one address.
fn default_ws_url(rpc_url: &str) -> Option<String> {
    let (scheme, rest) = rpc_url.split_once("://")?;
    let scheme = match scheme {
        "http" => "ws",
        "https" => "wss",
        _ => return None,
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if authority.is_empty() {
        return None;
    }
    let port = authority
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match port {
        Some((host, port)) => Some(format!("{scheme}://{host}:{}{path}", port.checked_add(1)?)),
        None => Some(format!("{scheme}://{authority}{path}")),
    }
}

#[cfg(test)]
mod tests {
    use super::default_ws_url;

    #[test]
    fn the_websocket_follows_from_the_rpc() {
        let cases = [
            ("http://127.0.0.1:8899", Some("ws://127.0.0.1:8900")),
            ("http://localhost:80/", Some("ws://localhost:81/")),
            ("http://[::1]:8899", Some("ws://[::1]:8900")),
            ("https://rpc.example/key", Some("wss://rpc.example/key")),
            ("http://127.0.0.1:65535", None),
            ("127.0.0.1:8899", None),
            ("http://", None),
        ];
        for (rpc, ws) in cases {
            assert_eq!(default_ws_url(rpc).as_deref(), ws, "{rpc}");
        }
    }
}
