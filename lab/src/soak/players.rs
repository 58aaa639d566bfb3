//! Creates the games as planned and has the players join. They talk to the node
//! directly: what is under test is whoever keeps the games going.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use lottery_client::{
    address,
    history::fetch_account,
    instruction as ix,
    lottery::state::{GameParams, Treasury},
    sender::SendError,
};
use lottery_demo::table::Table;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use tokio::task::JoinSet;

use super::{
    board::Board,
    diary::Diary,
    plans::{Plan, Purchase},
    timeline::Timeline,
};

/// Games that one transaction creates at most.
const AT_ONCE: usize = 3;

/// What a join may use: its cost is constant but for a prefunded entry address.
const JOIN_COMPUTE_UNITS: u32 = 10_000;

/// How often a creation that came to nothing is tried again.
const ATTEMPTS: usize = 5;

/// Pause between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// Who plays.
pub struct Players {
    pub table: Arc<Table>,
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
            let mut due = vec![first];
            while due.len() < AT_ONCE
                && let Some(next) = plans.next_if(|next| next.at <= self.diary.now())
            {
                due.push(next);
            }
            for (game, plan) in self.create(due).await? {
                for purchase in plan.purchases {
                    let players = self.clone();
                    joins.spawn(async move {
                        let joined = players.join(game, purchase).await;
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

    async fn create(&self, plans: Vec<Plan>) -> Result<Vec<(Pubkey, Plan)>> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let first = self.games_created().await?;
            let now = self.timeline.chain_time().context("no time of the chain yet")?;
            let games: Vec<GameParams> = (first..)
                .zip(&plans)
                .map(|(id, plan)| plan.params(id, now))
                .collect();
            match self.send_creation(&games).await {
                Ok(()) => return Ok(self.note(&games, plans)),
                // It may have taken effect: then the house counts more games.
                Err(error) => {
                    self.diary.note("players", format!("creating games: {error}"));
                    last = Some(error);
                    tokio::time::sleep(PAUSE).await;
                    if self.games_created().await? > first {
                        return Ok(self.note(&games, plans));
                    }
                }
            }
        }
        Err(last.map_or_else(|| anyhow::anyhow!("not tried"), anyhow::Error::from))
            .context("creating games")
    }

    async fn send_creation(&self, games: &[GameParams]) -> Result<(), SendError> {
        let table = &self.table;
        let creator = table.authority.pubkey();
        let create: Vec<_> = games
            .iter()
            .map(|params| ix::create_game(creator, table.house, *params, table.token))
            .collect();
        table.sender.send(&create, &table.authority, &[]).await?;
        Ok(())
    }

    fn note(&self, games: &[GameParams], plans: Vec<Plan>) -> Vec<(Pubkey, Plan)> {
        let created = games.iter().zip(plans).map(|(params, plan)| {
            let game = address::game(&self.table.house, params.id);
            self.board.created(game, *params, plan.sale);
            (game, plan)
        });
        created.collect()
    }

    async fn games_created(&self) -> Result<u64> {
        let address = address::treasury(&self.table.house);
        let treasury: Treasury = fetch_account(self.table.rpc(), &address).await?;
        Ok(treasury.games_created)
    }

    async fn join(&self, game: Pubkey, purchase: Purchase) -> Result<()> {
        let table = &self.table;
        let player = table.players.get(purchase.player).context("no such player")?;
        let order = ix::Purchase {
            player: player.pubkey(),
            house: table.house,
            game,
            tickets: purchase.tickets,
            nonce: purchase.nonce,
            max_total: u64::MAX,
        };
        let join = [ix::join(&order, table.token)];
        table
            .sender
            .send_with_limit(&join, JOIN_COMPUTE_UNITS, player, &[])
            .await?;
        Ok(())
    }
}
