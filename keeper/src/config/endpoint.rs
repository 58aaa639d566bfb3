//! The nodes that the keeper talks to.

use std::fmt;

use super::value;
use crate::{
    error::ConfigError,
    text::scrub,
    url::{is_url, websocket_url},
};

/// Where one node answers. It prints without what may be an API key.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub rpc_url: String,
    pub ws_url: String,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scrub(&self.rpc_url))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", scrub(&self.rpc_url), scrub(&self.ws_url))
    }
}

/// The endpoints named: one at least, none twice.
pub(super) fn all(
    rpc_urls: Option<Vec<String>>,
    ws_urls: Option<Vec<String>>,
) -> Result<Vec<Endpoint>, ConfigError> {
    let rpc_urls = trimmed(rpc_urls);
    if rpc_urls.is_empty() {
        return Err(ConfigError::Missing("rpc_url", "rpc-url", "RPC_URL"));
    }
    let ws_urls = trimmed(ws_urls);
    if !ws_urls.is_empty() && ws_urls.len() != rpc_urls.len() {
        return Err(value("ws_url", "give one for each rpc_url, or none"));
    }
    let mut ws_urls = ws_urls.into_iter();
    let mut endpoints: Vec<Endpoint> = Vec::with_capacity(rpc_urls.len());
    for rpc_url in rpc_urls {
        if !is_url(&rpc_url, &["http://", "https://"]) {
            return Err(value("rpc_url", "must begin with http:// or https://"));
        }
        let ws_url = match ws_urls.next() {
            Some(url) => url,
            None => websocket_url(&rpc_url).ok_or_else(|| {
                value(
                    "rpc_url",
                    "its port leaves none for the WebSocket; give ws_url",
                )
            })?,
        };
        if !is_url(&ws_url, &["ws://", "wss://"]) {
            return Err(value("ws_url", "must begin with ws:// or wss://"));
        }
        if endpoints
            .iter()
            .any(|known| is_same(&known.rpc_url, &rpc_url))
        {
            return Err(value("rpc_url", "names an endpoint twice; remove one"));
        }
        if endpoints
            .iter()
            .any(|known| is_same(&known.ws_url, &ws_url))
        {
            return Err(value("ws_url", "names an endpoint twice; remove one"));
        }
        endpoints.push(Endpoint { rpc_url, ws_url });
    }
    Ok(endpoints)
}

fn trimmed(urls: Option<Vec<String>>) -> Vec<String> {
    let urls = urls.unwrap_or_default();
    urls.iter().map(|url| url.trim().to_owned()).collect()
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}
