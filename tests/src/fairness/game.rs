//! Games to draw.

use std::fmt;

use lottery::draw::{MAX_ROUNDS, Rules, round_size};
use sha2::{Digest as _, Sha256};
use solana_pubkey::Pubkey;

use super::functions::{Bytes, Functions};

/// A game's rules and address.
#[derive(Clone, Debug)]
pub struct Game {
    pub tickets: u32,
    pub rounds: u8,
    pub winners: u8,
    /// Share that every round but the last keeps, bps.
    pub keep: u16,
    pub address: Pubkey,
    keep_bps: [u16; MAX_ROUNDS],
}

impl Game {
    /// A game of one round.
    pub fn single(tickets: u32, winners: u8) -> Self {
        Self::new(tickets, 1, 0, winners)
    }

    /// A game of several rounds, each but the last keeping `keep` bps.
    pub fn new(tickets: u32, rounds: u8, keep: u16, winners: u8) -> Self {
        let mut keep_bps = [0; MAX_ROUNDS];
        let eliminating = usize::from(rounds.saturating_sub(1));
        keep_bps.iter_mut().take(eliminating).for_each(|bps| {
            *bps = keep;
        });
        Self {
            tickets,
            rounds,
            winners,
            keep,
            address: address("game"),
            keep_bps,
        }
    }

    pub fn rules(&self) -> Rules<'_> {
        Rules {
            tickets: self.tickets,
            rounds: self.rounds,
            winners: self.winners,
            keep_bps: &self.keep_bps,
        }
    }

    /// Tickets before each round and after the last.
    pub fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![self.tickets];
        let mut n = self.tickets;
        for round in 0..self.rounds {
            n = round_size(n, round, self.rounds, self.winners, &self.keep_bps);
            sizes.push(n);
        }
        sizes
    }

    /// The seeds of all rounds under one value: harsher than the chain, where every
    /// round has a value of its own.
    pub fn seeds(&self, functions: &Functions, value: &Bytes) -> Vec<Bytes> {
        (0..self.rounds)
            .map(|round| (functions.round_seed)(value, &self.address, round))
            .collect()
    }
}

impl fmt::Display for Game {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tickets, ", self.tickets)?;
        match self.rounds {
            1 => write!(f, "1 round, ")?,
            rounds => write!(f, "{rounds} rounds keep {} %, ", self.keep / 100)?,
        }
        match self.winners {
            1 => write!(f, "1 winner"),
            winners => write!(f, "{winners} winners"),
        }
    }
}

/// An address as good as a program-derived one: a hash.
pub fn address(name: &str) -> Pubkey {
    Pubkey::new_from_array(Sha256::digest(name).into())
}
