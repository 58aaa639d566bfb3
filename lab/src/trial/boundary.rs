use std::fmt;

use serde::Serialize;

use crate::Moment;

/// A way out of a keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A node's JSON-RPC over HTTP.
    Rpc,
    /// A node's WebSocket.
    Socket,
    /// An oracle's gateway.
    Oracle,
    Postgres,
}

impl Channel {
    pub fn name(self) -> &'static str {
        match self {
            Self::Rpc => "rpc",
            Self::Socket => "socket",
            Self::Oracle => "oracle",
            Self::Postgres => "postgres",
        }
    }
}

/// An instant at which something passes between a keeper and the outside: a request that
/// arrived and goes no further yet, or an answer that is there and is not delivered yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Boundary {
    pub channel: Channel,
    /// A method; a kind of statement.
    pub method: String,
    /// What the keeper was about: the transaction that it simulated or sent last.
    pub step: String,
    #[serde(serialize_with = "as_text")]
    pub moment: Instant,
}

/// [`Moment`], in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Instant {
    Asked,
    Answered,
}

impl From<Moment> for Instant {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::BeforeForward => Self::Asked,
            Moment::BeforeAnswer => Self::Answered,
        }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "asked",
            Self::Answered => "answered",
        })
    }
}

fn as_text<S: serde::Serializer>(instant: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(instant)
}

impl fmt::Display for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            channel,
            method,
            step,
            moment,
        } = self;
        write!(f, "{} {method} {moment}, {step}", channel.name())
    }
}
