//! The nodes that the keeper talks to.

use lottery_service::config::{Endpoint, OptionsError};

use super::Options;

/// The endpoints named: one at least, none twice.
pub(super) fn all(
    rpc_urls: Option<Vec<String>>,
    ws_urls: Option<Vec<String>>,
) -> Result<Vec<Endpoint>, OptionsError> {
    let rpc_urls = trimmed(rpc_urls);
    if rpc_urls.is_empty() {
        return Err(Options::missing("rpc_url"));
    }
    let ws_urls = trimmed(ws_urls);
    if !ws_urls.is_empty() && ws_urls.len() != rpc_urls.len() {
        let problem = "give one for each rpc_url, or none";
        return Err(OptionsError::value("ws_url", problem));
    }
    let mut ws_urls = ws_urls.into_iter();
    let mut endpoints: Vec<Endpoint> = Vec::with_capacity(rpc_urls.len());
    for rpc_url in rpc_urls {
        let endpoint = Endpoint::new(rpc_url, ws_urls.next())?;
        let twice = "names an endpoint twice; remove one";
        if endpoints
            .iter()
            .any(|known| is_same(&known.rpc_url, &endpoint.rpc_url))
        {
            return Err(OptionsError::value("rpc_url", twice));
        }
        if endpoints
            .iter()
            .any(|known| is_same(&known.ws_url, &endpoint.ws_url))
        {
            return Err(OptionsError::value("ws_url", twice));
        }
        endpoints.push(endpoint);
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
