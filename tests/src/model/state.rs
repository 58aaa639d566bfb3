//! The protocol's books, kept a second time.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use lottery::state::{GameParams, HouseRules};
use lottery_client::address;
use solana_pubkey::Pubkey;

use super::{action::Named, cast::Cast, ledger::Ledger, why::Why};

/// Everything that is known about a world.
#[derive(Clone)]
pub struct Model {
    pub cast: Rc<Cast>,
    pub slot: u64,
    /// Unix seconds.
    pub now: i64,
    pub ledger: Ledger,
    pub house: House,
    pub lanes: Vec<Lane>,
    pub draws: Vec<Draw>,
    pub games: Vec<Game>,
    pub entries: Vec<Entry>,
}

/// The house, its treasury and its jackpots.
#[derive(Clone, Debug, Default)]
pub struct House {
    pub authority: Pubkey,
    pub pending: Option<Pubkey>,
    /// Of games created from here on; none before the house is created.
    pub rules: Option<HouseRules>,
    pub draw_timeout: u64,
    pub pause_games: bool,
    pub pause_joins: bool,
    pub treasury: Treasury,
    pub jackpots: [Jackpot; 3],
}

#[derive(Clone, Debug, Default)]
pub struct Treasury {
    pub rent: u64,
    pub accrued: u128,
    pub total_accrued: u128,
    pub total_withdrawn: u128,
    pub games_settled: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Jackpot {
    pub rent: u64,
    pub amount: u128,
    pub contributions: u128,
    pub won: u128,
    pub hits: u64,
    pub last_game: Pubkey,
    pub last_winner: Pubkey,
    pub last_award: u128,
    pub last_ticket: u32,
}

#[derive(Clone, Debug)]
pub struct Lane {
    pub index: u8,
    pub address: Pubkey,
    pub randomness: Pubkey,
    pub payer: Pubkey,
    pub next_draw: u64,
    /// The draw that waits for its value.
    pub waits_for: Option<usize>,
    pub lut_slot: u64,
    pub gone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Pending,
    Revealed,
    Aborted,
}

#[derive(Clone, Debug)]
pub struct Draw {
    pub address: Pubkey,
    /// Index in the model's lanes.
    pub lane: usize,
    pub id: u64,
    pub oracle: usize,
    pub payer: Pubkey,
    pub seed_slot: u64,
    pub timeout_slot: u64,
    /// Lamports for the reveal, or the releases.
    pub bounty: u64,
    pub games: Vec<usize>,
    pub done: usize,
    pub stage: Stage,
    pub value: [u8; 32],
    pub gone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Open,
    Drawing,
    Playing,
    Settled,
    Cancelled,
}

/// Why a game was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    TooFewTickets,
    Overdue,
    NoOracle,
}

#[derive(Clone, Debug)]
pub struct Game {
    pub address: Pubkey,
    pub vault: Option<Pubkey>,
    pub creator: Pubkey,
    /// As created.
    pub params: GameParams,
    /// The house's rules at creation.
    pub terms: HouseRules,
    pub rent: u64,
    /// Lamports for cranks.
    pub escrow: u64,
    /// A crank got less than its bounty.
    pub short: bool,
    pub status: Status,
    /// Nothing is owed to players any more.
    pub paid: bool,
    pub gone: bool,
    pub cancelled: Option<Reason>,
    pub tickets: u32,
    pub entries: u32,
    pub entries_closed: u32,
    pub hash: [u8; 32],
    pub draw: Option<usize>,
    /// Oracles asked for this round.
    pub tried: Vec<usize>,
    pub seeds: Vec<[u8; 32]>,
    pub next_round_at: i64,
    pub settled_at: i64,
    pub prize_pool: u128,
    pub treasury_share: u128,
    pub contributions: [u128; 3],
    pub awards: [u128; 3],
    pub award_tickets: [u32; 3],
    pub awards_paid: BTreeSet<u8>,
    pub places_paid: BTreeSet<u32>,
    pub paid_out: u128,
    pub refunded: u128,
    pub expired: u128,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub address: Pubkey,
    /// Index of the game.
    pub game: usize,
    pub player: Pubkey,
    pub nonce: u16,
    pub first_ticket: u32,
    pub tickets: u32,
    /// Base units.
    pub price: u128,
    /// Lamports for its refund and its close, each.
    pub bounty: u64,
    pub refunded: bool,
    pub gone: bool,
}

/// Most attempts to draw a round.
pub const ATTEMPTS: usize = 3;
/// A draw that is overdue by this ends in a cancellation (seconds): three days.
pub const GRACE: i64 = 3 * 24 * 60 * 60;

/// `amount * bps / 10,000`, rounded down.
pub fn share(amount: u128, bps: u16) -> u128 {
    amount * u128::from(bps) / 10_000
}

impl Game {
    pub fn gross(&self) -> u128 {
        u128::from(self.params.entry_fee) * u128::from(self.tickets)
    }

    pub fn sold_out(&self) -> bool {
        self.tickets == self.params.max_tickets
    }

    pub fn sales_ended(&self, now: i64) -> bool {
        self.sold_out() || now >= self.params.closes_at
    }

    pub fn rounds_done(&self) -> bool {
        self.seeds.len() == usize::from(self.params.rounds)
    }

    /// All is drawn, but a frozen vault kept the money where it was.
    pub fn awaits_settlement(&self) -> bool {
        self.status == Status::Playing && self.rounds_done()
    }

    pub fn claims_end(&self) -> i64 {
        self.settled_at + i64::from(self.terms.claim_window)
    }

    /// From when a draw that nobody requested is overdue.
    pub fn overdue_at(&self) -> i64 {
        let never_asked = self.status == Status::Open && self.tried.is_empty();
        let due = if never_asked && !self.sold_out() {
            self.params.closes_at
        } else {
            self.next_round_at
        };
        due + GRACE
    }

