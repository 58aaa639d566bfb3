//! What events say of a game, applied to its row.
//!
//! Nodes tell neither of closed accounts nor of what an account was just before: a
//! game that is paid and closed within a slot, or while nobody looked, would stay for
//! ever as it was last seen. Its events tell the rest. Each is applied so that a row
//! which already knows stays as it is, so it does not matter which comes first, the
//! account or the event.

use lottery::{
    draw::jackpot_hit,
    events::{
        DrawSettled, GameCancelled, GameClosed, GameSettled, Payment, PlayersPaid, RoundSettled,
    },
    state::{Game, GameStatus},
};
use solana_pubkey::Pubkey;

use super::event::{Event, takings};
use crate::store::{U64, games::GameBody};

/// An event and the time of its transaction (unix seconds).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub event: Event,
    pub slot: i64,
    pub time: Option<i64>,
}

/// Games whose rows the event may change.
pub fn games(event: &Event) -> Vec<Pubkey> {
    match event {
        Event::DrawSettled(e) => e.rounds.iter().map(|round| round.game).collect(),
        Event::DrawAborted(e) => e.released.clone(),
        Event::GameSettled(e) => vec![e.game],
        Event::GameCancelled(e) => vec![e.game],
        Event::PlayersPaid(e) => vec![e.game],
        Event::PrizesExpired(e) => vec![e.game],
        Event::GameClosed(e) => vec![e.game],
        Event::HouseChanged(_)
        | Event::TreasuryWithdrawn(_)
        | Event::JackpotFunded(_)
        | Event::GameCreated(_)
        | Event::DrawRequested(_)
        | Event::DrawRevealed(_) => Vec::new(),
    }
}

/// Applies an event to the game at `address`, if it is about it.
pub fn apply(game: &mut GameBody, address: &Pubkey, told: &Told) {
    let time = told.time.unwrap_or_default();
    match &told.event {
        Event::DrawSettled(e) => settle_rounds(game, address, e),
        Event::DrawAborted(e) if game.draw == Some(e.draw) && e.released.contains(address) => {
            game.draw = None;
            set_status(
                game,
                match game.rounds_settled {
                    0 => GameStatus::Open,
                    _ => GameStatus::Playing,
                },
            );
        }
        Event::GameSettled(e) if e.game == *address => settle(game, e, time),
        Event::GameCancelled(e) if e.game == *address => cancel(game, e, time),
        Event::PlayersPaid(e) if e.game == *address => pay(game, e),
        Event::PrizesExpired(e) if e.game == *address => {
            game.expired = game.expired.max(U64(e.amount));
        }
        Event::GameClosed(e) if e.game == *address => close(game, e),
        _ => return,
    }
    if hit_jackpot(game) {
        set_flag(game, Game::FLAG_JACKPOT_HIT);
    }
    if is_over(game) && owed(game) == 0 {
        set_flag(game, Game::FLAG_PAID);
    }
}

fn set_status(game: &mut GameBody, status: GameStatus) {
    game.status = status;
    game.status_and_flags = (game.status_and_flags & !Game::STATUS_MASK) | status as u8;
}

fn set_flag(game: &mut GameBody, flag: u8) {
    game.status_and_flags |= flag;
    game.jackpot_hit = game.status_and_flags & Game::FLAG_JACKPOT_HIT != 0;
    game.fully_paid = game.status_and_flags & Game::FLAG_PAID != 0;
}

/// Whether a game was settled or cancelled.
pub fn is_over(game: &GameBody) -> bool {
    matches!(game.status, GameStatus::Settled | GameStatus::Cancelled)
}

/// What an ended game owes to players (base units).
pub fn owed(game: &GameBody) -> u64 {
    if game.status == GameStatus::Settled {
        let won = game.jackpot_awards.iter();
        let won = won.fold(game.prize_pool.0, |sum, award| sum.saturating_add(award.0));
        won.saturating_sub(game.paid_out.0)
            .saturating_sub(game.expired.0)
    } else {
        gross(game).saturating_sub(game.refunded.0)
    }
}

