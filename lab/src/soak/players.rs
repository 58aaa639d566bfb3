//! Creates the games as planned and has the players join. They talk to the node
//! directly: what is under test is whoever keeps the games going.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use lottery_client::{
    address,
    history::fetch_account,
    instruction as ix,
    lottery::state::{GameParams, Treasury},
};
use lottery_demo::table::Table;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use tokio::task::JoinSet;

use super::{
    board::Board,
    diary::Diary,
    plans::{Plan, Purchase},
    stage::Tables,
    timeline::Timeline,
};

/// Games that one transaction creates at most.
const AT_ONCE: usize = 2;

/// What a join may use: its cost is constant but for a prefunded entry address.
const JOIN_COMPUTE_UNITS: u32 = 10_000;

/// The same in a house that plays for a token.
const TOKEN_JOIN_COMPUTE_UNITS: u32 = 60_000;

/// How often a creation that came to nothing is tried again.
const ATTEMPTS: usize = 10;

/// Pause between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// Who plays.
pub struct Players {
    pub tables: Tables,
    pub board: Board,
    pub timeline: Timeline,
    pub diary: Diary,
}

impl Players {
    /// Creates all games, each at its time, and waits until all purchases are made.
    pub async fn play(self: Arc<Self>, plans: Vec<Plan>) -> Result<()> {
        let mut joins = JoinSet::new();
        let mut plans = plans.into_iter().peekable();
        while let Some(first) = plans.next() {
            let wait = first.at.saturating_sub(self.diary.now());
            tokio::time::sleep(wait).await;
            let for_token = first.for_token;
            let mut due = vec![first];
            while due.len() < AT_ONCE
                && let Some(next) =
                    plans.next_if(|next| next.at <= self.diary.now() && next.for_token == for_token)
            {
                due.push(next);
            }
            let table = self.tables.of(for_token)?;
            for (game, plan) in self.create(table, due).await? {
                for purchase in plan.purchases {
                    let (players, table) = (self.clone(), table.clone());
                    joins.spawn(async move {
                        let joined = join(&table, game, purchase).await;
                        players.board.bought(&game, purchase.tickets, joined);
                    });
                }
            }
        }
        while let Some(joined) = joins.join_next().await {
            joined.context("a purchase broke")?;
        }
        Ok(())
    }

    async fn create(&self, table: &Table, plans: Vec<Plan>) -> Result<Vec<(Pubkey, Plan)>> {
        // Of the last attempt: how many games there were before, and those it was for.
        let mut tried: Option<(u64, Vec<GameParams>)> = None;
        for _ in 0..ATTEMPTS {
            match self.attempt(table, &plans, &mut tried).await {
                Ok(games) => return Ok(self.note(table, &games, plans)),
                Err(error) => {
                    let what = format!("creating games: {error:#}");
                    self.diary.note("players", what);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        bail!("games could not be created: the diary says why")
    }

    /// Creates games, unless the last attempt has done so after all.
    async fn attempt(
        &self,
        table: &Table,
        plans: &[Plan],
        tried: &mut Option<(u64, Vec<GameParams>)>,
    ) -> Result<Vec<GameParams>> {
        let first = games_created(table).await?;
        if let Some((before, games)) = tried.take()
            && first > before
        {
            return Ok(games);
        }
        let now = self.timeline.chain_time();
        let now = now.context("no time of the chain yet")?;
        let games: Vec<GameParams> = (first..)
            .zip(plans)
            .map(|(id, plan)| plan.params(id, now))
            .collect();
        *tried = Some((first, games.clone()));
        send_creation(table, &games).await?;
        Ok(games)
    }

    fn note(&self, table: &Table, games: &[GameParams], plans: Vec<Plan>) -> Vec<(Pubkey, Plan)> {
        let created = games.iter().zip(plans).map(|(params, plan)| {
            let game = address::game(&table.house, params.id);
            self.board.created(game, *params, plan.sale);
            (game, plan)
        });
        created.collect()
    }
}

async fn send_creation(table: &Table, games: &[GameParams]) -> Result<()> {
    let creator = table.authority.pubkey();
    let create: Vec<_> = games
        .iter()
        .map(|params| ix::create_game(creator, table.house, *params, table.token))
        .collect();
    table.sender.send(&create, &table.authority, &[]).await?;
    Ok(())
}

async fn games_created(table: &Table) -> Result<u64> {
    let address = address::treasury(&table.house);
    let treasury: Treasury = fetch_account(table.rpc(), &address).await?;
    Ok(treasury.games_created)
}

async fn join(table: &Table, game: Pubkey, purchase: Purchase) -> Result<()> {
    let player = table
        .players
        .get(purchase.player)
        .context("no such player")?;
    let order = ix::Purchase {
        player: player.pubkey(),
        house: table.house,
        game,
        tickets: purchase.tickets,
        nonce: purchase.nonce,
        max_total: u64::MAX,
    };
    let limit = match table.token {
        None => JOIN_COMPUTE_UNITS,
        Some(_) => TOKEN_JOIN_COMPUTE_UNITS,
    };
    let join = [ix::join(&order, table.token)];
    table
        .sender
        .send_with_limit(&join, limit, player, &[])
        .await?;
    Ok(())
}
