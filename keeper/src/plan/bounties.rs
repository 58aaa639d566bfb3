//! What an action does to the lamports of whoever takes it, fees aside: from accounts
//! alone, as the program computes it (docs/protocol.md, "Bounties").
//!
//! Not in here: fees, what Switchboard may charge for a reveal, and the rent of token
//! accounts that are created for players.

use std::collections::BTreeMap;

use lottery_client::{
    account::Kind as _,
    lottery::{
        state::{Draw, Game, Lane},
        switchboard::RANDOMNESS_LEN,
    },
};
use solana_pubkey::Pubkey;

use crate::{
    actions::{Action, GameRef},
    state::ChainState,
};

/// Bytes of the two further accounts of a lane, which Switchboard keeps: a token
/// account, and a lookup table without addresses.
const LANE_EXTRAS: [usize; 2] = [165, 56];

/// Bytes that every account is charged for besides its own.
const ACCOUNT_OVERHEAD: u64 = 128;

/// What rent exemption costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rent {
    pub lamports_per_byte: u64,
}

impl Default for Rent {
    /// The clusters' since their genesis: two years of 3,480 lamports.
    fn default() -> Self {
        Self {
            lamports_per_byte: 6_960,
        }
    }
}

impl Rent {
    /// Of an account of so many bytes (lamports).
    pub fn of(&self, bytes: usize) -> u64 {
        u64::try_from(bytes)
            .unwrap_or(u64::MAX)
            .saturating_add(ACCOUNT_OVERHEAD)
            .saturating_mul(self.lamports_per_byte)
    }
}

/// What one step does to the lamports of whoever takes it, fees aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Income {
    /// What the program pays for it (lamports).
    pub bounty: u64,
    /// Rent that comes back: a draw's once its last game is settled or released, a
    /// lane's once it is closed (lamports).
    pub locked: u64,
    /// Rent locked before that comes back now, if it was this cranker's (lamports).
    pub returned: u64,
    /// Rent that does not come back (lamports).
    pub spent: u64,
}

/// What an action pays (lamports), all of its transactions together.
pub fn bounty(action: &Action, state: &ChainState) -> u64 {
    batch_bounty(std::slice::from_ref(action), state)
}

/// What actions pay that are done one after the other, such as the members of a batch
/// (lamports).
pub fn batch_bounty(actions: &[Action], state: &ChainState) -> u64 {
    let mut till = Till::new(state, Rent::default());
    actions
        .iter()
        .flat_map(|action| till.take(action))
        .fold(0, |sum, income| sum.saturating_add(income.bounty))
}

/// Counts what is left to be paid while actions are done one after the other.
#[derive(Debug)]
pub struct Till<'a> {
    state: &'a ChainState,
    rent: Rent,
    /// Left in the escrow of games that paid something (lamports).
    escrows: BTreeMap<Pubkey, u64>,
    /// Of draws some of whose games were released: what is left for the release of the
    /// others (lamports).
    reveals: BTreeMap<Pubkey, u64>,
    /// Games that were settled or released, by draw.
    done: BTreeMap<Pubkey, usize>,
}

impl<'a> Till<'a> {
    /// Before anything is done.
    pub fn new(state: &'a ChainState, rent: Rent) -> Self {
        Self {
            state,
            rent,
            escrows: BTreeMap::new(),
            reveals: BTreeMap::new(),
            done: BTreeMap::new(),
        }
    }

    /// The next action's, of each of its steps in their order: a transaction each, but
    /// that the first games settle in the transaction that brings their value, which is
    /// another step. An account that is not known pays nothing.
    pub fn take(&mut self, action: &Action) -> Vec<Income> {
        match action {
            Action::SettleDraw(settle) => self.settle(&settle.draw, &settle.chunks),
            Action::AbortDraw(abort) => self.release(&abort.draw, &abort.chunks),
            Action::RequestDraw(request) => vec![self.request(&request.games)],
            Action::RevealDraw(reveal) => {
                let draw = self.state.draws.get(&reveal.draw);
                let own = of_bounty(draw.map_or(0, |draw| draw.bounty));
                let settlement = reveal.settlement.iter();
                let settled = settlement.flat_map(|it| self.settle(&it.draw, &it.chunks));
                std::iter::once(own).chain(settled).collect()
            }
            Action::CancelGame(cancel) => self.once(&cancel.game.address),
            Action::ExpirePrizes(expire) => self.once(&expire.game.address),
            Action::CloseGame(close) => self.once(&close.game.address),
            Action::ClaimJackpot(claim) => self.once(&claim.game.address),
            Action::Claim(claim) => self.once(&claim.game.address),
            Action::Refund(refund) => self.entry(&refund.game.address, &refund.entry),
            Action::CloseEntry(close) => self.entry(&close.game, &close.entry),
            // Nobody is paid for it: the games that it is for pay what comes after it.
            Action::SettleGame(_) => vec![Income::default()],
            Action::OpenLane(_) => vec![self.open_lane()],
        }
    }