fn gross(game: &GameBody) -> u64 {
    game.entry_fee.0.saturating_mul(u64::from(game.tickets))
}

fn settle_rounds(game: &mut GameBody, address: &Pubkey, event: &DrawSettled) {
    for round in event.rounds.iter().filter(|round| round.game == *address) {
        settle_round(game, round);
    }
}

fn settle_round(game: &mut GameBody, settled: &RoundSettled) {
    // A row that is further, or that misses an earlier round, stays.
    if settled.round != game.rounds_settled || settled.round >= game.rounds {
        return;
    }
    let (seeds, _) = game.round_seeds.as_chunks_mut::<32>();
    if let Some(seed) = seeds.get_mut(usize::from(settled.round)) {
        *seed = settled.seed;
    }
    game.rounds_settled = settled.round.saturating_add(1);
    game.draw = None;
    game.draw_attempts = 0;
    game.tried_oracles = Default::default();
    // The event of its settlement comes before that of its last round.
    if !is_over(game) {
        set_status(game, GameStatus::Playing);
    }
}

fn settle(game: &mut GameBody, event: &GameSettled, time: i64) {
    if is_over(game) {
        return end_at(game, time);
    }
    sold_for(game, takings(event));
    game.prize_pool = U64(event.prize_pool);
    game.treasury_share = U64(event.treasury_share);
    game.jackpot_contributions = event.contributions.map(U64);
    game.jackpot_awards = event.awards.map(U64);
    game.jackpot_tickets = event.award_tickets;
    game.settled_at = time;
    game.draw = None;
    set_status(game, GameStatus::Settled);
}

/// A jackpot that was hit may have held too little to award anything, so the roll
/// tells, not the award.
fn hit_jackpot(game: &GameBody) -> bool {
    let (GameStatus::Settled, Some(seed)) = (game.status, game.seeds().last().copied()) else {
        return false;
    };
    let tiers = (0u8..)
        .zip(game.jackpot_mean)
        .zip(game.jackpot_contributions);
    game.rounds_settled == game.rounds
        && tiers
            .into_iter()
            .any(|((tier, mean), paid)| jackpot_hit(&seed, tier, mean.0, paid.0))
}

/// The time of its end, where nobody knew it yet.
fn end_at(game: &mut GameBody, time: i64) {
    if game.settled_at == 0 {
        game.settled_at = time;
    }
}

fn cancel(game: &mut GameBody, event: &GameCancelled, time: i64) {
    if is_over(game) {
        return end_at(game, time);
    }
    sold_for(game, event.owed);
    game.settled_at = time;
    game.draw = None;
    set_status(game, GameStatus::Cancelled);
}

/// Corrects the number of tickets of a game whose last joins nobody saw.
fn sold_for(game: &mut GameBody, gross: u64) {
    let tickets = gross.checked_div(game.entry_fee.0).unwrap_or_default();
    if let Ok(tickets) = u32::try_from(tickets) {
        game.tickets = game.tickets.max(tickets);
    }
}

/// Brings what its entries add up to, for a game whose last joins nobody saw.
fn close(game: &mut GameBody, event: &GameClosed) {
    game.entries_hash = event.entries_hash;
    game.tickets = event.tickets;
    game.entries = event.entries;
    set_flag(game, Game::FLAG_PAID);
}

fn pay(game: &mut GameBody, event: &PlayersPaid) {
    for payment in &event.payments {
        match payment.kind {
            Payment::PRIZE => {
                let bit = 1u32.checked_shl(u32::from(payment.index));
                game.places_paid |= bit.unwrap_or_default();
            }
            Payment::AWARD => {
                let bit = 1u8.checked_shl(u32::from(payment.index));
                game.awards_paid |= bit.unwrap_or_default();
            }
            _ => {}
        }
    }
    // Totals, which only grow; zero when the game was closed already.
    game.paid_out = game.paid_out.max(U64(event.paid_out));
    game.refunded = game.refunded.max(U64(event.refunded));
}
