//! Which games there are, and which are over and gone.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result};
use lottery_client::lottery::state::GameParams;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

use super::plans::Sale;
use crate::lock::lock;

/// Accounts asked for in one question.
const ASKED: usize = 100;

/// A game that was created.
#[derive(Clone, Debug)]
pub struct Played {
    pub params: GameParams,
    pub sale: Sale,
    /// Purchases that were confirmed, and tickets in them.
    pub entries: u32,
    pub tickets: u32,
    /// Purchases that were not, and why.
    pub refused: Vec<String>,
    pub closed: bool,
}

/// How many games are how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub created: usize,
    pub closed: usize,
}

/// All games of a run. All clones are one and the same.
#[derive(Clone, Default)]
pub struct Board {
    games: Arc<Mutex<BTreeMap<Pubkey, Played>>>,
}

impl Board {
    pub fn created(&self, game: Pubkey, params: GameParams, sale: Sale) {
        let played = Played {
            params,
            sale,
            entries: 0,
            tickets: 0,
            refused: Vec::new(),
            closed: false,
        };
        lock(&self.games).insert(game, played);
    }

    /// Notes what became of a purchase.
    pub fn bought(&self, game: &Pubkey, tickets: u32, result: Result<()>) {
        let mut games = lock(&self.games);
        let Some(played) = games.get_mut(game) else {
            return;
        };
        match result {
            Ok(()) => {
                played.entries += 1;
                played.tickets += tickets;
            }
            Err(error) => played.refused.push(format!("{error:#}")),
        }
    }

    pub fn tally(&self) -> Tally {
        let games = lock(&self.games);
        Tally {
            created: games.len(),
            closed: games.values().filter(|played| played.closed).count(),
        }
    }

    /// All games with their addresses.
    pub fn games(&self) -> BTreeMap<Pubkey, Played> {
        lock(&self.games).clone()
    }

    /// Games whose account was there at the last look.
    pub fn open(&self) -> Vec<Pubkey> {
        let games = lock(&self.games);
        let open = games.iter().filter(|(_, played)| !played.closed);
        open.map(|(address, _)| *address).collect()
    }

    /// Looks which games are gone by now.
    pub async fn look(&self, rpc: &RpcClient) -> Result<Tally> {
        for some in self.open().chunks(ASKED) {
            let found = rpc
                .get_multiple_accounts_with_commitment(some, CommitmentConfig::confirmed())
                .await
                .context("looking at the games")?;
            let mut games = lock(&self.games);
            for (address, account) in some.iter().zip(found.value) {
                if let (Some(played), None) = (games.get_mut(address), account) {
                    played.closed = true;
                }
            }
        }
        Ok(self.tally())
    }
}
