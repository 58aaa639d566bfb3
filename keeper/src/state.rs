//! What the keeper knows of the chain when it plans: plain data, no I/O.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use lottery_client::{
    account::Account,
    instruction::Token,
    lottery::{
        money::is_native,
        state::{Draw, Entry, Game, GameStatus, House, Lane},
        switchboard::{holds_long_enough, is_alive, is_attested},
    },
};
use solana_pubkey::Pubkey;
use switchboard_on_demand::OracleAccountData;

pub use crate::oracles::{OracleRecord, OracleResult, OracleSeen};

use crate::winners::{Winner, winning_tickets};

/// An oracle of a queue.
#[derive(Clone, Debug)]
pub struct Oracle {
    pub address: Pubkey,
    /// Its account.
    pub data: OracleAccountData,
    /// How long its queue lets it be silent (seconds); no limit unless positive.
    pub node_timeout: i64,
    /// Where it answers; `None` when its account names no usable address.
    pub gateway: Option<String>,
}

impl Oracle {
    /// Whether the program accepts it, and it can be asked.
    pub fn is_live(&self, now: i64) -> bool {
        is_attested(&self.data)
            && holds_long_enough(self.data.enclave.valid_until, now)
            && is_alive(&self.data, self.node_timeout, now)
            && self.gateway.is_some()
    }
}

/// An entry whose game is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orphan {
    pub game: Pubkey,
    pub player: Pubkey,
}

/// The entries of one game, by their first ticket.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// By address too: whatever the chain says, none stands in another's place.
    by_ticket: BTreeMap<(u32, Pubkey), (Pubkey, Entry)>,
    /// Whether they were read from the chain after the game was frozen, so
    /// that none can be missing.
    pub loaded: bool,
}

impl Entries {
    /// The entry that holds the ticket.
    pub fn holder(&self, ticket: u32) -> Option<&(Pubkey, Entry)> {
        let last = (ticket, Pubkey::new_from_array([u8::MAX; 32]));
        self.by_ticket
            .range(..=last)
            .next_back()
            .map(|(_, held)| held)
            .filter(|(_, entry)| entry.holds(ticket))
    }

    pub fn iter(&self) -> impl Iterator<Item = &(Pubkey, Entry)> {
        self.by_ticket.values()
    }

    pub fn len(&self) -> usize {
        self.by_ticket.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_ticket.is_empty()
    }
}

/// The chain as last seen. Games that are over and paid, and their entries, are
/// kept only by who closes them: nothing else is ever due for them.
#[derive(Clone, Debug, Default)]
pub struct ChainState {
    /// Latest slot seen.
    pub slot: u64,
    /// The chain's own clock (unix seconds).
    pub now: i64,
    pub houses: BTreeMap<Pubkey, House>,
    pub lanes: BTreeMap<Pubkey, Lane>,
    pub draws: BTreeMap<Pubkey, Draw>,
    pub games: BTreeMap<Pubkey, Game>,
    /// By queue, sorted by address.
    pub oracles: BTreeMap<Pubkey, Vec<Oracle>>,
    /// How oracles have answered; those that were never asked have none.
    pub records: BTreeMap<Pubkey, OracleRecord>,
    /// Tokens that houses play for, by mint.
    pub tokens: BTreeMap<Pubkey, Token>,
    /// Entries whose games are closed.
    pub orphans: BTreeMap<Pubkey, Orphan>,
    /// Whether games that are over and paid are kept, to be closed.
    pub keeps_paid: bool,
    entries: HashMap<Pubkey, Entries>,
    /// Where each entry stands in `entries`: its game and first ticket.
    entry_places: HashMap<Pubkey, (Pubkey, u32)>,
    /// Of settled games, computed once: it takes thousands of hashes.
    winners: HashMap<Pubkey, Vec<Winner>>,
}

/// What a house plays for, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency {
    Native,
    Token(Token),
    /// A mint whose account could not be read.
    Unknown,
}

/// Whether the game is settled or cancelled.
fn is_over(game: &Game) -> bool {
    game.is(GameStatus::Settled) || game.is(GameStatus::Cancelled)
}

/// Whether the game is over and owes its players nothing any more.
pub fn is_paid(game: &Game) -> bool {
    is_over(game) && game.has(Game::FLAG_PAID)
}

/// Whether the game is over but still owes its players.
pub fn is_payable(game: &Game) -> bool {
    is_over(game) && !game.has(Game::FLAG_PAID)
}

impl ChainState {
    /// Records an account as it is now. Kinds that no decision depends on are
    /// ignored, as are entries of games that are not kept.
    pub fn put(&mut self, address: Pubkey, account: Account) {
        match account {
            Account::House(house) => drop(self.houses.insert(address, house)),
            Account::Lane(lane) => drop(self.lanes.insert(address, lane)),
            Account::Draw(draw) => drop(self.draws.insert(address, draw)),
            Account::Game(game) => self.put_game(address, game),
            Account::Entry(entry) => self.put_entry(address, entry),
            Account::Treasury(_) | Account::Jackpot(_) => {}
        }
    }

