//! What a service says to Postgres: which statement a chunk of bytes belongs to, read
//! from the wire protocol.

use std::collections::HashMap;

use crate::{ChunkDecision, Direction, tcp_proxy::Chunk};

/// What a keeper's statement is called, by the words that are in it; the first that fits.
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

/// How names of statements end that are prepared and not run yet.
pub const PREPARE: &str = " (prepare)";

/// What says nothing of what a transaction is about.
const BOUNDS: [&str; 3] = ["ROLLBACK", "SAVEPOINT", "RELEASE"];

/// Bytes before what a message says: a type, and the length of the rest in four, itself
/// included.
const HEADER: usize = 5;

/// What is known of the connections of a service.
#[derive(Debug)]
pub struct Connections {
    by_number: HashMap<u64, Connection>,
    /// What a statement is called.
    namer: fn(&[u8]) -> String,
}

impl Default for Connections {
    /// A keeper's.
    fn default() -> Self {
        Self::named_by(name_of)
    }
}

#[derive(Debug, Default)]
struct Connection {
    /// Names of prepared statements.
    prepared: HashMap<Vec<u8>, String>,
    /// Of the last chunk to the server.
    last: String,
    /// What the transaction that is open began with, if anything yet; or the last statement.
    about: String,
    is_open: bool,
    /// The beginning of a message that came in part, as far as it is wanted.
    begun: Vec<u8>,
    /// Bytes of the last message that are still to come and that nobody wants.
    skip: usize,
}

/// What a chunk belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    /// What the transaction began with that it belongs to.
    pub about: String,
}

impl Connections {
    pub fn named_by(namer: fn(&[u8]) -> String) -> Self {
        Self {
            by_number: HashMap::new(),
            namer,
        }
    }

    /// What a chunk belongs to.
    pub fn name(&mut self, chunk: &Chunk) -> Named {
        let connection = self.by_number.entry(chunk.connection).or_default();
        if chunk.direction == Direction::ToServer {
            let name = if chunk.seq == 1 {
                "connect".to_owned()
            } else {
                let named = connection.read(&chunk.bytes, self.namer);
                named.unwrap_or_else(|| "other".to_owned())
            };
            connection.follow(name);
        }
        Named {
            name: connection.last.clone(),
            about: connection.about.clone(),
        }
    }
}

impl Connection {
    fn follow(&mut self, name: String) {
        let is_bound = BOUNDS.iter().any(|word| name.starts_with(word));
        match &*name {
            "BEGIN" => (self.is_open, self.about) = (true, String::new()),
            "COMMIT" => self.is_open = false,
            _ if is_bound || (self.is_open && !self.about.is_empty()) => {}
            other => {
                let other = other.strip_suffix(PREPARE).unwrap_or(other);
                other.clone_into(&mut self.about);
            }
        }
        self.last = name;
    }

    /// Follows the messages; what the first one says that means something.
    fn read(&mut self, bytes: &[u8], namer: fn(&[u8]) -> String) -> Option<String> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let mut bytes = [&std::mem::take(&mut self.begun), bytes.get(skipped..)?].concat();
        let mut named = None;
        while let Some((kind, length)) = header(&bytes) {
            let is_whole = bytes.len() >= length;
            // Of a long message a part will do.
            let body = bytes.get(HEADER..length.min(bytes.len()))?;
            named = named.or(self.message(kind, body, namer));
            if !is_whole {
                self.skip = length - bytes.len();
                return named;
            }
            bytes.drain(..length);
        }
        self.begun = bytes;
        named
    }

    fn message(&mut self, kind: u8, body: &[u8], namer: fn(&[u8]) -> String) -> Option<String> {
        match kind {
            b'P' => {
                let (statement, query) = text(body)?;
                let name = namer(text(query)?.0);
                self.prepared.insert(statement.to_vec(), name.clone());
                Some(format!("{name}{PREPARE}"))
            }
            b'B' => {
                let (_portal, rest) = text(body)?;
                let (statement, _) = text(rest)?;
                self.prepared.get(statement).cloned()
            }
            b'Q' => Some(namer(text(body)?.0)),
            b'p' => Some("connect (password)".to_owned()),
            b'd' => Some("rows".to_owned()),
            b'X' => Some("disconnect".to_owned()),
            _ => None,
        }
    }
}

/// A message's type and its length, its header included.
fn header(bytes: &[u8]) -> Option<(u8, usize)> {
    let (kind, rest) = bytes.split_first()?;
    let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
    Some((*kind, length.saturating_add(1).max(HEADER)))
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
        let mut name = |direction, seq, bytes| connections.name(&chunk(direction, seq, bytes)).name;
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

    #[test]
    fn messages_that_come_in_parts_are_followed() {
        let mut connections = Connections::default();
        let mut named =
            |seq, bytes: &[u8]| connections.name(&chunk(Direction::ToServer, seq, bytes.to_vec()));
        named(1, &[0; 8]);
        let long = message(b'd', &[b'Q'; 40]);
        let next = message(b'Q', b"COMMIT\0");
        named(2, &long[..20]);
        assert_eq!(named(3, &[&long[20..], &next[..3]].concat()).name, "other");
        let last = named(4, &next[3..]);
        assert_eq!(last.name, "COMMIT");
    }

    #[test]
    fn statements_belong_to_what_their_transaction_began_with() {
        let mut connections = Connections::named_by(super::super::sql::name);
        let mut about = |seq, query: &str| {
            let query = message(b'Q', format!("{query}\0").as_bytes());
            connections
                .name(&chunk(Direction::ToServer, seq, query))
                .about
        };
        assert_eq!(about(2, "BEGIN"), "");
        assert_eq!(
            about(3, "SELECT slot FROM ledger_cursor"),
            "SELECT FROM ledger_cursor"
        );
        assert_eq!(about(4, "SAVEPOINT a"), "SELECT FROM ledger_cursor");
        assert_eq!(
            about(5, "UPDATE watermark SET a = 1"),
            "SELECT FROM ledger_cursor"
        );
        assert_eq!(about(6, "COMMIT"), "SELECT FROM ledger_cursor");
        assert_eq!(about(7, "UPDATE games SET a = 1"), "UPDATE games");
        assert_eq!(about(8, "SELECT 1"), "SELECT 1");
    }
}