    /// A game's bounty, or what is left of its escrow.
    fn pay(&mut self, game: &Pubkey) -> u64 {
        let Some(Game {
            bounty,
            bounty_escrow,
            ..
        }) = self.state.games.get(game)
        else {
            return 0;
        };
        let escrow = self.escrows.entry(*game).or_insert(*bounty_escrow);
        let paid = (*bounty).min(*escrow);
        *escrow -= paid;
        paid
    }

    fn once(&mut self, game: &Pubkey) -> Vec<Income> {
        vec![of_bounty(self.pay(game))]
    }

    /// The entry itself holds the bounties of its refund and its close. Those of a
    /// closed game are remembered without it.
    fn entry(&self, game: &Pubkey, entry: &Pubkey) -> Vec<Income> {
        let entry = self.state.entry(game, entry);
        let bounty = entry.map_or(0, |entry| u64::from(entry.bounty));
        vec![of_bounty(bounty)]
    }

    fn request(&mut self, games: &[GameRef]) -> Income {
        let mut bounty = 0u64;
        for game in games {
            bounty = bounty.saturating_add(self.pay(&game.address));
            // For whoever reveals.
            self.pay(&game.address);
        }
        Income {
            locked: self.rent.of(Draw::LEN),
            ..of_bounty(bounty)
        }
    }

    fn settle(&mut self, draw: &Pubkey, chunks: &[Vec<GameRef>]) -> Vec<Income> {
        let settle = |games: &Vec<GameRef>| {
            let paid = games.iter().map(|game| self.pay(&game.address));
            let bounty = paid.fold(0, u64::saturating_add);
            Income {
                returned: self.close_draw(draw, games.len()),
                ..of_bounty(bounty)
            }
        };
        chunks.iter().map(settle).collect()
    }

    /// What the games put aside for the reveal pays for their release.
    fn release(&mut self, address: &Pubkey, chunks: &[Vec<GameRef>]) -> Vec<Income> {
        let held = self.state.draws.get(address).map_or(0, |draw| draw.bounty);
        let release = |games: &Vec<GameRef>| {
            let left = self.reveals.entry(*address).or_insert(held);
            let mut bounty = 0u64;
            for game in games {
                let game = self.state.games.get(&game.address);
                let paid = game.map_or(0, |game| game.bounty).min(*left);
                *left -= paid;
                bounty = bounty.saturating_add(paid);
            }
            Income {
                returned: self.close_draw(address, games.len()),
                ..of_bounty(bounty)
            }
        };
        chunks.iter().map(release).collect()
    }

    /// The rent that comes back if these were a draw's last games.
    fn close_draw(&mut self, address: &Pubkey, games: usize) -> u64 {
        let Some(draw) = self.state.draws.get(address) else {
            return 0;
        };
        let done = self.done.entry(*address).or_insert(draw.settled.into());
        *done = done.saturating_add(games);
        if *done == usize::from(draw.games) {
            self.rent.of(Draw::LEN)
        } else {
            0
        }
    }

    fn open_lane(&self) -> Income {
        let extras = LANE_EXTRAS.iter().map(|bytes| self.rent.of(*bytes));
        Income {
            locked: self
                .rent
                .of(Lane::LEN)
                .saturating_add(self.rent.of(RANDOMNESS_LEN)),
            spent: extras.fold(0, u64::saturating_add),
            ..Income::default()
        }
    }
}

fn of_bounty(bounty: u64) -> Income {
    Income {
        bounty,
        ..Income::default()
    }
}
