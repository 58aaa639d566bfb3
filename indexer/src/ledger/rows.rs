//! Rows of events, and of the payments and contributions that they tell of.

use lottery::{
    events::{GameSettled, Payment},
    state::MEGA,
};

use super::{event::Event, json::Object};
use crate::store::{
    U64,
    column::{Json, Time},
    game_events::{EventKind, EventRow},
    jackpot_contributions::ContributionRow,
    payments::{self, PaymentRow},
};

/// Where in a transaction an event stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub instruction: i16,
    pub position: i32,
    pub at: Time,
    pub slot: i64,
}

/// Fields that have columns, or rows, of their own.
const OWN: [&str; 10] = [
    "version", "house", "game", "games", "released", "draw", "cranker", "bounty", "payments",
    "rounds",
];

/// What an event says of one of its games, beyond what has a column.
fn body(event: &Event, has_cranker: bool, item: usize) -> Json {
    Object::alone(|body| {
        // Where nobody was paid one, it is the bounty that was agreed on.
        let is_own = |field: &str| OWN.contains(&field) && (field != "bounty" || has_cranker);
        event.write(body, |field| !is_own(field));
        if let Event::DrawSettled(settled) = event
            && let Some(round) = settled.rounds.get(item)
        {
            body.field("round", &round.round);
            body.field("survivors", &round.survivors);
            body.field("seed", &round.seed);
        }
    })
}

/// The rows of an event: one a game, or a single one.
pub(super) fn events(place: Place, event: &Event) -> Vec<EventRow> {
    let about = event.about();
    let games: Vec<_> = match about.games.as_slice() {
        [] => vec![None],
        games => games.iter().copied().map(Some).collect(),
    };
    (0i16..)
        .zip(games)
        .enumerate()
        .map(|(number, (item, game))| EventRow {
            instruction: place.instruction,
            position: place.position,
            item,
            at: place.at,
            slot: place.slot,
            kind: EventKind(event.name()),
            version: event.version(),
            house: about.house,
            game,
            draw: about.draw,
            cranker: about.cranker.filter(|_| number == 0),
            amount: about.amount.filter(|_| number == 0).map(U64),
            bounty: about.bounty.filter(|_| number == 0).map(U64),
            body: body(event, about.cranker.is_some(), number),
        })
        .collect()
}

/// The rows of an event's payments to players.
pub(super) fn payments(place: Place, event: &Event) -> Vec<PaymentRow> {
    let Event::PlayersPaid(paid) = event else {
        return Vec::new();
    };
    (0..)
        .zip(&paid.payments)
        .filter_map(|(number, payment)| {
            let of = |kind: u8| payment.kind == kind;
            Some(PaymentRow {
                instruction: place.instruction,
                position: place.position,
                number,
                at: place.at,
                slot: place.slot,
                // The decoder refuses others.
                kind: payments::name(payment.kind)?,
                game: paid.game,
                entry: payment.entry,
                player: payment.player,
                place: of(Payment::PRIZE).then_some(payment.index),
                tier: of(Payment::AWARD).then_some(payment.index),
                ticket: (of(Payment::PRIZE) || of(Payment::AWARD)).then_some(payment.ticket),
                amount: U64(payment.amount),
            })
        })
        .collect()
}

/// The rows of what an event paid into jackpots.
pub(super) fn contributions(place: Place, event: &Event) -> Vec<ContributionRow> {
    let row = |house, tier, source, amount, pot| ContributionRow {
        instruction: place.instruction,
        position: place.position,
        tier,
        at: place.at,
        slot: place.slot,
        house,
        source,
        game: None,
        giver: None,
        amount: U64(amount),
        pot: U64(pot),
    };
    match event {
        Event::GameSettled(e) => shares(e)
            .map(|(tier, amount, pot)| ContributionRow {
                game: Some(e.game),
                ..row(e.house, tier, "game", amount, pot)
            })
            .collect(),
        Event::JackpotFunded(e) => vec![ContributionRow {
            giver: Some(e.from),
            ..row(e.house, e.tier, "gift", e.amount, e.pot)
        }],
        Event::PrizesExpired(e) => vec![ContributionRow {
            game: Some(e.game),
            ..row(e.house, MEGA, "expiry", e.amount, e.pot)
        }],
        _ => Vec::new(),
    }
}

/// Tier, amount and pot of the shares that a settled game paid.
fn shares(settled: &GameSettled) -> impl Iterator<Item = (u8, u64, u64)> {
    (0u8..)
        .zip(settled.contributions)
        .zip(settled.pots)
        .filter(|((_, amount), _)| *amount > 0)
        .map(|((tier, amount), pot)| (tier, amount, pot))
}
