//! How things are written: addresses in JSON, errors without secrets.

use std::fmt::Display;

use lottery_client::instruction::Token;
use serde::Serializer;

/// For `#[serde(with = "text")]`: as it displays.
pub fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// For `#[serde(serialize_with = "text::token")]`: its mint.
pub fn token<S: Serializer>(token: &Option<Token>, serializer: S) -> Result<S::Ok, S::Error> {
    match token {
        Some(token) => serializer.collect_str(&token.mint),
        None => serializer.serialize_none(),
    }
}

/// What an error or address says, with every URL cut down to scheme, host and
/// port: paths, queries and user names of RPC endpoints hold API keys.
pub fn scrub(value: &(impl Display + ?Sized)) -> String {
    let text = value.to_string();
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | '>' | ',' | '`'))
            .unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        clean.push_str(host);
        if authority.len() < url.len() && url.len() > authority.len() + 1 {
            clean.push_str("/…");
        }
        rest = tail;
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::scrub;

    #[test]
    fn urls_lose_what_may_be_secret() {
        assert_eq!(
            scrub(
                "error sending request for url (https://u:p@rpc.example.com:8899/v2/KEY?api-key=SECRET): refused"
            ),
            "error sending request for url (https://rpc.example.com:8899/…): refused"
        );
        assert_eq!(scrub("http://127.0.0.1:8899"), "http://127.0.0.1:8899");
        assert_eq!(scrub("http://127.0.0.1:8899/"), "http://127.0.0.1:8899");
        assert_eq!(
            scrub("a, wss://h?k=1 b ws://i/x"),
            "a, wss://h/… b ws://i/…"
        );
        assert_eq!(scrub("no address"), "no address");
    }
}
