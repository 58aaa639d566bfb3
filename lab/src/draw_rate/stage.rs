//! Houses and games that all become due at the same second.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use lottery::state::GameParams;
use lottery_client::{
    address,
    instruction::{self as ix},
};
use lottery_demo::table::{SOL, Table, one_round};
use lottery_localnet::Localnet;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use super::Load;
use crate::signatures;

/// Entries of each game.
const PLAYERS: usize = 2;

/// Tickets of each entry.
const TICKETS: u32 = 24;

/// Games that one transaction creates.
const AT_ONCE: usize = 3;

/// Houses made at the same time.
const HOUSES_AT_ONCE: usize = 16;

/// How much time making one house's games takes at most, on a busy machine.
const SECONDS_A_GAME: f64 = 0.12;

/// What there is to draw.
pub struct Stage {
    tables: Vec<Table>,
    /// When all games are due (unix seconds of the chain).
    due_at: i64,
}

impl Stage {
    pub async fn set(load: &Load, localnet: &Localnet) -> Result<Self> {
        let tables: Vec<Table> = stream::iter(0..load.houses)
            .map(|_| async {
                let mut table = Table::open(localnet, load.lanes, |house| {
                    house.rules.jackpot_mean = [u64::MAX; 3];
                })
                .await?;
                table.seat(localnet, PLAYERS, 100 * SOL).await?;
                anyhow::Ok(table)
            })
            .buffer_unordered(HOUSES_AT_ONCE)
            .try_collect()
            .await
            .context("opening the houses")?;
        let first = tables.first().context("there must be a house")?;
        let now = first.clock().await?.unix_timestamp;
        // Whole seconds; a little long is better than too short.
        let making = (load.all_games() as f64 * SECONDS_A_GAME).ceil() as i64 + 20;
        let stage = Self {
            tables,
            due_at: now + making.min(1_800),
        };
        stream::iter(&stage.tables)
            .map(|table| stage.make_games(load, table))
            .buffer_unordered(HOUSES_AT_ONCE)
            .try_collect::<()>()
            .await
            .context("making the games")?;
        Ok(stage)
    }

    async fn make_games(&self, load: &Load, table: &Table) -> Result<()> {
        let now = table.clock().await?.unix_timestamp;
        let creator = table.authority.pubkey();
        let games: Vec<GameParams> = (0..load.games)
            .map(|index| self.rules(load, u64::try_from(index).unwrap_or(0), now))
            .collect();
        for some in games.chunks(AT_ONCE) {
            let create: Vec<_> = some
                .iter()
                .map(|params| ix::create_game(creator, table.house, *params, table.token))
                .collect();
            table.send(&create).await.context("creating games")?;
        }
        for id in 0..load.games {
            let game = address::game(&table.house, u64::try_from(id)?);
            table.join_all(game, PLAYERS, |_| TICKETS, || ()).await?;
        }
        Ok(())
    }

    fn rules(&self, load: &Load, id: u64, now: i64) -> GameParams {
        let mut params = one_round(id, now, 10_000);
        params.closes_at = self.due_at;
        params.rounds = load.rounds;
        params.round_interval = load.interval;
        let kept = usize::from(load.rounds.saturating_sub(1));
        for keep in params.keep_bps.iter_mut().take(kept) {
            *keep = 6_000;
        }
        params
    }

    /// A table whose sender may be used for plain transfers.
    pub fn first(&self) -> Option<&Table> {
        self.tables.first()
    }

    pub async fn wait_until_due(&self) -> Result<()> {
        let table = self.first().context("there must be a house")?;
        while table.clock().await?.unix_timestamp < self.due_at {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// How many transactions a wallet paid for, and how many of them failed.
    pub async fn transactions(&self, payer: &Pubkey) -> Result<(usize, usize)> {
        let rpc = self.first().context("there must be a house")?.rpc();
        let all = signatures::of(rpc, payer).await?;
        let failed = all.iter().filter(|it| it.err.is_some()).count();
        Ok((all.len(), failed))
    }
}

/// A wallet with lamports for plain transfers.
pub async fn funded_wallet(localnet: &Localnet) -> Result<Keypair> {
    let wallet = Keypair::new();
    localnet.fund(&[wallet.pubkey()], SOL).await?;
    Ok(wallet)
}
