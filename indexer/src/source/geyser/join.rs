//! Where a snapshot and a stream are joined, so that nothing falls between.
//!
//! A stream may begin in the middle of a slot. A snapshot of that slot, or of a later
//! one, knows the rest of it; so which slot that was has to be found out first. What
//! comes meanwhile waits here, up to a bound, and then with the server.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::convert::Message;
use crate::source::SlotStatus;

/// Most messages that wait here.
const MAX_MESSAGES: usize = 4_096;

/// Times the patience that a server may take to send again what happened.
const REPLAY: u32 = 4;

/// Most bytes that wait here.
const MAX_BYTES: usize = 8 << 20;

/// A stream that waits for a snapshot.
#[derive(Debug)]
pub struct Join {
    level: SlotStatus,
    /// The newest slot of which something was told.
    newest: Option<i64>,
    /// Whether the stream began with blocks that were sent again.
    resumed: bool,
    /// Blocks that were told.
    blocks: u32,
    /// Whether every later slot will be told from its beginning.
    whole: bool,
    /// A chain that stands still for so long begins no slot.
    patience: Duration,
    deadline: Instant,
    /// Servers that tell of no beginnings do not tell when all is sent again either.
    last_deadline: Instant,
    /// With their lengths.
    messages: VecDeque<(Message, usize)>,
    bytes: usize,
}

impl Join {
    /// Of a stream that begins. Where nothing is told for longer than the `patience`, what
    /// was told so far is what there is.
    pub fn begin(level: SlotStatus, resumed: bool, patience: Duration, now: Instant) -> Self {
        Self {
            level,
            newest: None,
            resumed,
            blocks: 0,
            whole: false,
            patience,
            deadline: now + patience,
            last_deadline: now + patience * REPLAY,
            messages: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Of a stream that is known up to a slot.
    pub fn again(level: SlotStatus, newest: i64, now: Instant) -> Self {
        Self {
            newest: Some(newest),
            whole: true,
            ..Self::begin(level, false, Duration::ZERO, now)
        }
    }

    /// Takes what came on the stream, and how long it was. Gives back what is to be
    /// delivered before the snapshot after all, because what is sent again is more than
    /// there is room for; it does no harm.
    pub fn hold(&mut self, message: Message, length: usize, now: Instant) -> Option<Message> {
        if !self.whole {
            self.learn(&message);
            self.deadline = self.last_deadline.min(now + self.patience);
        }
        self.bytes += length;
        self.messages.push_back((message, length));
        if self.is_full() && self.is_replay() {
            let (message, length) = self.messages.pop_front()?;
            self.bytes -= length;
            return Some(message);
        }
        None
    }

    fn learn(&mut self, message: &Message) {
        let slot = match message {
            Message::Account(update) => update.slot,
            Message::Transaction(executed) => executed.update.slot,
            Message::Block { slot, .. } => *slot,
            Message::Slot(update) if update.status == self.level => {
                self.blocks += 1;
                // At higher commitments contents are told all at once. Where they are
                // told as they come, and no beginnings are, the second block was begun
                // after the stream.
                self.whole =
                    self.level > SlotStatus::Processed || (self.blocks > 1 && !self.resumed);
                update.slot
            }
            Message::Begun {
                parent: Some(parent),
                ..
            } if self.level == SlotStatus::Processed => {
                // Its parent may have been in the making when the stream began.
                self.whole = true;
                *parent
            }
            _ => return,
        };
        self.newest = self.newest.max(Some(slot));
    }

    /// Whether more may come.
    pub fn has_room(&self) -> bool {
        !self.is_full() || self.is_replay()
    }

    fn is_full(&self) -> bool {
        self.messages.len() >= MAX_MESSAGES || self.bytes >= MAX_BYTES
    }

    /// Whether what comes is, for all that is known, being sent again.
    fn is_replay(&self) -> bool {
        self.resumed && !self.whole
    }

    /// The slot that a snapshot must know, as soon as it is certain.
    pub fn floor(&self, now: Instant) -> Option<i64> {
        let certain = self.whole || now >= self.deadline || !self.has_room();
        certain.then(|| self.newest.unwrap_or(0))
    }

    /// When [`floor`](Self::floor) is certain at the latest.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What waited, in order.
    pub fn into_messages(self) -> impl Iterator<Item = Message> {
        self.messages.into_iter().map(|(message, _)| message)
    }
}
