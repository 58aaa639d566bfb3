//! Events made again of their rows.

use std::collections::HashMap;

use lottery::events::{
    DrawAborted, DrawSettled, EVENT_VERSION, GameCancelled, GameClosed, GameSettled, Payment,
    PlayersPaid, PrizesExpired, RoundSettled,
};
use solana_pubkey::Pubkey;

use super::{
    RebuildError,
    field::{bytes, key, number, numbers},
};
use crate::{
    ledger::{event::Event, replay::Told},
    store::told::{Paid, Told as Row, WINNINGS},
};

/// What rows of events tell of a game, in their order.
///
/// # Errors
/// When a row lacks what its event has.
pub fn told(game: &Pubkey, rows: &[Row], paid: &[Paid]) -> Result<Vec<Told>, RebuildError> {
    let paid = by_event(paid);
    let events = rows.iter().map(|row| (row, event(game, row, &paid)));
    events
        .filter_map(|(row, event)| {
            let event = event.transpose()?;
            Some(event.map(|event| Told {
                event,
                slot: row.slot,
                time: row.block_time,
            }))
        })
        .collect()
}

/// The event that a row was made of, as far as it changes its game.
fn event(game: &Pubkey, row: &Row, paid: &ByEvent) -> Result<Option<Event>, RebuildError> {
    let (none, body) = (Pubkey::default(), &row.body);
    let amount = || row.amount.map(|amount| amount.0);
    Ok(Some(match row.kind.as_str() {
        "draw_aborted" => Event::DrawAborted(DrawAborted {
            version: EVENT_VERSION,
            house: none,
            draw: key(row.draw.as_deref(), "draw")?,
            oracle: none,
            released: vec![*game],
            cranker: none,
            bounty: 0,
        }),
        "draw_settled" => Event::DrawSettled(DrawSettled {
            version: EVENT_VERSION,
            house: none,
            draw: none,
            rounds: vec![RoundSettled {
                game: *game,
                round: number(body, "round")?,
                survivors: number(body, "survivors")?,
                seed: bytes(body, "seed")?,
            }],
            cranker: none,
            bounty: 0,
        }),
        "game_settled" => Event::GameSettled(GameSettled {
            version: EVENT_VERSION,
            house: none,
            game: *game,
            prize_pool: number(body, "prize_pool")?,
            treasury_share: number(body, "treasury_share")?,
            contributions: numbers(body, "contributions")?,
            awards: numbers(body, "awards")?,
            award_tickets: numbers(body, "award_tickets")?,
            pots: numbers(body, "pots")?,
            accrued: number(body, "accrued")?,
        }),
        "game_cancelled" => Event::GameCancelled(GameCancelled {
            version: EVENT_VERSION,
            house: none,
            game: *game,
            reason: number(body, "reason")?,
            owed: number(body, "owed")?,
            cranker: none,
            bounty: 0,
        }),
        "players_paid" => Event::PlayersPaid(PlayersPaid {
            version: EVENT_VERSION,
            game: *game,
            payments: payments(row, paid),
            paid_out: number(body, "paid_out")?,
            refunded: number(body, "refunded")?,
            cranker: none,
            bounty: 0,
        }),
        "prizes_expired" => Event::PrizesExpired(PrizesExpired {
            version: EVENT_VERSION,
            house: none,
            game: *game,
            amount: amount().ok_or(RebuildError::Field("amount"))?,
            pot: number(body, "pot")?,
            cranker: none,
            bounty: 0,
        }),
        "game_closed" => Event::GameClosed(GameClosed {
            version: EVENT_VERSION,
            house: none,
            game: *game,
            creator: none,
            entries_hash: bytes(body, "entries_hash")?,
            tickets: number(body, "tickets")?,
            entries: number(body, "entries")?,
            lamports: number(body, "lamports")?,
            tokens: number(body, "tokens")?,
            cranker: none,
            bounty: 0,
        }),
        _ => return Ok(None),
    }))
}

/// Payments by the transaction, the instruction and the position of their event.
type ByEvent = HashMap<(i64, i16, i32), Vec<Payment>>;

/// Payments as far as they change their game.
fn by_event(paid: &[Paid]) -> ByEvent {
    let mut events = ByEvent::new();
    for paid in paid {
        if !WINNINGS.contains(&paid.kind) {
            continue;
        }
        let place = (paid.transaction_id, paid.instruction, paid.position);
        events.entry(place).or_default().push(Payment {
            kind: paid.kind,
            index: paid.index,
            ticket: 0,
            entry: Pubkey::default(),
            player: Pubkey::default(),
            amount: 0,
        });
    }
    events
}

fn payments(row: &Row, paid: &ByEvent) -> Vec<Payment> {
    let place = (row.transaction_id, row.instruction, row.position);
    paid.get(&place).cloned().unwrap_or_default()
}
