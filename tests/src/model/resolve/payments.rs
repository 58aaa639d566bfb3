//! Joins, claims, refunds and closes of random stories, alone or in a batch.

use super::{nth, picky};
use crate::model::{
    action::{Named, Payment, What},
    cast::ACTORS,
    op::{Kind, Op},
    state::{Game, Model, Status},
};

/// A join, a claim, a refund or a close; or several.
pub fn what(op: &Op, model: &Model) -> Option<What> {
    if op.kind != Kind::Batch {
        return payment(op, model).map(What::Pay);
    }
    let mut payments = Vec::new();
    for part in 0..op.c % 6 {
        let kinds = [
            Kind::Refund,
            Kind::Claim,
            Kind::CloseEntry,
            Kind::Join,
            Kind::ClaimJackpot,
        ];
        let mixed = Op {
            kind: kinds[usize::from(op.c.rotate_right(3 + 2 * u32::from(part)) % 5)],
            a: op.a.wrapping_add(part as u8 / 2),
            b: op.b.wrapping_add(part as u8),
            c: op.c.rotate_left(u32::from(part)),
            ..*op
        };
        payments.extend(payment(&mixed, model));
    }
    if payments.is_empty() && picky(op) {
        return None;
    }
    // Paid and closed at once.
    if op.b.is_multiple_of(3) {
        for payment in payments.clone() {
            if let Payment::Claim { named, .. } | Payment::Refund { named } = payment {
                payments.push(Payment::CloseEntry { named });
            }
        }
    }
    if op.b.is_multiple_of(16) {
        payments.extend(payments.first().copied());
    }
    Some(What::Batch {
        payments,
        all_or_nothing: op.a.is_multiple_of(4),
    })
}

fn payment(op: &Op, model: &Model) -> Option<Payment> {
    Some(match op.kind {
        Kind::Join => return join(op, model),
        Kind::Claim => {
            let game = op.pick(model, |game| {
                game.status == Status::Settled && !game.gone && !game.paid
            })?;
            let (ticket, entry) = winner(op, model, game)?;
            Payment::Claim {
                named: named(op, model, game, entry),
                ticket,
            }
        }
        Kind::ClaimJackpot => {
            let hit = |game: &Game| {
                game.status == Status::Settled
                    && !game.gone
                    && game.awards.iter().any(|award| *award > 0)
            };
            let game = op.pick(model, hit)?;
            let won = (0..3u8).filter(|tier| model.games[game].awards[usize::from(*tier)] > 0);
            let tier = nth(&won.collect::<Vec<_>>(), op.b).unwrap_or(op.b % 3);
            let ticket = model.games[game].award_tickets[usize::from(tier)];
            let entry = model.holder(game, ticket).unwrap_or(usize::from(op.c));
            Payment::ClaimJackpot {
                named: named(op, model, game, entry),
                tier,
            }
        }
        Kind::Refund => {
            let game = op.pick(model, |game| {
                game.status == Status::Cancelled && !game.gone && !game.paid
            })?;
            let entry = entry_of(op, model, game, |refunded| !refunded);
            Payment::Refund {
                named: named(op, model, game, entry),
            }
        }
        _ => {
            let game = op.pick(model, |game| {
                (game.paid || game.gone) && game.entries > game.entries_closed
            })?;
            let entry = entry_of(op, model, game, |_| true);
            Payment::CloseEntry {
                named: named(op, model, game, entry),
            }
        }
    })
}

fn join(op: &Op, model: &Model) -> Option<Payment> {
    let now = model.now;
    let game = op.pick(model, |game| {
        game.status == Status::Open
            && !game.gone
            && !game.sales_ended(now)
            && now >= game.params.opens_at
    })?;
    let state = &model.games[game];
    let left = state.params.max_tickets - state.tickets;
    let few = u32::from(op.c % 7) + 1;
    let tickets = match op.c / 8 % 8 {
        0 => left,
        1 => left / 2,
        2 => state.params.min_tickets,
        3 if !picky(op) => left.saturating_add(1),
        4 if !picky(op) => 0,
        _ => few.min(left),
    };
    let price = u128::from(state.params.entry_fee) * u128::from(tickets);
    Some(Payment::Join {
        game,
        tickets,
        nonce: op.c % 3,
        max_total: if picky(op) {
            u64::MAX
        } else {
            price.saturating_sub(1) as u64
        },
    })
}

/// A ticket of a game, often a winning one, and the entry that holds it.
fn winner(op: &Op, model: &Model, game: usize) -> Option<(u32, usize)> {
    let state = &model.games[game];
    let place = u32::from(op.c) % u32::from(state.params.winners);
    let ticket = if op.b.is_multiple_of(8) || state.status != Status::Settled {
        u32::from(op.c) % state.tickets.max(1)
    } else {
        state.winner(place)
    };
    let entry = model.holder(game, ticket).unwrap_or(usize::from(op.c));
    Some((ticket, entry))
}

fn entry_of(op: &Op, model: &Model, game: usize, fits: impl Fn(bool) -> bool) -> usize {
    let entries: Vec<_> = (0..model.entries.len())
        .filter(|index| {
            let entry = &model.entries[*index];
            entry.game == game && !entry.gone && fits(entry.refunded)
        })
        .collect();
    nth(&entries, op.c).unwrap_or(usize::from(op.c))
}

/// The entry with its own game and player, or not.
fn named(op: &Op, model: &Model, game: usize, entry: usize) -> Named {
    let stranger = model.cast.actor(usize::from(op.a) % ACTORS);
    let mut entry = entry;
    if op.b.is_multiple_of(13) && !model.entries.is_empty() {
        entry = usize::from(op.c) % model.entries.len();
    }
    let player = model
        .entries
        .get(entry)
        .filter(|_| !op.b.is_multiple_of(17))
        .map_or(stranger, |entry| entry.player);
    Named {
        game,
        entry,
        player,
    }
}
