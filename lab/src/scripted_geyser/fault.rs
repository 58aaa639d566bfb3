//! What can happen to a call, and to a message of a stream.

use std::{fmt, sync::Arc};

use yellowstone_grpc_proto::{
    geyser::SubscribeUpdate,
    prost::{Message as _, bytes::Bytes},
    tonic::{Code, Status},
};

use crate::weather::Fault;

/// What can happen. The first group is for calls, the second for messages.
#[derive(Clone, Debug)]
pub enum GeyserFault {
    /// An error instead of an answer.
    Refuse(Code, &'static str),
    /// No answer, ever.
    Hang,

    /// It is never sent.
    Lose,
    /// It comes twice.
    Twice,
    /// It comes after so many of those that follow it.
    Late(usize),
    /// The stream ends instead of it: in order, or with an error.
    End(Option<(Code, &'static str)>),
    /// It is tampered with.
    Tamper(Tamper),
    /// The last bytes of its encoding are missing.
    Truncate,
    /// Bytes that encode nothing.
    Noise,
}

/// A way to tamper with a message.
#[derive(Clone)]
pub struct Tamper(Arc<dyn Fn(&mut SubscribeUpdate) + Send + Sync>);

impl fmt::Debug for Tamper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tamper")
    }
}

impl Fault for GeyserFault {
    fn name(&self) -> &'static str {
        match self {
            Self::Refuse(..) => "refuse",
            Self::Hang => "hang",
            Self::Lose => "lose",
            Self::Twice => "twice",
            Self::Late(_) => "late",
            Self::End(_) => "end",
            Self::Tamper(_) => "tamper",
            Self::Truncate => "truncate",
            Self::Noise => "noise",
        }
    }
}

impl GeyserFault {
    /// Tampers with a message.
    pub fn tamper_with(tamper: impl Fn(&mut SubscribeUpdate) + Send + Sync + 'static) -> Self {
        Self::Tamper(Tamper(Arc::new(tamper)))
    }
}

/// What is left of a message after its faults.
pub(super) struct Struck {
    /// Frames to send now.
    pub frames: Vec<Bytes>,
    /// How many later messages these wait for, where they do.
    pub late: Option<usize>,
    /// How the stream ends, if it does.
    pub end: Option<Option<Status>>,
}

/// What becomes of a message.
pub(super) fn strike(mut update: SubscribeUpdate, faults: &[GeyserFault]) -> Struck {
    let (mut copies, mut late, mut end) = (1, None, None);
    let mut edit: Option<fn(&mut Vec<u8>)> = None;
    for fault in faults {
        match fault {
            GeyserFault::Lose => copies = 0,
            GeyserFault::Twice => copies *= 2,
            GeyserFault::Late(count) => late = Some(*count),
            GeyserFault::End(status) => {
                end = Some(status.map(|(code, text)| Status::new(code, text)));
            }
            GeyserFault::Tamper(tamper) => (tamper.0)(&mut update),
            GeyserFault::Truncate => {
                edit = Some(|bytes| bytes.truncate(bytes.len().saturating_sub(3)))
            }
            // Field 0 does not exist.
            GeyserFault::Noise => edit = Some(|bytes| bytes.fill(0)),
            GeyserFault::Refuse(..) | GeyserFault::Hang => {}
        }
    }
    let mut bytes = update.encode_to_vec();
    if let Some(edit) = edit {
        edit(&mut bytes);
    }
    Struck {
        frames: vec![bytes.into(); copies],
        late,
        end,
    }
}
