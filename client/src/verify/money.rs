//! Shares, jackpots and payments.

use lottery::{
    draw::{jackpot_hit, jackpot_ticket},
    events::Payment,
    math::{place_prize, split},
    state::{Game, GameStatus, TIER_NAMES},
};

use super::{Award, Report, Winner};

pub(super) fn verify_shares(game: &Game, report: &mut Report) {
    let shares = split(game.gross(), &game.jackpot_bps, game.treasury_bps);
    report.step(
        "takings divide as the rules say",
        shares.prize_pool == game.prize_pool
            && shares.treasury == game.treasury_share
            && shares.jackpots == game.jackpot_contributions,
        format!(
            "{} = prizes {} + jackpots {:?} + treasury {}",
            game.gross(),
            game.prize_pool,
            game.jackpot_contributions,
            game.treasury_share
        ),
    );
}

pub(super) fn verify_jackpots(game: &Game, report: &mut Report) {
    let Some(seed) = game.seeds().last() else {
        return;
    };
    for (tier, name) in (0u8..).zip(TIER_NAMES) {
        let index = usize::from(tier);
        let contribution = game.jackpot_contributions[index];
        let hit = jackpot_hit(seed, tier, game.jackpot_mean[index], contribution);
        let ticket = jackpot_ticket(seed, tier, game.tickets);
        let award = game.jackpot_awards[index];
        // A pot of less than one unit after its reserve pays nothing.
        let passed = if hit {
            award == 0 || ticket == game.jackpot_tickets[index]
        } else {
            award == 0
        };
        let detail = if hit {
            format!("hit: ticket {ticket} wins {award}")
        } else {
            format!(
                "missed: chance was {contribution} in {}",
                game.jackpot_mean[index]
            )
        };
        report.step(
            format!("{name} jackpot rolled as the seed says"),
            passed,
            detail,
        );
    }
}
/// What was paid, and what expired, is what was owed.
pub(super) fn verify_paid(game: &Game, report: &mut Report) {
    let places = (0..usize::from(game.winners)).filter(|place| game.places_paid >> place & 1 == 1);
    let prizes = places.map(|place| place_prize(game.prize_pool, &game.place_bps, place));
    let awards = (0..game.jackpot_awards.len()).filter(|tier| game.awards_paid >> tier & 1 == 1);
    let awards = awards.filter_map(|tier| game.jackpot_awards.get(tier).copied());
    let sum = |amounts: &mut dyn Iterator<Item = u64>| amounts.fold(0, u64::saturating_add);
    let paid = sum(&mut prizes.chain(awards));
    let owed = sum(&mut game.jackpot_awards.into_iter().chain([game.prize_pool]));
    let left = owed.saturating_sub(paid);
    report.step(
        "what was paid out is the prizes and awards of those paid; the rest waits or expired",
        paid == game.paid_out && (game.expired == 0 || game.expired == left),
        format!(
            "{} of {owed} paid, {} expired to the mega jackpot",
            game.paid_out, game.expired
        ),
    );
}

/// A game that is closed had an end, and owed nothing.
pub(super) fn verify_end(game: &Game, report: &mut Report) {
    let (over, owed, gone) = if game.is(GameStatus::Settled) {
        let owed = game.jackpot_awards.into_iter().chain([game.prize_pool]);
        let owed = owed.fold(0, u64::saturating_add);
        (true, owed, game.paid_out.saturating_add(game.expired))
    } else {
        let over = game.is(GameStatus::Cancelled);
        (over, game.gross(), game.refunded)
    };
    report.step(
        "it was settled or cancelled, and owed nothing when it was closed",
        over && owed == gone,
        format!("{gone} of {owed} paid, refunded or expired"),
    );
}

/// Each prize and award was paid once, to whom it belongs.
pub(super) fn verify_payments(
    payments: &[Payment],
    winners: &[Winner],
    awards: &[Award],
    report: &mut Report,
) {
    let due = |payment: &Payment| match payment.kind {
        Payment::PRIZE => winners.iter().any(|winner| {
            winner.place == u32::from(payment.index)
                && winner.ticket == payment.ticket
                && winner.entry == payment.entry
                && winner.player == payment.player
                && winner.prize == payment.amount
        }),
        Payment::AWARD => awards.iter().any(|award| {
            award.tier == payment.index
                && award.ticket == payment.ticket
                && award.entry == payment.entry
                && award.player == payment.player
                && award.amount == payment.amount
        }),
        _ => true,
    };
    let made: Vec<(u8, u8)> = payments
        .iter()
        .filter(|payment| matches!(payment.kind, Payment::PRIZE | Payment::AWARD))
        .map(|payment| (payment.kind, payment.index))
        .collect();
    let once = (1..)
        .zip(&made)
        .all(|(next, one)| !made[next..].contains(one));
    report.step(
        "each payment went to the winner, in full and once",
        once && payments.iter().all(due),
        format!("{} prizes and awards paid", made.len()),
    );
}

#[cfg(test)]
mod tests {
    use solana_pubkey::Pubkey;

    use super::*;

    #[test]
    fn payments_to_others_of_less_or_twice_are_found() {
        let (entry, player) = (Pubkey::new_unique(), Pubkey::new_unique());
        let winner = Winner {
            place: 0,
            ticket: 4,
            entry,
            player,
            prize: 100,
            paid: true,
        };
        let right = Payment {
            kind: Payment::PRIZE,
            index: 0,
            ticket: 4,
            entry,
            player,
            amount: 100,
        };
        let passes = |payments: &[Payment]| {
            let mut report = Report::default();
            verify_payments(payments, &[winner], &[], &mut report);
            report.passed()
        };
        assert!(passes(&[]));
        assert!(passes(&[right]));
        assert!(!passes(&[right, right]));
        let thief = Pubkey::new_unique();
        for wrong in [
            Payment {
                amount: 99,
                ..right
            },
            Payment {
                player: thief,
                ..right
            },
            Payment { ticket: 5, ..right },
            Payment { index: 1, ..right },
            Payment {
                kind: Payment::AWARD,
                ..right
            },
        ] {
            assert!(!passes(&[wrong]), "{wrong:?}");
        }
    }
}
