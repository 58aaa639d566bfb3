//! What a keeper says to Postgres: which statement a chunk of bytes belongs to, read
//! from the wire protocol.

use std::collections::HashMap;

use crate::{ChunkDecision, Direction, tcp_proxy::Chunk};

/// What a statement is called, by the words that are in it; the first that fits.
const NAMES: [(&str, &str); 18] = [
    ("WITH acquired AS", "lease: take"),
    (
        "UPDATE lease SET expires_at = clock_timestamp",
        "lease: renew",
    ),
    ("WITH released AS", "lease: give back"),
    ("LISTEN", "lease: listen"),
    ("INSERT INTO journal", "journal: write"),
    ("left_open AS", "journal: take over"),
    ("UPDATE journal", "journal: end"),
    ("DELETE FROM journal", "journal: forget"),
    ("INSERT INTO oracles", "oracles: save"),
    ("FROM oracles", "oracles: load"),
    ("CREATE TABLE", "tables: create"),
    ("CREATE SCHEMA", "tables: create"),
    ("_sqlx_migrations", "tables: look"),
    ("to_regnamespace", "tables: look"),
    ("current_database", "tables: look"),
    ("pg_advisory", "tables: lock"),
    ("FROM journal", "journal: count"),
    ("SELECT 1", "look"),
];

/// What is known of the connections of a keeper.
#[derive(Debug, Default)]
pub struct Connections {
    by_number: HashMap<u64, Connection>,
}

#[derive(Debug, Default)]
struct Connection {
    /// Names of prepared statements.
    prepared: HashMap<Vec<u8>, String>,
    /// Of the last chunk to the server.
    last: String,
}

impl Connections {
    /// What a chunk belongs to.
    pub fn name(&mut self, chunk: &Chunk) -> String {
        let connection = self.by_number.entry(chunk.connection).or_default();
        if chunk.direction == Direction::ToServer {
            connection.last = if chunk.seq == 1 {
                "connect".to_owned()
            } else {
                let named = connection.read(&chunk.bytes);
                named.unwrap_or_else(|| "other".to_owned())
            };
        }
        connection.last.clone()
    }
}

impl Connection {
    /// Follows the messages: a type of one byte, the length of the rest in four, itself
    /// included.
    fn read(&mut self, mut bytes: &[u8]) -> Option<String> {
        let mut named = None;
        while let Some((kind, rest)) = bytes.split_first() {
            let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
            // Of a long message a part may be missing; what there is will do.
            let body = rest.get(4..length.min(rest.len()))?;
            bytes = rest.get(length..).unwrap_or_default();
            let found = match kind {
                b'P' => {
                    let (statement, query) = text(body)?;
                    let name = name_of(text(query)?.0);
                    self.prepared.insert(statement.to_vec(), name.clone());
                    Some(format!("{name} (prepare)"))
                }
                b'B' => {
                    let (_portal, rest) = text(body)?;
                    let (statement, _) = text(rest)?;
                    self.prepared.get(statement).cloned()
                }
                b'Q' => Some(name_of(text(body)?.0)),
                b'p' => Some("connect (password)".to_owned()),
                b'X' => Some("disconnect".to_owned()),
                _ => None,
            };
            named = named.or(found);
        }
        named
    }
}

/// Up to the next zero, and what follows it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    Some((bytes.get(..end)?, bytes.get(end + 1..).unwrap_or_default()))
}

fn name_of(query: &[u8]) -> String {
    let query = String::from_utf8_lossy(query);
    let known = NAMES.iter().find(|(words, _)| query.contains(words));
    match known {
        Some((_, name)) => (*name).to_owned(),
        None => query
            .split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// What every hook on a keeper's connections says: it only looks.
pub const FORWARD: ChunkDecision = ChunkDecision::Forward;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap_or(0);
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    fn chunk(direction: Direction, seq: u64, bytes: Vec<u8>) -> Chunk {
        Chunk {
            connection: 1,
            direction,
            seq,
            bytes: bytes.into(),
        }
    }

    #[test]
    fn statements_are_known_when_they_are_run_again() {
        let mut connections = Connections::default();
        let mut name = |direction, seq, bytes| connections.name(&chunk(direction, seq, bytes));
        assert_eq!(name(Direction::ToServer, 1, vec![0; 8]), "connect");
        assert_eq!(name(Direction::ToClient, 1, vec![b'R']), "connect");
        let query = b"s1\0WITH fence AS (SELECT) INSERT INTO journal VALUES (1)\0\0\0";
        let prepare = [message(b'P', query), message(b'S', b"")].concat();
        let named = name(Direction::ToServer, 2, prepare);
        assert_eq!(named, "journal: write (prepare)");
        let run = [message(b'B', b"\0s1\0rest"), message(b'S', b"")].concat();
        assert_eq!(name(Direction::ToServer, 3, run), "journal: write");
        assert_eq!(name(Direction::ToClient, 2, vec![b'2']), "journal: write");
        let simple = message(b'Q', b"SET statement_timeout = 0\0");
        assert_eq!(
            name(Direction::ToServer, 4, simple),
            "SET statement_timeout"
        );
    }
}
