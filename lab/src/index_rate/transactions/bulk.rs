//! Transactions of many events, for the rows that games alone would not make.

use lottery::events::{DrawAborted, EVENT_VERSION, JackpotFunded, Payment, PlayersPaid};
use lottery_client::instruction::{self as ix, EntryKeys};
use lottery_indexer::source::TransactionUpdate;
use solana_pubkey::Pubkey;

use super::{
    super::game::{BOUNTY, key},
    Scribe, event,
};

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

    /// A transaction that closes twelve entries of games that are gone, and the number of
    /// rows of its events.
    pub fn closings(&mut self, number: u64, time: i64) -> (TransactionUpdate, u64) {
        let game = key("gone", number, 99);
        let told = (0..12)
            .map(|part| {
                let (entry, player) = (key("old", number, part), key("wallet", part, 0));
                let keys = EntryKeys {
                    house: self.house,
                    game,
                    entry,
                    player,
                    token: None,
                };
                let paid = event(&PlayersPaid {
                    version: EVENT_VERSION,
                    game,
                    payments: vec![Payment {
                        kind: Payment::RENT,
                        index: 0,
                        ticket: 0,
                        entry,
                        player,
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
        (self.transaction(time, told), 12)
    }
}
