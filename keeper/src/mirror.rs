//! A copy of the chain in memory, fed by scans, by the stream of changes and by
//! what is read after every action. A cache and no more: each write carries the
//! slot it was seen at, older ones are dropped, and scans put right what the
//! stream missed.

use std::collections::{HashMap, HashSet};

use lottery_client::{
    account::{self, Account},
    instruction::Token,
    lottery,
};
use solana_pubkey::Pubkey;

use crate::{
    load::{ChainClock, Found, Read},
    state::{ChainState, Oracle, OracleRecord, OracleResult, OracleSeen, Orphan},
};

/// The copy.
#[derive(Debug, Default)]
pub struct Mirror {
    state: ChainState,
    /// Slot that each account was last seen at.
    seen: HashMap<Pubkey, u64>,
    /// Slot of the latest clock.
    clock_slot: u64,
    /// Accounts of the program that this build cannot read.
    undecodable: HashSet<Pubkey>,
    /// Draws whose oracle was asked in vain.
    unanswered: HashSet<Pubkey>,
    /// The one house to keep, or all.
    house: Option<Pubkey>,
}

impl Mirror {
    /// Keeps one house, or all; `keeps_paid` for who closes what is paid.
    pub fn new(house: Option<Pubkey>, keeps_paid: bool) -> Self {
        let mut mirror = Self {
            house,
            ..Self::default()
        };
        mirror.state.keeps_paid = keeps_paid;
        mirror
    }

    pub fn state(&self) -> &ChainState {
        &self.state
    }

    /// How many accounts of the program this build cannot read.
    pub fn undecodable(&self) -> usize {
        self.undecodable.len()
    }

    /// Forgets all that is from the chain, and when it was seen; not how oracles answered.
    pub fn start_over(&mut self) {
        let mut empty = Self::new(self.house, self.state.keeps_paid);
        empty.state.records = std::mem::take(&mut self.state.records);
        empty.unanswered = std::mem::take(&mut self.unanswered);
        *self = empty;
    }

    /// Moves the clock; never back. A time belongs to its slot: one that was wrong is put
    /// right by the next.
    pub fn set_clock(&mut self, clock: ChainClock) {
        if clock.slot >= self.clock_slot {
            self.clock_slot = clock.slot;
            self.state.now = clock.now;
        }
        self.state.slot = self.state.slot.max(clock.slot);
    }

    pub fn set_oracles(&mut self, queue: Pubkey, oracles: Vec<Oracle>) {
        self.state.oracles.insert(queue, oracles);
    }

    /// Takes over how an oracle has answered so far.
    pub fn set_record(&mut self, oracle: Pubkey, record: OracleRecord) {
        self.state.records.insert(oracle, record);
    }

    /// Notes how an oracle answered, at the present time of the chain's clock.
    pub fn note_oracle(&mut self, seen: &OracleSeen) {
        let record = self.state.records.entry(seen.oracle).or_default();
        match seen.result {
            OracleResult::Answered(latency) => {
                record.answered(latency);
                self.unanswered.remove(&seen.draw);
            }
            OracleResult::Failed | OracleResult::Aborted => {
                if self.unanswered.insert(seen.draw) {
                    record.failed(self.state.now);
                } else {
                    record.failed_again(self.state.now);
                }
            }
        }
    }

    /// Records what is known of the houses' tokens.
    pub fn set_tokens(&mut self, tokens: Vec<Token>) {
        let by_mint = tokens.into_iter().map(|token| (token.mint, token));
        self.state.tokens.extend(by_mint);
    }

    /// Records all entries whose games are closed.
    pub fn set_orphans(&mut self, orphans: Vec<(Pubkey, Orphan)>) {
        self.state.orphans = orphans.into_iter().collect();
    }

    /// Records an account as seen at `slot`; `None` for one that does not exist.
    /// Whether it was news.
    pub fn apply(
        &mut self,
        address: Pubkey,
        account: Option<&solana_account::Account>,
        slot: u64,
    ) -> bool {
        if self.seen.get(&address).is_some_and(|seen| *seen > slot) {
            return false;
        }
        self.seen.insert(address, slot);
        self.state.slot = self.state.slot.max(slot);
        // A closed account belongs to the System program until it is gone.
        let Some(account) = account.filter(|account| account.owner == lottery::ID) else {
            self.undecodable.remove(&address);
            self.state.remove(&address);
            return true;
        };
        match account::decode_any(&account.owner, &account.data) {
            Ok(decoded) => {
                self.undecodable.remove(&address);
                if self.keeps(&address, &decoded) {
                    self.state.put(address, decoded);
                }
            }
            Err(error) => {
                if self.undecodable.insert(address) {
                    tracing::warn!(%address, %error, "an account that this build cannot read");
                }
                self.state.remove(&address);
            }
        }
        true
    }