    /// Forgets an account that no longer exists.
    pub fn remove(&mut self, address: &Pubkey) {
        self.houses.remove(address);
        self.lanes.remove(address);
        self.draws.remove(address);
        if self.games.contains_key(address) {
            self.remove_game(address);
        }
        self.remove_entry(address);
        self.orphans.remove(address);
    }

    fn put_game(&mut self, address: Pubkey, game: Game) {
        if is_paid(&game) && !self.keeps_paid {
            self.remove_game(&address);
            return;
        }
        if game.is(GameStatus::Settled) && !self.winners.contains_key(&address) {
            self.winners.insert(address, winning_tickets(&game));
        }
        self.games.insert(address, game);
    }

    fn remove_game(&mut self, address: &Pubkey) {
        self.games.remove(address);
        self.winners.remove(address);
        for (entry, held) in self.entries.remove(address).iter().flat_map(Entries::iter) {
            self.entry_places.remove(entry);
            if self.keeps_paid {
                let orphan = Orphan {
                    game: held.game,
                    player: held.player,
                };
                self.orphans.insert(*entry, orphan);
            }
        }
    }

    fn put_entry(&mut self, address: Pubkey, entry: Entry) {
        self.remove_entry(&address);
        if !self.games.contains_key(&entry.game) {
            return;
        }
        self.orphans.remove(&address);
        self.entry_places
            .insert(address, (entry.game, entry.first_ticket));
        self.entries
            .entry(entry.game)
            .or_default()
            .by_ticket
            .insert((entry.first_ticket, address), (address, entry));
    }

    fn remove_entry(&mut self, address: &Pubkey) {
        let Some((game, first_ticket)) = self.entry_places.remove(address) else {
            return;
        };
        if let Some(entries) = self.entries.get_mut(&game) {
            entries.by_ticket.remove(&(first_ticket, *address));
        }
    }

    /// Whether the account is kept.
    pub fn knows(&self, address: &Pubkey) -> bool {
        self.games.contains_key(address)
            || self.entry_places.contains_key(address)
            || self.orphans.contains_key(address)
            || self.lanes.contains_key(address)
            || self.draws.contains_key(address)
            || self.houses.contains_key(address)
    }

    /// The entries known of a game.
    pub fn entries(&self, game: &Pubkey) -> Option<&Entries> {
        self.entries.get(game)
    }

    /// An entry whose game is known.
    pub fn entry(&self, game: &Pubkey, address: &Pubkey) -> Option<&Entry> {
        let (held_in, first_ticket) = self.entry_places.get(address)?;
        let entries = self.entries.get(game).filter(|_| held_in == game)?;
        let held = entries.by_ticket.get(&(*first_ticket, *address));
        held.map(|(_, entry)| entry)
    }

    /// Notes that all entries of a frozen game were read.
    pub fn set_entries_loaded(&mut self, game: Pubkey) {
        if self.games.contains_key(&game) {
            self.entries.entry(game).or_default().loaded = true;
        }
    }

    /// Whether every entry that a frozen game still has is known, or was looked for.
    pub fn has_all_entries(&self, address: &Pubkey, game: &Game) -> bool {
        let is_loaded = self.entries.get(address).is_some_and(|it| it.loaded);
        is_loaded || self.counts_all_entries(address, game)
    }

    fn counts_all_entries(&self, address: &Pubkey, game: &Game) -> bool {
        let left = game.entries.saturating_sub(game.entries_closed);
        let expected = usize::try_from(left).unwrap_or(usize::MAX);
        self.entries.get(address).map_or(0, Entries::len) >= expected
    }

    /// Games that are over, and whose entries have to be known but are not all. One that
    /// was looked for in vain is looked for again: the node may have been behind, or lied.
    pub fn games_missing_entries(&self) -> Vec<Pubkey> {
        self.games
            .iter()
            .filter(|(address, game)| is_over(game) && !self.counts_all_entries(address, game))
            .map(|(address, _)| *address)
            .collect()
    }

    /// What a house plays for; `Unknown` also of an unknown house.
    pub fn currency(&self, house: &Pubkey) -> Currency {
        match self.houses.get(house).map(|house| house.mint) {
            Some(mint) if is_native(&mint) => Currency::Native,
            Some(mint) => match self.tokens.get(&mint) {
                Some(token) => Currency::Token(*token),
                None => Currency::Unknown,
            },
            None => Currency::Unknown,
        }
    }

    /// The winning tickets of a settled game.
    pub fn winners(&self, address: &Pubkey, game: &Game) -> Cow<'_, [Winner]> {
        match self.winners.get(address) {
            Some(winners) => Cow::Borrowed(winners),
            None => Cow::Owned(winning_tickets(game)),
        }
    }

    /// Queues that some house draws from.
    pub fn queues(&self) -> Vec<Pubkey> {
        let mut queues: Vec<Pubkey> = self.houses.values().map(|house| house.vrf_queue).collect();
        queues.sort_unstable();
        queues.dedup();
        queues
    }
}
