//! Rows of events and payments.

use lottery::events::Payment;

use super::event::Event;
use crate::store::{U64, events::EventRow, payments::PaymentRow, transactions::TransactionRow};

/// The row of an event of a transaction's instruction, at a position within it.
pub(super) fn event(
    transaction: &TransactionRow,
    (instruction, position): (i16, i32),
    event: &Event,
) -> EventRow {
    let about = event.about();
    EventRow {
        signature: transaction.signature.clone(),
        instruction,
        position,
        slot: transaction.slot,
        kind: event.name(),
        version: event.version(),
        house: about.house,
        draw: about.draw,
        games: about.games,
        players: about.players,
        cranker: about.cranker,
        amount: about.amount.map(U64),
        bounty: about.bounty.map(U64),
        body: event.json(),
    }
}

/// Name of a kind of payment; the decoder refuses others.
fn kind(payment: &Payment) -> Option<&'static str> {
    Some(match payment.kind {
        Payment::PRIZE => "prize",
        Payment::AWARD => "award",
        Payment::REFUND => "refund",
        Payment::RENT => "rent",
        _ => return None,
    })
}

/// The rows of an event's payments.
pub(super) fn payments(row: &EventRow, event: &Event) -> Vec<PaymentRow> {
    let Event::PlayersPaid(paid) = event else {
        return Vec::new();
    };
    (0..)
        .zip(&paid.payments)
        .filter_map(|(number, payment)| {
            let of = |kind: u8| payment.kind == kind;
            Some(PaymentRow {
                signature: row.signature.clone(),
                instruction: row.instruction,
                position: row.position,
                number,
                slot: row.slot,
                kind: kind(payment)?,
                game: paid.game.to_string(),
                entry: payment.entry.to_string(),
                player: payment.player.to_string(),
                place: of(Payment::PRIZE).then_some(payment.index),
                tier: of(Payment::AWARD).then_some(payment.index),
                ticket: (of(Payment::PRIZE) || of(Payment::AWARD)).then_some(payment.ticket),
                amount: U64(payment.amount),
            })
        })
        .collect()
}
