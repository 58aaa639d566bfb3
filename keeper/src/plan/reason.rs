use std::fmt;

use serde::Serialize;

/// Why nothing is done for a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It still sells tickets.
    SalesOpen,
    /// Its next round is not due.
    RoundNotDue,
    /// Its house has no idle lane.
    NoIdleLane,
    /// Its house's queue of oracles could not be read.
    OraclesUnknown,
    /// No oracle of its house's queue is attested, alive and reachable.
    NoLiveOracle,
    /// Every live oracle was asked for this round already, and did not answer.
    NoUntriedOracle,
    /// Its draw was requested in this very slot.
    SeedSlotNotOver,
    /// Its draw waits for the oracle's value.
    DrawPending,
    /// A game bound to the same draw before it is not known.
    EarlierGameUnknown,
    /// Its house or draw has not been seen yet, or what was seen does not fit together.
    NotInSync,
    /// The mint that its house plays for could not be read.
    TokenUnknown,
    /// Some of its entries have not been read yet.
    EntriesUnknown,
    /// The operator does not want to push payments.
    NotPushed,
    /// It is paid, and left on chain for a while so that anybody can look.
    KeptForNow,
    /// It is paid, and the operator does not want to close anything.
    NotClosed,
    /// Being acted on, or to be tried again later after a failure.
    InHand,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SalesOpen => "it still sells tickets",
            Self::RoundNotDue => "its next round is not due",
            Self::NoIdleLane => "its house has no idle lane",
            Self::OraclesUnknown => "the oracles of its house's queue could not be read",
            Self::NoLiveOracle => "no oracle of its house's queue is live",
            Self::NoUntriedOracle => "every live oracle was asked already and did not answer",
            Self::SeedSlotNotOver => "its draw was requested in this very slot",
            Self::DrawPending => "its draw waits for the oracle's value",
            Self::EarlierGameUnknown => "a game before it in its draw is not known",
            Self::NotInSync => "its house or draw has not been seen yet",
            Self::TokenUnknown => "the mint of its house could not be read",
            Self::EntriesUnknown => "some of its entries have not been read yet",
            Self::NotPushed => "payments are not pushed",
            Self::KeptForNow => "it is over and paid, to be closed later",
            Self::NotClosed => "it is over and paid, and nothing is closed",
            Self::InHand => "it is being acted on",
        })
    }
}
