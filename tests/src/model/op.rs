//! Random stories: what proptest draws and shrinks.

use proptest::{collection::vec, prelude::*};

use super::stage::Currency;

/// What kind of thing happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whatever brings a game further: most stories should end.
    Advance,
    Jump,
    Slots,
    CreateGame,
    Join,
    Request,
    Reveal,
    Settle,
    Abort,
    SettleGame,
    Cancel,
    Claim,
    ClaimJackpot,
    Refund,
    Expire,
    CloseEntry,
    CloseGame,
    Batch,
    CreateHouse,
    UpdateHouse,
    SetPause,
    Propose,
    Accept,
    Withdraw,
    Fund,
    OpenLane,
    CloseLane,
    Donate,
    DonateTokens,
    Freeze,
    Thaw,
    CreateAssociated,
    Rent,
}

/// One step: its kind, who takes it, and numbers that choose the rest. What they mean
/// depends on the state they meet, so that any sequence of steps means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    pub kind: Kind,
    pub who: u8,
    pub a: u8,
    pub b: u8,
    pub c: u16,
}

/// The house a story begins with, and the end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    pub currency: Currency,
    /// Chooses the first rules.
    pub rules: u8,
    pub draw_timeout: u16,
    /// Oracles that answer the keeper at the end, as bits; the others are dead for ever.
    pub alive: u8,
    /// Oracles that the keeper knows, counted from the first.
    pub known: u8,
    /// At the end, the keeper pays prizes, or leaves them to expire.
    pub keeper_claims: bool,
    /// At the end, the keeper pays several players in one transaction.
    pub keeper_batches: bool,
    /// At the end, entries are closed before their games.
    pub entries_first: bool,
}

/// A story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    pub start: Start,
    pub ops: Vec<Op>,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        18 => Just(Kind::Advance),
        7 => Just(Kind::Jump),
        2 => Just(Kind::Slots),
        5 => Just(Kind::CreateGame),
        16 => Just(Kind::Join),
        7 => Just(Kind::Request),
        4 => Just(Kind::Reveal),
        5 => Just(Kind::Settle),
        4 => Just(Kind::Abort),
        3 => Just(Kind::SettleGame),
        3 => Just(Kind::Cancel),
        4 => Just(Kind::Claim),
        3 => Just(Kind::ClaimJackpot),
        3 => Just(Kind::Refund),
        2 => Just(Kind::Expire),
        3 => Just(Kind::CloseEntry),
        3 => Just(Kind::CloseGame),
        9 => Just(Kind::Batch),
        1 => Just(Kind::CreateHouse),
        2 => Just(Kind::UpdateHouse),
        1 => Just(Kind::SetPause),
        1 => Just(Kind::Propose),
        1 => Just(Kind::Accept),
        3 => Just(Kind::Withdraw),
        1 => Just(Kind::Fund),
        2 => Just(Kind::OpenLane),
        1 => Just(Kind::CloseLane),
        3 => Just(Kind::Donate),
        2 => Just(Kind::DonateTokens),
        3 => Just(Kind::Freeze),
        1 => Just(Kind::Thaw),
        1 => Just(Kind::CreateAssociated),
        1 => Just(Kind::Rent),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    (kind(), 0..8u8, any::<u8>(), any::<u8>(), any::<u16>()).prop_map(|(kind, who, a, b, c)| Op {
        kind,
        who,
        a,
        b,
        c,
    })
}

fn start() -> impl Strategy<Value = Start> {
    let currency = prop_oneof![
        2 => Just(Currency::Sol),
        1 => Just(Currency::SplToken),
        1 => Just(Currency::Token2022),
    ];
    // Most keepers find an oracle that answers.
    let alive = prop_oneof![3 => Just(0b11u8), 1 => Just(0b01), 2 => Just(0b10), 2 => Just(0)];
    (
        currency,
        any::<u8>(),
        prop_oneof![Just(100u16), Just(200), Just(10_800)],
        alive,
        2..=3u8,
        any::<(bool, bool, bool)>(),
    )
        .prop_map(
            |(currency, rules, draw_timeout, alive, known, (claims, batches, entries_first))| {
                Start {
                    currency,
                    rules,
                    draw_timeout,
                    alive,
                    known,
                    keeper_claims: claims,
                    keeper_batches: batches,
                    entries_first,
                }
            },
        )
}

/// Stories of this many steps.
pub fn stories(steps: usize) -> impl Strategy<Value = Story> {
    (start(), vec(op(), steps)).prop_map(|(start, ops)| Story { start, ops })
}
