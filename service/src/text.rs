//! What errors and addresses say, without secrets.

use std::fmt::Display;

/// What an error or address says, with every URL cut down to scheme, host and
/// port: paths, queries and user names of RPC endpoints hold API keys, and those of
/// databases passwords.
pub fn scrub(value: &(impl Display + ?Sized)) -> String {
    let text = value.to_string();
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let (url, tail) = after.split_at(end_of_url(after));
        let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        clean.push_str(host);
        if url.len() > authority.len() + 1 {
            clean.push_str("/…");
        }
        rest = tail;
    }
    clean.push_str(rest);
    clean
}

/// Where a URL ends that began before `text`. A password may hold what otherwise ends
/// one: what goes before the last `@` of a word belongs to it.
fn end_of_url(text: &str) -> usize {
    let is_outside = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let word = text.find(is_outside).unwrap_or(text.len());
    let word = text.get(..word).unwrap_or(text);
    let first = word.find("://").unwrap_or(word.len());
    let first = word.get(..first).unwrap_or(word);
    let host = first.rfind('@').unwrap_or(0);
    let end = first
        .get(host..)
        .and_then(|rest| rest.find([')', '>', ',']))
        .map(|at| host + at);
    end.unwrap_or(word.len())
}

#[cfg(test)]
mod tests {
    use super::scrub;

    #[test]
    fn urls_lose_what_may_be_secret() {
        for (text, expected) in [
            (
                "error sending request for url (https://u:p@rpc.example.com:8899/v2/KEY?api-key=SECRET): refused",
                "error sending request for url (https://rpc.example.com:8899/…): refused",
            ),
            (
                "error (https://rpc.example/v2/KEY?k=1), postgres://u:p@db:5432/x failed",
                "error (https://rpc.example/…), postgres://db:5432/… failed",
            ),
            ("http://127.0.0.1:8899", "http://127.0.0.1:8899"),
            ("http://127.0.0.1:8899/", "http://127.0.0.1:8899"),
            ("a, wss://h?k=1 b ws://i/x", "a, wss://h/… b ws://i/…"),
            ("https://a/k,https://b/k", "https://a/…,https://b/…"),
            ("no address", "no address"),
            ("nothing here: //", "nothing here: //"),
        ] {
            assert_eq!(scrub(text), expected);
        }
    }

    #[test]
    fn passwords_may_hold_what_ends_a_url() {
        for secret in ["p,SECRET", "SECRET)", "a>SECRET", "(SECRET,)x"] {
            let url = format!("postgres://user:{secret}@db:5432/x");
            assert_eq!(scrub(&url), "postgres://db:5432/…");
            assert_eq!(
                scrub(&format!("cannot connect ({url}): no")),
                "cannot connect (postgres://db:5432/…): no"
            );
        }
    }
}
