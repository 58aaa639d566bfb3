//! What players were paid, from the ledger: each place, award, refund and return of
//! rent once, and none of them never.

use std::collections::{BTreeMap, BTreeSet};

use lottery_client::lottery::{events::Payment, state::GameParams};
use serde::Serialize;
use solana_pubkey::Pubkey;

use super::{
    events::{self, Event},
    ledger::Landed,
};

/// Most faults named one by one.
const NAMED: usize = 20;

/// What was paid: its kind, and which place or tier; or which entry.
type Due = (u8, u8, Option<Pubkey>);

/// What the ledger tells of a game.
#[derive(Clone, Debug, Default)]
struct Account {
    entries: u32,
    settled: u32,
    cancelled: u32,
    closed: u32,
    /// Tiers won.
    awards: BTreeSet<u8>,
    paid: BTreeMap<Due, u32>,
}

/// Payments of all games.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Payments {
    pub games: usize,
    pub settled: usize,
    pub cancelled: usize,
    pub closed: usize,
    pub entries: u32,
    pub prizes: u32,
    pub awards: u32,
    pub refunds: u32,
    /// Entries closed.
    pub rents: u32,
    /// Payments beyond the first of each.
    pub twice: u32,
    /// Payments that were due and not made, or made and not due.
    pub amiss: u32,
    /// The first of both.
    pub faults: Vec<String>,
}

impl Payments {
    /// Counts, for games that were created so.
    pub fn of(ledger: &[Landed], games: &BTreeMap<Pubkey, GameParams>) -> Self {
        let mut accounts: BTreeMap<Pubkey, Account> = games
            .keys()
            .map(|game| (*game, Account::default()))
            .collect();
        for landed in ledger {
            for (game, _) in events::joins(landed) {
                accounts.entry(game).or_default().entries += 1;
            }
            for event in events::events(landed) {
                take(&mut accounts, event);
            }
        }
        let mut payments = Self::default();
        for (game, account) in &accounts {
            payments.add(
                game,
                account,
                games.get(game).map_or(0, |params| params.winners),
            );
        }
        payments
    }

    fn add(&mut self, game: &Pubkey, account: &Account, winners: u8) {
        self.games += 1;
        self.settled += usize::from(account.settled > 0);
        self.cancelled += usize::from(account.cancelled > 0);
        self.closed += usize::from(account.closed > 0);
        self.entries += account.entries;
        if account.settled + account.cancelled > 1 || account.closed > 1 {
            self.twice += 1;
            self.fault(format!("game {game} ended more than once"));
        }
        for ((kind, index, entry), times) in &account.paid {
            let counter = match *kind {
                Payment::PRIZE => &mut self.prizes,
                Payment::AWARD => &mut self.awards,
                Payment::REFUND => &mut self.refunds,
                _ => &mut self.rents,
            };
            *counter += times;
            if *times > 1 {
                self.twice += times - 1;
                self.fault(format!(
                    "game {game}: {} {index} {entry:?} paid {times} times",
                    name(*kind)
                ));
            }
        }
        self.compare(game, account, winners);
    }

    /// What was due against what was paid, of a game that is closed.
    fn compare(&mut self, game: &Pubkey, account: &Account, winners: u8) {
        if account.closed == 0 {
            return;
        }
        let indices = |kind: u8| -> BTreeSet<u8> {
            let paid = account.paid.keys().filter(|(it, ..)| *it == kind);
            paid.map(|(_, index, _)| *index).collect()
        };
        let count = |kind: u8| {
            let paid = account.paid.keys().filter(|(it, ..)| *it == kind).count();
            u32::try_from(paid).unwrap_or(u32::MAX)
        };
        let is_settled = account.settled > 0;
        let places = if is_settled { winners } else { 0 };
        let refunds = if is_settled { 0 } else { account.entries };
        let amiss = [
            ("prizes", indices(Payment::PRIZE) != (0..places).collect()),
            ("awards", indices(Payment::AWARD) != account.awards),
            ("refunds", count(Payment::REFUND) != refunds),
            ("closes of entries", count(Payment::RENT) != account.entries),
        ];
        for (what, _) in amiss.into_iter().filter(|(_, amiss)| *amiss) {
            self.amiss += 1;
            self.fault(format!(
                "game {game}: {what} are not those due: {account:?}"
            ));
        }
    }

    fn fault(&mut self, fault: String) {
        if self.faults.len() < NAMED {
            self.faults.push(fault);
        }
    }
}

fn take(accounts: &mut BTreeMap<Pubkey, Account>, event: Event) {
    match event {
        Event::PlayersPaid(paid) => {
            let account = accounts.entry(paid.game).or_default();
            for payment in &paid.payments {
                *account.paid.entry(due(payment)).or_default() += 1;
            }
        }
        Event::GameSettled(settled) => {
            let account = accounts.entry(settled.game).or_default();
            account.settled += 1;
            let won = (0u8..).zip(settled.awards).filter(|(_, award)| *award > 0);
            account.awards = won.map(|(tier, _)| tier).collect();
        }
        Event::GameCancelled(cancelled) => {
            accounts.entry(cancelled.game).or_default().cancelled += 1;
        }
        Event::GameClosed(closed) => accounts.entry(closed.game).or_default().closed += 1,
        Event::DrawSettled(_) => {}
    }
}

/// What a payment is for.
fn due(payment: &Payment) -> Due {
    match payment.kind {
        Payment::PRIZE | Payment::AWARD => (payment.kind, payment.index, None),
        _ => (payment.kind, 0, Some(payment.entry)),
    }
}

fn name(kind: u8) -> &'static str {
    match kind {
        Payment::PRIZE => "prize of place",
        Payment::AWARD => "award of tier",
        Payment::REFUND => "refund",
        _ => "rent",
    }
}

/// Everything that each transaction paid: game, and what for. By their position in the
/// ledger.
pub fn paid_by(landed: &Landed) -> Vec<(Pubkey, Due)> {
    let mut paid = Vec::new();
    for event in events::events(landed) {
        if let Event::PlayersPaid(event) = event {
            paid.extend(
                event
                    .payments
                    .iter()
                    .map(|payment| (event.game, due(payment))),
            );
        }
    }
    paid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(paid: &[(Due, u32)]) -> Payments {
        let account = Account {
            entries: 1,
            settled: 1,
            closed: 1,
            paid: paid.iter().copied().collect(),
            ..Account::default()
        };
        let mut payments = Payments::default();
        payments.add(&Pubkey::new_unique(), &account, 2);
        payments
    }

    #[test]
    fn what_is_paid_twice_or_never_is_found() {
        let entry = Some(Pubkey::new_unique());
        let prize = |place| (Payment::PRIZE, place, None);
        let rent = (Payment::RENT, 0, entry);
        let right = settled(&[(prize(0), 1), (prize(1), 1), (rent, 1)]);
        assert_eq!((right.twice, right.amiss), (0, 0), "{right:?}");
        let twice = settled(&[(prize(0), 2), (prize(1), 1), (rent, 1)]);
        assert_eq!((twice.twice, twice.amiss), (1, 0));
        let never = settled(&[(prize(0), 1), (rent, 1)]);
        assert_eq!((never.twice, never.amiss), (0, 1));
        let refund = settled(&[
            (prize(0), 1),
            (prize(1), 1),
            (rent, 1),
            ((Payment::REFUND, 0, entry), 1),
        ]);
        assert_eq!((refund.twice, refund.amiss), (0, 1));
    }
}