    /// What is owed, to players once it is settled, and before that to the house too.
    pub fn owed(&self) -> u128 {
        if self.status == Status::Settled {
            self.prize_pool + self.awards.iter().sum::<u128>() - self.paid_out - self.expired
        } else {
            self.gross() - self.refunded
        }
    }

    pub fn note_if_paid(&mut self) {
        self.paid |= self.owed() == 0;
    }

    /// Takes a crank's bounty out of the escrow.
    pub fn take_bounty(&mut self) -> u64 {
        let bounty = self.terms.bounty.min(self.escrow);
        self.short |= bounty < self.terms.bounty;
        self.escrow -= bounty;
        bounty
    }

    /// What each place wins.
    pub fn prizes(&self) -> Vec<u128> {
        let places = &self.params.place_bps[..usize::from(self.params.winners)];
        let mut prizes: Vec<_> = places
            .iter()
            .map(|bps| share(self.prize_pool, *bps))
            .collect();
        prizes[0] += self.prize_pool - prizes.iter().sum::<u128>();
        prizes
    }

    /// Tickets left after each round, all of them first.
    pub fn sizes(&self) -> Vec<u32> {
        let winners = u32::from(self.params.winners);
        let mut sizes = vec![self.tickets];
        let mut n = u128::from(self.tickets);
        for round in 0..usize::from(self.params.rounds) {
            let kept = (n * u128::from(self.params.keep_bps[round])).div_ceil(10_000);
            let last = round + 1 == usize::from(self.params.rounds);
            n = if last {
                u128::from(winners)
            } else {
                kept.max(u128::from(winners))
            };
            sizes.push(n as u32);
        }
        sizes
    }

    /// The place a ticket won, if it won one.
    pub fn place(&self, ticket: u32) -> Option<u32> {
        let sizes = self.sizes();
        let mut position = ticket;
        for (round, seed) in self.seeds.iter().enumerate() {
            position = lottery::draw::shuffled_index(seed, sizes[round], position);
            if position >= sizes[round + 1] {
                return None;
            }
        }
        Some(position)
    }

    /// The ticket that won a place.
    pub fn winner(&self, place: u32) -> u32 {
        let sizes = self.sizes();
        let rounds = self.seeds.iter().zip(&sizes);
        rounds.rev().fold(place, |position, (seed, size)| {
            lottery::draw::unshuffled_index(seed, *size, position)
        })
    }
}

impl Model {
    /// The entry of a game that holds a ticket.
    pub fn holder(&self, game: usize, ticket: u32) -> Option<usize> {
        self.entries.iter().position(|entry| {
            entry.game == game
                && (entry.first_ticket..entry.first_ticket + entry.tickets).contains(&ticket)
        })
    }

    pub fn game_address(&self, game: usize) -> Pubkey {
        match self.games.get(game) {
            Some(game) => game.address,
            None => address::game(&self.cast.house, game as u64),
        }
    }

    /// The entry's address; of an entry that there never was, one that nobody uses.
    pub fn entry_address(&self, named: Named) -> Pubkey {
        const UNUSED: u16 = 60_000;
        let game = self.game_address(named.game);
        match self.entries.get(named.entry) {
            Some(entry) => entry.address,
            None => address::entry(&game, &named.player, UNUSED),
        }
    }

    /// Why an account of the program that is only read is refused where there is none:
    /// there is nothing, or lamports that somebody sent.
    pub fn missing(&self, address: &Pubkey) -> Why {
        if self.ledger.lamports(address) == 0 {
            Why::NOTHING
        } else {
            Why::NOT_OURS
        }
    }

    pub fn rules(&self) -> HouseRules {
        self.house
            .rules
            .expect("the first action creates the house")
    }

    /// The lane of this index that is open.
    pub fn lane(&self, index: u8) -> Option<usize> {
        self.lanes
            .iter()
            .position(|lane| lane.index == index && !lane.gone)
    }

    /// Balances, by name, for a report.
    pub fn names(&self) -> BTreeMap<Pubkey, String> {
        let mut names = BTreeMap::new();
        let cast = &self.cast;
        for actor in 0..super::cast::ACTORS {
            names.insert(cast.actor(actor), format!("actor {actor}"));
        }
        names.insert(cast.actor(usize::MAX), "sponsor".into());
        names.insert(cast.treasury_wallet, "treasury wallet".into());
        names.insert(cast.house, "house".into());
        names.insert(cast.treasury, "treasury".into());
        for (tier, jackpot) in cast.jackpots.iter().enumerate() {
            names.insert(*jackpot, format!("jackpot {tier}"));
        }
        for (index, game) in self.games.iter().enumerate() {
            names.insert(game.address, format!("game {index}"));
        }
        for (index, entry) in self.entries.iter().enumerate() {
            names.insert(
                entry.address,
                format!("entry {index} of game {}", entry.game),
            );
        }
        for (index, draw) in self.draws.iter().enumerate() {
            names.insert(draw.address, format!("draw {index}"));
        }
        for lane in &self.lanes {
            names.insert(lane.address, format!("lane {}", lane.index));
            names.insert(
                lane.randomness,
                format!("randomness of lane {}", lane.index),
            );
        }
        let holders: Vec<_> = names
            .iter()
            .map(|(key, name)| (*key, name.clone()))
            .collect();
        for (key, name) in holders {
            if let Some(vault) = cast.vault(&key) {
                names.insert(vault, format!("vault of {name}"));
            }
            if let Some(account) = cast.associated(&key) {
                names.insert(account, format!("token account of {name}"));
            }
        }
        names
    }
}
