//! Houses, games and players, and the joins.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use lottery_demo::table::{CONCURRENT_JOINS, FEE, Table, one_round};
use lottery_localnet::Localnet;
use solana_pubkey::Pubkey;

use super::Load;

/// What a join takes from its player beside the ticket: rent and fees, rounded up (lamports).
const COSTS: u64 = 5_000_000;

/// What a wallet keeps (lamports).
const SPARE: u64 = 10_000_000;

/// A house and its games.
struct House {
    table: Table,
    games: Vec<Pubkey>,
}

/// What is there before the first join.
pub struct Stage {
    houses: Vec<House>,
}

/// What came of the joins.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    pub landed: usize,
    pub failed: usize,
    /// From the first sent to the last of which the client knew the end.
    pub took: Duration,
}

impl Stage {
    pub async fn set(load: &Load, localnet: &Localnet) -> Result<Self> {
        let houses = stream::iter(0..load.houses)
            .map(|_| house(load, localnet))
            .buffer_unordered(load.houses)
            .try_collect()
            .await
            .context("opening the houses")?;
        Ok(Self { houses })
    }

    /// Sends all joins, as many at once as there may be, and waits until each is
    /// confirmed or has failed.
    pub async fn join(&self, load: &Load) -> Sent {
        let began = Instant::now();
        let ends: Vec<bool> = stream::iter(0..load.joins)
            .map(|nth| self.join_once(nth))
            .buffer_unordered(CONCURRENT_JOINS)
            .map(|joined| {
                joined
                    .inspect_err(|error| tracing::warn!("a join failed: {error:#}"))
                    .is_ok()
            })
            .collect()
            .await;
        let landed = ends.iter().filter(|landed| **landed).count();
        Sent {
            landed,
            failed: ends.len() - landed,
            took: began.elapsed(),
        }
    }

    async fn join_once(&self, nth: usize) -> Result<()> {
        let house = self.houses.get(nth % self.houses.len().max(1));
        let House { table, games } = house.context("there is no house")?;
        let nth = nth / self.houses.len();
        let (turn, player) = (nth / table.players.len(), nth % table.players.len());
        // In each turn a player joins another game.
        let game = games.get((nth + turn) % games.len().max(1));
        let game = *game.context("there is no game")?;
        let player = table.players.get(player).context("there is no player")?;
        let nonce =
            u16::try_from(turn).context("a player tells 65,536 entries apart; name more")?;
        table.join(game, player.clone(), 1, nonce).await.map(drop)
    }
}

async fn house(load: &Load, localnet: &Localnet) -> Result<House> {
    // Games as big as any, which must not contribute more than the means.
    let mut table = Table::open(localnet, 0, |house| {
        house.rules.jackpot_mean = [u64::MAX; 3];
    })
    .await?;
    let players = load.players.div_ceil(load.houses);
    let turns = load.joins.div_ceil(players * load.houses);
    let lamports = (FEE + COSTS)
        .saturating_mul(u64::try_from(turns)?)
        .saturating_add(SPARE);
    table.seat(localnet, players, lamports).await?;
    let mut games = Vec::with_capacity(load.games);
    for _ in 0..load.games {
        let game = table.create_game(|id, now| one_round(id, now, u32::MAX / 2));
        games.push(game.await?);
    }
    Ok(House { table, games })
}