    fn keeps(&self, address: &Pubkey, account: &Account) -> bool {
        let Some(only) = self.house else {
            return true;
        };
        match account {
            Account::House(_) => *address == only,
            Account::Treasury(treasury) => treasury.house == only,
            Account::Jackpot(jackpot) => jackpot.house == only,
            Account::Lane(lane) => lane.house == only,
            Account::Draw(draw) => draw.house == only,
            Account::Game(game) => game.house == only,
            // Those of unknown games are dropped anyway.
            Account::Entry(_) => true,
        }
    }

    /// Records accounts read by address.
    pub fn apply_read(&mut self, addresses: &[Pubkey], read: &Read) {
        for (address, account) in addresses.iter().zip(&read.accounts) {
            self.apply(*address, account.as_ref(), read.slot);
        }
    }

    /// Records a scan of everything but entries. Returns what it did not find though it
    /// is known and was not seen later: gone, perhaps; one node's search is not trusted
    /// with that, so somebody has to look.
    #[must_use]
    pub fn apply_core(&mut self, found: &Found) -> Vec<Pubkey> {
        let present: HashSet<Pubkey> = found.accounts.iter().map(|(address, _)| *address).collect();
        let known = self.state.houses.keys();
        let known = known.chain(self.state.lanes.keys());
        let known = known.chain(self.state.draws.keys());
        let known = known.chain(self.state.games.keys());
        let is_older = |address: &Pubkey| self.seen.get(address) <= Some(&found.slot);
        let missing: Vec<Pubkey> = known
            .filter(|address| !present.contains(*address) && is_older(address))
            .copied()
            .collect();
        for (address, account) in &found.accounts {
            self.apply(*address, Some(account), found.slot);
        }
        self.forget_finished(found.slot);
        missing
    }

    /// Forgets when accounts that are not kept were seen, but for recent ones:
    /// a late answer could bring those back.
    fn forget_finished(&mut self, slot: u64) {
        let state = &self.state;
        self.seen
            .retain(|address, seen| *seen >= slot || state.knows(address));
        self.unanswered
            .retain(|draw| state.draws.contains_key(draw));
    }

