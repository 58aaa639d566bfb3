//! Transactions of many events, for the rows that games alone would not make.

use lottery::events::{
    DrawAborted, EVENT_VERSION, JackpotFunded, Payment, PlayersPaid, TreasuryWithdrawn,
};
use lottery_client::instruction::{self as ix, EntryKeys};
use lottery_indexer::source::TransactionUpdate;
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_transaction_error::TransactionError;

use super::{
    super::game::{BOUNTY, End, Played, end, key},
    Scribe, event,
};

/// An entry by its addresses.
#[derive(Clone, Copy)]
pub struct Sold {
    pub game: Pubkey,
    pub entry: Pubkey,
    pub player: Pubkey,
}

impl Sold {
    /// The entries of games that were settled.
    pub fn all(games: &[Played], total: u64) -> Vec<Self> {
        let settled = games
            .iter()
            .filter(|played| end(played.game.id, total) == End::Settled);
        settled
            .flat_map(|played| {
                played.entries.iter().map(|(entry, sold)| Self {
                    game: played.address,
                    entry: *entry,
                    player: sold.player,
                })
            })
            .collect()
    }
}

impl Scribe {
    /// Draws that no oracle answered: requested for twenty games, and aborted. Returns the
    /// transactions with the number of rows that their events are.
    pub fn unanswered(&mut self, number: u64, time: i64) -> (Vec<TransactionUpdate>, u64) {
        let games: Vec<Pubkey> = (0..20).map(|part| key("gone", number, part)).collect();
        let draw = 1_000_000_000 + number;
        let (_, keys) = self.keys(draw);
        let request = self.requested(draw, &games);
        let abort = ix::abort_draw(self.cranker, keys, &games);
        let aborted = event(&DrawAborted {
            version: EVENT_VERSION,
            house: self.house,
            draw: keys.draw,
            oracle: key("oracle", draw % 8, 0),
            released: games,
            cranker: self.cranker,
            bounty: 10_000,
        });
        let transactions = vec![
            self.transaction(time, vec![request]),
            self.transaction(time + 3_600, vec![(abort, vec![aborted])]),
        ];
        (transactions, 40)
    }

    /// A transaction of twelve gifts to jackpots, and the number of rows of their events.
    pub fn gifts(&mut self, number: u64, time: i64) -> (TransactionUpdate, u64) {
        let told = (0..12u8)
            .map(|gift| {
                let tier = gift % 3;
                let fund = ix::fund_jackpot(self.cranker, self.house, tier, 1_000, None);
                let funded = event(&JackpotFunded {
                    version: EVENT_VERSION,
                    house: self.house,
                    tier,
                    from: key("wallet", number % 1_000, 0),
                    amount: 1_000,
                    pot: number,
                    total_contributions: number,
                });
                (fund, vec![funded])
            })
            .collect();
        (self.transaction(time, told), 12)
    }

    /// A transaction that closes entries of settled games, and the number of rows of its
    /// events.
    pub fn closings(&mut self, entries: &[Sold], time: i64) -> (TransactionUpdate, u64) {
        let told = entries
            .iter()
            .map(|sold| {
                let keys = EntryKeys {
                    house: self.house,
                    game: sold.game,
                    entry: sold.entry,
                    player: sold.player,
                    token: None,
                };
                let paid = event(&PlayersPaid {
                    version: EVENT_VERSION,
                    game: sold.game,
                    payments: vec![Payment {
                        kind: Payment::RENT,
                        index: 0,
                        ticket: 0,
                        entry: sold.entry,
                        player: sold.player,
                        amount: 2_000_000,
                    }],
                    paid_out: 0,
                    refunded: 0,
                    cranker: self.cranker,
                    bounty: BOUNTY.into(),
                });
                (ix::close_entry(self.cranker, keys), vec![paid])
            })
            .collect();
        // Players fetch their rent themselves.
        let signer = entries.first().map_or(self.cranker, |sold| sold.player);
        (self.signed(signer, time, told), entries.len() as u64)
    }

    /// A withdrawal by the house, which is a row of events.
    pub fn withdrawal(&mut self, number: u64, time: i64) -> TransactionUpdate {
        let wallet = key("owner", 0, 0);
        let withdraw = ix::withdraw_treasury(wallet, self.house, wallet, 1_000, None);
        let withdrawn = event(&TreasuryWithdrawn {
            version: EVENT_VERSION,
            house: self.house,
            wallet,
            amount: 1_000,
            accrued: 0,
            total_withdrawn: number * 1_000,
        });
        self.signed(wallet, time, vec![(withdraw, vec![withdrawn])])
    }

    /// A gift that failed, for want of money.
    pub fn failure(&mut self, number: u64, time: i64) -> TransactionUpdate {
        let giver = key("wallet", number % 1_000, 0);
        let fund = ix::fund_jackpot(giver, self.house, 0, 1_000, None);
        let mut transaction = self.signed(giver, time, vec![(fund, vec![])]);
        let reason = InstructionError::Custom(1);
        transaction.error = Some(TransactionError::InstructionError(0, reason));
        transaction
    }
}
