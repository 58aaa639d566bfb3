//! Why the database did not do what was asked.

use std::time::Duration;

use super::SCHEMA;
use crate::text;

/// Texts hold no secrets: of the URL nothing, of errors no URL beyond its host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    #[error("not a Postgres URL such as postgres://user@host:5432/database")]
    Url,
    #[error("the database did not answer within {0:?}")]
    Hung(Duration),
    #[error("the database cannot be used: {0}")]
    Unavailable(String),
    #[error("the database refused a statement: {message}")]
    Refused {
        /// SQLSTATE.
        code: String,
        message: String,
    },
    #[error("the database answered with what makes no sense: {0}")]
    Malformed(String),
    #[error("another keeper leads by now")]
    Fenced,
    #[error(
        "schema {SCHEMA} has version {found}, and this keeper knows none after {known}: \
         a newer keeper made it, run that one"
    )]
    Newer { found: i64, known: i64 },
    #[error(
        "schema {SCHEMA} has version {found}, and this keeper needs {needed}: \
         it has to be migrated first"
    )]
    Older { found: i64, needed: i64 },
    #[error(
        "version {0} of schema {SCHEMA} was made from another text than this keeper's: \
         a build that was never released?"
    )]
    Changed(i64),
}

impl DatabaseError {
    /// Whether it may pass by itself: the server was away, slow or in trouble.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Hung(_) | Self::Unavailable(_))
    }

    /// Whether what a row holds is to blame, so that others would be accepted.
    pub(super) fn blames_a_row(&self) -> bool {
        // Classes: 22 data, 23 constraints.
        matches!(self, Self::Refused { code, .. } if code.starts_with("22") || code.starts_with("23"))
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::*;
        let message = text::scrub(&error);
        if is_broken(&error) {
            return Self::Unavailable(message);
        }
        match error {
            Database(error) => Self::Refused {
                code: error.code().unwrap_or_default().into_owned(),
                message,
            },
            _ => Self::Malformed(message),
        }
    }
}

/// Whether the connection, or the server behind it, is of no more use; a new one
/// may be.
pub(super) fn is_broken(error: &sqlx::Error) -> bool {
    use sqlx::Error::*;
    match error {
        // Classes: 08 connection, 25 transaction state (a server that has become a
        // standby is read only), 28 authorization, 53 resources, 57 operator
        // intervention, 58 system, XX internal.
        Database(error) => error.code().is_none_or(|code| {
            ["08", "25", "28", "3D", "53", "57", "58", "XX"]
                .iter()
                .any(|class| code.starts_with(class))
        }),
        RowNotFound
        | TypeNotFound { .. }
        | ColumnIndexOutOfBounds { .. }
        | ColumnNotFound(_)
        | ColumnDecode { .. }
        | Encode(_)
        | Decode(_) => false,
        _ => true,
    }
}