    /// Records all entries of a game as found.
    pub fn apply_entries(&mut self, game: Pubkey, found: &Found) {
        for (address, account) in &found.accounts {
            self.apply(*address, Some(account), found.slot);
        }
        // Before the game was frozen another entry could still follow.
        if self.seen.get(&game).is_some_and(|seen| found.slot >= *seen) {
            self.state.set_entries_loaded(game);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use anchor_lang::Discriminator as _;
    use bytemuck::Zeroable as _;
    use lottery_client::lottery::state::{Entry, Game, GameStatus, LAYOUT_VERSION, Lane};
    use solana_account::Account;

    use super::*;
    use crate::test_games::settled_game;

    fn account<T: bytemuck::Pod>(discriminator: &[u8], body: &T) -> Account {
        Account {
            lamports: 1,
            data: [discriminator, bytemuck::bytes_of(body)].concat(),
            owner: lottery::ID,
            ..Account::default()
        }
    }

    fn lane(draws_revealed: u64) -> Account {
        let mut lane = Lane::zeroed();
        lane.version = LAYOUT_VERSION;
        lane.draws_revealed = draws_revealed;
        account(Lane::DISCRIMINATOR, &lane)
    }

    fn game(game: &Game) -> Account {
        account(Game::DISCRIMINATOR, game)
    }

    fn entry(game: Pubkey, first_ticket: u32, tickets: u32) -> Account {
        let mut entry = Entry::zeroed();
        entry.version = LAYOUT_VERSION;
        entry.game = game;
        entry.first_ticket = first_ticket;
        entry.tickets = tickets;
        account(Entry::DISCRIMINATOR, &entry)
    }

    #[test]
    fn older_news_is_dropped_whatever_the_order() {
        let mut mirror = Mirror::default();
        let address = Pubkey::new_unique();
        assert!(mirror.apply(address, Some(&lane(2)), 10));
        assert!(!mirror.apply(address, Some(&lane(1)), 9));
        assert!(!mirror.apply(address, None, 9));
        assert_eq!(mirror.state().lanes[&address].draws_revealed, 2);
        assert!(mirror.apply(address, Some(&lane(3)), 10));
        assert_eq!(mirror.state().lanes[&address].draws_revealed, 3);
    }

    #[test]
    fn news_of_slots_that_never_were_shadows_nothing_after_a_fresh_start() {
        let mut mirror = Mirror::new(None, true);
        let (address, oracle) = (Pubkey::new_unique(), Pubkey::new_unique());
        mirror.set_record(oracle, OracleRecord::default());
        mirror.apply(address, Some(&lane(9)), 1_000_000);
        mirror.set_clock(ChainClock {
            slot: 1_000_000,
            now: 500,
        });
        mirror.start_over();
        assert!(mirror.state().lanes.is_empty() && mirror.state().keeps_paid);
        assert!(mirror.state().records.contains_key(&oracle));
        assert!(mirror.apply(address, Some(&lane(1)), 10));
        mirror.set_clock(ChainClock { slot: 11, now: 60 });
        assert_eq!((mirror.state().slot, mirror.state().now), (11, 60));
    }

    #[test]
    fn a_time_is_replaced_by_that_of_a_later_slot_only() {
        let mut mirror = Mirror::default();
        for (slot, now, expected) in [(10, 500, 500), (9, 600, 500), (11, 400, 400)] {
            mirror.set_clock(ChainClock { slot, now });
            assert_eq!(mirror.state().now, expected);
        }
        assert_eq!(mirror.state().slot, 11);
    }

    #[test]
    fn what_a_scan_does_not_find_is_gone_only_when_it_was_looked_at() {
        let mut mirror = Mirror::default();
        let (old, new) = (Pubkey::new_unique(), Pubkey::new_unique());
        mirror.apply(old, Some(&lane(1)), 5);
        mirror.apply(new, Some(&lane(1)), 15);
        let missing = mirror.apply_core(&Found {
            slot: 10,
            accounts: Vec::new(),
        });
        assert_eq!(missing, [old]);
        assert!(mirror.state().lanes.contains_key(&old));
        let read = Read {
            slot: 11,
            accounts: vec![None],
        };
        mirror.apply_read(&missing, &read);
        assert!(!mirror.state().lanes.contains_key(&old));
        assert!(mirror.state().lanes.contains_key(&new));
    }

    #[test]
    fn unreadable_accounts_are_counted_once_and_forgiven_when_readable() {
        let mut mirror = Mirror::default();
        let address = Pubkey::new_unique();
        let mut broken = lane(1);
        broken.data.truncate(20);
        mirror.apply(address, Some(&broken), 1);
        mirror.apply(address, Some(&broken), 2);
        assert_eq!(mirror.undecodable(), 1);
        mirror.apply(address, Some(&lane(1)), 3);
        assert_eq!(mirror.undecodable(), 0);
        assert_eq!(mirror.state().lanes.len(), 1);
    }

    #[test]
    fn entries_are_complete_by_count_or_by_reading_them_all() {
        let mut mirror = Mirror::default();
        let address = Pubkey::new_unique();
        let mut settled = settled_game(10, 1, 1, [3; 32]);
        settled.entries = 2;
        mirror.apply(address, Some(&game(&settled)), 20);
        assert_eq!(mirror.state().games_missing_entries(), [address]);

        let one = (Pubkey::new_unique(), entry(address, 0, 4));
        mirror.apply_entries(
            address,
            &Found {
                slot: 19,
                accounts: vec![one.clone()],
            },
        );
        assert_eq!(mirror.state().games_missing_entries(), [address]);

        mirror.apply(Pubkey::new_unique(), Some(&entry(address, 4, 6)), 21);
        assert!(mirror.state().games_missing_entries().is_empty());
        let entries = mirror.state().entries(&address).unwrap();
        assert_eq!(entries.holder(3).unwrap().0, one.0);
        assert_eq!(entries.holder(9).unwrap().1.first_ticket, 4);
        assert!(entries.holder(10).is_none());
    }

    #[test]
    fn a_paid_game_takes_its_entries_along() {
        let mut mirror = Mirror::default();
        let address = Pubkey::new_unique();
        let mut settled = settled_game(10, 1, 1, [3; 32]);
        settled.entries = 1;
        mirror.apply(address, Some(&game(&settled)), 20);
        mirror.apply(Pubkey::new_unique(), Some(&entry(address, 0, 10)), 20);
        settled.set_flag(Game::FLAG_PAID);
        mirror.apply(address, Some(&game(&settled)), 21);
        assert!(mirror.state().games.is_empty());
        assert!(mirror.state().entries(&address).is_none());
        // A late answer does not bring it back.
        settled.set_status(GameStatus::Playing);
        assert!(!mirror.apply(address, Some(&game(&settled)), 20));
    }

    #[test]
    fn who_closes_keeps_paid_games_and_what_a_closed_one_leaves_behind() {
        let mut mirror = Mirror::new(None, true);
        let (address, held) = (Pubkey::new_unique(), Pubkey::new_unique());
        let mut paid = settled_game(10, 1, 1, [3; 32]);
        paid.entries = 2;
        paid.entries_closed = 1;
        paid.set_flag(Game::FLAG_PAID);
        mirror.apply(address, Some(&game(&paid)), 20);
        assert_eq!(mirror.state().games_missing_entries(), [address]);
        mirror.apply(held, Some(&entry(address, 4, 6)), 20);
        assert!(mirror.state().games_missing_entries().is_empty());
        mirror.apply(address, None, 21);
        assert_eq!(mirror.state().orphans[&held].game, address);
        mirror.apply(held, None, 22);
        assert!(mirror.state().orphans.is_empty());
    }

    #[test]
    fn other_houses_are_left_out() {
        let mut mirror = Mirror::new(Some(Pubkey::new_unique()), false);
        mirror.apply(Pubkey::new_unique(), Some(&lane(1)), 1);
        assert!(mirror.state().lanes.is_empty());
    }
}
