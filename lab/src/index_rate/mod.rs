//! How fast the indexer takes in a chain of a given size, and how fast the database
//! answers afterwards: everything goes through the indexer's own decoders and writer,
//! and beside it the same rows through COPY alone, in the same run.

mod catch_up;
mod copies;
mod document;
mod game;
mod memory;
pub mod plans;
mod queries;
mod report;
mod transactions;
mod work;

pub use catch_up::{Beside, fill, run};
pub use document::write as document;
pub use report::{Rate, Report};

use lottery::state::{Jackpot, LAYOUT_VERSION};
use lottery_client::address;
use lottery_indexer::source::{AccountUpdate, TransactionUpdate};
use solana_pubkey::Pubkey;

use game::{EPOCH, End, Played, RENT, SPAN, end, key, play, update};
use transactions::{Scribe, Sold};

/// How large a chain is made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Scale {
    pub games: u64,
    pub entries: u64,
    /// Rows of events.
    pub events: u64,
}

/// Games that share their draws.
const BATCH: u64 = 20;

/// Entries that one transaction closes.
const TOLD: usize = 12;

/// The slot that all accounts are read at.
pub const SNAPSHOT_SLOT: i64 = 400_000_000;

impl Scale {
    /// Different wallets that play.
    fn players(&self) -> u64 {
        (self.entries / 20).max(1)
    }

    /// Entries of a game: half to one and a half times the mean.
    fn entries_of(&self, number: u64) -> u64 {
        let mean = (self.entries / self.games.max(1)).max(2);
        mean / 2 + game::below("entries", number, 0, mean + 1)
    }

    fn batches(&self) -> u64 {
        self.games.div_ceil(BATCH)
    }

    /// The games of a batch, played.
    fn play(&self, batch: u64) -> Vec<Played> {
        let first = batch * BATCH;
        let last = (first + BATCH).min(self.games);
        (first..last)
            .map(|number| {
                let entries = self.entries_of(number);
                play(
                    (number, self.games),
                    house(),
                    entries,
                    self.players(),
                    batch,
                )
            })
            .collect()
    }
}

/// The house of all games.
fn house() -> Pubkey {
    key("house", 0, 0)
}

/// The jackpots of the house.
fn jackpots() -> Vec<AccountUpdate> {
    let jackpot = |tier: u8| {
        let mut jackpot: Jackpot = bytemuck::Zeroable::zeroed();
        (jackpot.house, jackpot.tier) = (house(), tier);
        (jackpot.rent_reserve, jackpot.version) = (RENT, LAYOUT_VERSION);
        jackpot
    };
    let account = |tier: u8| {
        let address = address::jackpot(&house(), tier);
        update(address, SNAPSHOT_SLOT, RENT, &jackpot(tier))
    };
    (0..3).map(account).collect()
}

/// The accounts of a batch of games.
fn accounts(games: &[Played]) -> Vec<AccountUpdate> {
    let mut accounts = Vec::new();
    for played in games {
        accounts.push(update(played.address, SNAPSHOT_SLOT, RENT, &played.game));
        let entries = played.entries.iter();
        accounts
            .extend(entries.map(|(address, entry)| update(*address, SNAPSHOT_SLOT, RENT, entry)));
    }
    accounts
}

/// The transactions of a whole chain, batch by batch; what the games leave short of the
/// wanted number of events is made up of draws that nobody answered, gifts to jackpots
/// and entries that were closed.
struct History {
    scale: Scale,
    scribe: Scribe,
    batch: u64,
    /// Rows of events so far.
    rows: u64,
    filler: u64,
}

impl History {
    fn new(scale: Scale) -> Self {
        Self {
            scale,
            scribe: Scribe::new(house(), 0),
            batch: 0,
            rows: 0,
            filler: 0,
        }
    }
}

impl Iterator for History {
    type Item = Vec<TransactionUpdate>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.batch >= self.scale.batches() {
            return None;
        }
        let games = self.scale.play(self.batch);
        let mut transactions = self.scribe.history(self.batch, &games, self.scale.games);
        self.rows += rows_of(&games, self.scale.games);
        self.batch += 1;
        // As much filling as belongs to this share of the games.
        let share = u128::from(self.scale.events) * u128::from(self.batch)
            / u128::from(self.scale.batches());
        let due = u64::try_from(share).unwrap_or(u64::MAX);
        let span = SPAN * i64::try_from(self.batch).unwrap_or_default();
        let time = EPOCH + span / i64::try_from(self.scale.batches()).unwrap_or(1);
        let sold = Sold::all(&games, self.scale.games);
        let mut closable = sold.chunks(TOLD);
        while self.rows < due {
            self.filler += 1;
            if self.filler.is_multiple_of(20) {
                transactions.push(self.scribe.withdrawal(self.filler, time));
                transactions.push(self.scribe.failure(self.filler, time));
                self.rows += 1;
            }
            let (draws, rows) = self.scribe.unanswered(self.filler, time);
            transactions.extend(draws);
            self.rows += rows;
            for part in 0..3 {
                let number = self.filler * 3 + part;
                let (gifts, given) = self.scribe.gifts(number, time);
                transactions.push(gifts);
                self.rows += given;
                if let Some(entries) = closable.next() {
                    let (closings, closed) = self.scribe.closings(entries, time);
                    transactions.push(closings);
                    self.rows += closed;
                }
            }
        }
        Some(transactions)
    }
}

/// Rows of events that the games leave by themselves.
fn rows_of(games: &[Played], total: u64) -> u64 {
    let mut rows = 0;
    let mut settled = 0;
    for played in games {
        rows += 1;
        match end(played.game.id, total) {
            End::Open => {}
            End::Cancelled => rows += 1 + u64::from(played.game.entries),
            End::Settled => {
                settled += 1;
                // Requests and settlements of each round, the division, the prizes.
                rows += 2 * u64::from(game::ROUNDS) + 1 + u64::from(game::WINNERS);
            }
        }
    }
    if settled > 0 {
        // The reveals.
        rows += u64::from(game::ROUNDS);
    }
    rows
}
