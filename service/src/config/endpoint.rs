//! Where a Solana node answers.

use std::fmt;

use super::OptionsError;
use crate::{
    text::scrub,
    url::{is_url, websocket_url},
};

/// Where one node answers. It prints without what may be an API key.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub rpc_url: String,
    pub ws_url: String,
}

impl Endpoint {
    /// A node by its addresses; the WebSocket's follows from the other if it is not given.
    ///
    /// # Errors
    /// Which of `rpc_url` and `ws_url` is no address, or is missing.
    pub fn new(rpc_url: String, ws_url: Option<String>) -> Result<Self, OptionsError> {
        if !is_url(&rpc_url, &["http://", "https://"]) {
            let problem = "must begin with http:// or https://";
            return Err(OptionsError::value("rpc_url", problem));
        }
        let ws_url = match ws_url {
            Some(url) => url,
            None => websocket_url(&rpc_url).ok_or_else(|| {
                let problem = "its port leaves none for the WebSocket; give ws_url";
                OptionsError::value("rpc_url", problem)
            })?,
        };
        if !is_url(&ws_url, &["ws://", "wss://"]) {
            let problem = "must begin with ws:// or wss://";
            return Err(OptionsError::value("ws_url", problem));
        }
        Ok(Self { rpc_url, ws_url })
    }
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
