//! A house and its two games: one that is cancelled, then one that is played; together
//! they have a keeper do everything that it does.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lottery::state::{Game, GameParams, GameStatus, HouseParams};
use lottery_client::history::fetch_account;
use lottery_demo::table::{SOL, Table, certain_mean, doomed, five_rounds};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use tokio::time::Instant;

use super::{keeper::Keeper, world::World};

/// Players, who buy a ticket each.
const PLAYERS: usize = 3;

/// Tickets of a game.
const TICKETS: u32 = 3;

/// How long the doomed game sells: enough for its joins (seconds).
const DOOMED_SECONDS: i64 = 5;

/// How long it sells where a busy machine made them come too late (seconds).
const DOOMED_SECONDS_AT_MOST: i64 = 45;

/// Pause between two looks at a condition.
const LOOKS: Duration = Duration::from_millis(50);

/// What a scene differs by.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Slots until a draw may be given up.
    pub draw_timeout: u64,
    pub rounds: u8,
    /// Reward of each crank (lamports).
    pub bounty: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            draw_timeout: 10_800,
            rounds: 2,
            bounty: 10_000,
        }
    }
}

/// A house with its games.
pub struct Scene {
    pub table: Table,
    /// Sold too few tickets; once its close has come it is due.
    pub cancelled: Pubkey,
    /// Nobody has joined it yet.
    pub played: Pubkey,
}

impl Scene {
    /// Sets it on a cluster. No lane is open: that is a keeper's business.
    pub async fn set(world: &World, terms: Terms) -> Result<Self> {
        match Self::set_within(world, terms, DOOMED_SECONDS).await {
            Ok(scene) => Ok(scene),
            Err(first) => Self::set_within(world, terms, DOOMED_SECONDS_AT_MOST)
                .await
                .with_context(|| format!("before that: {first:#}")),
        }
    }

    async fn set_within(world: &World, terms: Terms, seconds: i64) -> Result<Self> {
        let mut table = Table::open(&world.localnet, 0, |house| vary(house, terms)).await?;
        table.seat(&world.localnet, PLAYERS, SOL).await?;
        let cancelled = table
            .create_game(|id, now| doomed(id, now, TICKETS, seconds))
            .await?;
        table.join_all(cancelled, PLAYERS - 1, |_| 1, || ()).await?;
        let played = table
            .create_game(|id, now| game(id, now, terms.rounds))
            .await?;
        Ok(Self {
            table,
            cancelled,
            played,
        })
    }

    pub fn house(&self) -> Pubkey {
        self.table.house
    }

    /// Everybody joins the game that is played: it is sold out, and due.
    pub async fn sell_out(&self) -> Result<()> {
        self.table
            .join_all(self.played, PLAYERS, |_| 1, || ())
            .await?;
        Ok(())
    }

    /// Another game like the one that is played, sold out.
    pub async fn play_another(&self, rounds: u8) -> Result<Pubkey> {
        let another = self
            .table
            .create_game(|id, now| game(id, now, rounds))
            .await?;
        self.table.join_all(another, PLAYERS, |_| 1, || ()).await?;
        Ok(another)
    }

    /// A game as it is; `None` once it is closed.
    pub async fn game(&self, address: &Pubkey) -> Result<Option<Game>> {
        let rpc = self.table.rpc();
        let confirmed = CommitmentConfig::confirmed();
        let found = rpc.get_account_with_commitment(address, confirmed).await?;
        match found.value {
            None => Ok(None),
            Some(_) => Ok(fetch_account(rpc, address).await.ok()),
        }
    }

    /// Waits until a game is closed; `look_after` is called at every look.
    pub async fn until_closed(
        &self,
        game: &Pubkey,
        patience: Duration,
        look_after: impl AsyncFn() -> Result<()>,
    ) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            look_after().await?;
            let Some(state) = self.game(game).await? else {
                return Ok(());
            };
            if Instant::now() > deadline {
                bail!(
                    "game {game} is not closed after {patience:?}: {}",
                    told(&state)
                );
            }
            tokio::time::sleep(LOOKS).await;
        }
    }

    /// Plays both games to their ends, one after the other, with keepers that run.
    pub async fn play(&self, keepers: &[&Keeper], patience: Duration) -> Result<()> {
        let look_after = async || alive(keepers).await;
        self.until_closed(&self.cancelled, patience, look_after)
            .await?;
        self.sell_out().await?;
        self.until_closed(&self.played, patience, look_after).await
    }
}

/// Fails where a keeper has ended by itself.
async fn alive(keepers: &[&Keeper]) -> Result<()> {
    for keeper in keepers {
        if let Some(status) = keeper.ended().await {
            bail!("a keeper ended by itself ({status}):\n{}", keeper.tail());
        }
    }
    Ok(())
}

fn told(game: &Game) -> String {
    let status = [
        ("open", GameStatus::Open),
        ("drawing", GameStatus::Drawing),
        ("playing", GameStatus::Playing),
        ("settled", GameStatus::Settled),
        ("cancelled", GameStatus::Cancelled),
    ];
    let status = status.iter().find(|(_, status)| game.is(*status));
    let name = status.map_or("of no status", |(name, _)| name);
    let paid = game.has(Game::FLAG_PAID);
    format!(
        "{name}, {} rounds settled, paid: {paid}, {} of {} entries closed",
        game.rounds_settled, game.entries_closed, game.entries
    )
}

fn vary(house: &mut HouseParams, terms: Terms) {
    house.draw_timeout = terms.draw_timeout;
    house.rules.bounty = terms.bounty;
    // The minor jackpot is hit by every game that is sold out.
    house.rules.jackpot_mean[0] = certain_mean(house, TICKETS);
}

/// Of some rounds, with two places.
fn game(id: u64, now: i64, rounds: u8) -> GameParams {
    let mut params = five_rounds(id, now, TICKETS);
    params.rounds = rounds;
    params.winners = 2;
    params.keep_bps = [0; 8];
    for keep in params.keep_bps.iter_mut().take(usize::from(rounds) - 1) {
        *keep = 8_000;
    }
    params.place_bps = [0; 32];
    params.place_bps[..2].copy_from_slice(&[6_000, 4_000]);
    params
}
