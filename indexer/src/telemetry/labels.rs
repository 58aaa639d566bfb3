//! What labels may say: nothing that grows with games or players.

use lottery_service::label;

use crate::config::{Commitment, SourceKind};

label! {
    /// How sure it is that rows stay.
    Finality {
        Processed = "processed",
        Confirmed = "confirmed",
        Finalized = "finalized",
    }
}

impl From<Commitment> for Finality {
    fn from(commitment: Commitment) -> Self {
        match commitment {
            Commitment::Processed => Self::Processed,
            Commitment::Confirmed => Self::Confirmed,
            Commitment::Finalized => Self::Finalized,
        }
    }
}

label! {
    /// Where something comes from.
    Source {
        Websocket = "websocket",
        Polling = "polling",
        Geyser = "geyser",
        /// Transactions, asked for by signature.
        Ledger = "ledger",
    }
}

impl From<SourceKind> for Source {
    fn from(kind: SourceKind) -> Self {
        match kind {
            SourceKind::Websocket => Self::Websocket,
            SourceKind::Polling => Self::Polling,
            SourceKind::Geyser => Self::Geyser,
        }
    }
}

label! {
    /// What a dead letter is about.
    Letter {
        Account = "account",
        Transaction = "transaction",
        Instruction = "instruction",
        Event = "event",
        /// Of a stream, that made no sense as a whole.
        Message = "message",
    }
}

label! {
    /// A pool of connections to the database.
    Connections {
        /// Of the writers.
        Writing = "writing",
        /// Of the API.
        Reading = "reading",
    }
}

label! {
    /// Why the database did not do as it was told.
    Failure {
        /// The way to it, or its process, broke.
        Connection = "connection",
        /// No connection of the pool was free in time.
        Pool = "pool",
        /// Somebody else's transaction was in the way.
        Conflict = "conflict",
        /// It runs out of something.
        Resources = "resources",
        /// It is being stopped, or an operator stepped in.
        Operator = "operator",
        /// A row was refused for what it holds.
        Row = "row",
        /// Tables or columns are not as expected, or the role may not use them.
        Schema = "schema",
        Other = "other",
    }
}

impl Failure {
    /// Of an error.
    pub fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                Self::of_state(error.code().as_deref().unwrap_or_default())
            }
            sqlx::Error::PoolTimedOut => Self::Pool,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Connection,
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. } => Self::Schema,
            _ => Self::Other,
        }
    }

    /// Of an SQLSTATE, by its class.
    fn of_state(state: &str) -> Self {
        match state.get(..2).unwrap_or_default() {
            "08" => Self::Connection,
            "22" | "23" => Self::Row,
            "25" | "40" | "55" => Self::Conflict,
            "28" | "3D" | "3F" | "42" => Self::Schema,
            "53" => Self::Resources,
            "57" | "58" => Self::Operator,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart_by_their_class() {
        for (state, expected) in [
            ("08006", Failure::Connection),
            ("23505", Failure::Row),
            ("40P01", Failure::Conflict),
            ("42501", Failure::Schema),
            ("53300", Failure::Resources),
            ("57P01", Failure::Operator),
            ("XX000", Failure::Other),
            ("", Failure::Other),
        ] {
            assert_eq!(Failure::of_state(state), expected, "{state}");
        }
        assert_eq!(Failure::of(&sqlx::Error::PoolTimedOut), Failure::Pool);
        assert_eq!(Failure::of(&sqlx::Error::PoolClosed), Failure::Connection);
    }
}
