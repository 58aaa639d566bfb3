//! What follows from a node's address.

/// Whether it begins with one of the schemes and goes on.
pub fn is_url(url: &str, schemes: &[&str]) -> bool {
    schemes
        .iter()
        .filter_map(|scheme| url.strip_prefix(scheme))
        .any(|rest| !rest.is_empty())
}

/// Scheme, host and port: what may be told to others. A URL with a user name
/// gives nothing of itself away.
pub fn origin(url: &str) -> &str {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "";
    };
    let length = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let end = scheme.len() + 3 + length;
    match url.get(..end) {
        Some(origin) if !origin.contains('@') => origin,
        _ => "",
    }
}

/// The address that Solana's nodes serve WebSockets at: the next port when the
/// URL names one, else the same host.
pub fn websocket_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = if scheme == "https" { "wss" } else { "ws" };
    let length = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(length);
    // Not the colons of an IPv6 address, nor the one before a password.
    let port = authority
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains([']', '@']));
    match port {
        None => Some(format!("{scheme}://{rest}")),
        Some((host, port)) => {
            let port = port.parse::<u16>().ok()?.checked_add(1)?;
            Some(format!("{scheme}://{host}:{port}{tail}"))
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_from_the_nodes() {
        let ws = |url| websocket_url(url).unwrap();
        assert_eq!(ws("http://127.0.0.1:8899"), "ws://127.0.0.1:8900");
        assert_eq!(
            ws("https://rpc.example.com/v2/k"),
            "wss://rpc.example.com/v2/k"
        );
        assert_eq!(ws("http://[::1]:8899/x"), "ws://[::1]:8900/x");
        assert_eq!(ws("http://[::1]"), "ws://[::1]");
        assert_eq!(ws("https://user:pass@h/x"), "wss://user:pass@h/x");
        assert_eq!(
            origin("https://rpc.example.com/v2/KEY"),
            "https://rpc.example.com"
        );
        assert_eq!(origin("https://user:pass@rpc.example.com"), "");
    }
}
