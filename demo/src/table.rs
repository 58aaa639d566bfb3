//! A house on a cluster and the players who come to it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use lottery::state::{GameParams, HouseParams, HouseRules, Lane, Treasury};
use lottery_client::{
    address,
    history::fetch_account,
    instruction::{self as ix, Purchase, Token},
    rpc::Pool,
    sender::{Landed, Sender},
};
use lottery_localnet::Localnet;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signer::Signer as _;

/// Lamports in a SOL.
pub const SOL: u64 = 1_000_000_000;

/// Price of a ticket in the games below (base units).
pub const FEE: u64 = SOL / 100;

/// What a join may use: its cost is constant but for a prefunded entry address.
const JOIN_COMPUTE_UNITS: u32 = 10_000;

/// The same in a house that plays for a token.
const TOKEN_JOIN_COMPUTE_UNITS: u32 = 60_000;

/// Joins under way at once. Each waits for about a slot, so fewer would measure the
/// wait; the sender bounds what it asks of the node at once.
pub const CONCURRENT_JOINS: usize = 4_096;

/// A house, its authority and its players.
pub struct Table {
    pub sender: Sender,
    pub authority: Keypair,
    pub house: Pubkey,
    pub queue: Pubkey,
    /// What the house plays for, if not for native SOL.
    pub token: Option<Token>,
    pub players: Vec<Arc<Keypair>>,
}

/// How long a burst of joins took.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    pub joins: usize,
    pub took: Duration,
}

impl Burst {
    /// Confirmed joins per second.
    pub fn rate(&self) -> f64 {
        self.joins as f64 / self.took.as_secs_f64()
    }
}

impl Table {
    /// Opens a house under varied rules, with as many lanes as asked for.
    pub async fn open(
        localnet: &Localnet,
        lanes: u8,
        vary: impl FnOnce(&mut HouseParams),
    ) -> Result<Self> {
        Self::open_for(localnet, lanes, None, vary).await
    }

    /// As [`open`](Self::open), of a house that plays for a token.
    pub async fn open_for(
        localnet: &Localnet,
        lanes: u8,
        token: Option<Token>,
        vary: impl FnOnce(&mut HouseParams),
    ) -> Result<Self> {
        let queue = localnet
            .queue()
            .context("the cluster has no oracle queue: is the randomness stand-in loaded?")?;
        let authority = Keypair::new();
        localnet.airdrop(&authority.pubkey(), 500 * SOL).await?;
        let mut params = HouseParams {
            vrf_queue: queue,
            draw_timeout: 10_800,
            rules: HouseRules {
                treasury_wallet: authority.pubkey(),
                jackpot_mean: [SOL / 2, 5 * SOL, 50 * SOL],
                bounty: 10_000,
                claim_window: 86_400,
                prize_bps: 9_000,
                jackpot_bps: [300, 200, 100],
                treasury_bps: 400,
                reserve_bps: [1_000, 1_000, 2_000],
                open_creation: false,
            },
        };
        vary(&mut params);
        let table = Self {
            sender: Sender::new(Pool::single(
                localnet.rpc_url(),
                Some(localnet.ws_url().to_owned()),
            )),
            house: address::house(&authority.pubkey(), 0),
            authority,
            queue,
            token,
            players: Vec::new(),
        };
        let creator = table.authority.pubkey();
        table
            .send(&[ix::create_house(creator, 0, params, token)])
            .await
            .context("creating the house")?;
        for index in 0..lanes {
            table.open_lane(index).await?;
        }
        Ok(table)
    }

    /// Opens one lane.
    pub async fn open_lane(&self, index: u8) -> Result<()> {
        // A slot whose hash the cluster certainly knows already.
        let slot = self.clock().await?.slot.saturating_sub(1);
        let open = ix::open_lane(self.authority.pubkey(), self.house, self.queue, index, slot);
        self.send(&[open])
            .await
            .with_context(|| format!("opening lane {index}"))
    }

    /// Sends instructions that the authority signs and pays for.
    pub async fn send(&self, instructions: &[Instruction]) -> Result<()> {
        self.sender.send(instructions, &self.authority, &[]).await?;
        Ok(())
    }

    /// The node.
    pub fn rpc(&self) -> &RpcClient {
        self.sender.rpc()
    }

    /// The chain's clock.
    pub async fn clock(&self) -> Result<Clock> {
        let address = Pubkey::from_str_const("SysvarC1ock11111111111111111111111111111111");
        let data = self.rpc().get_account_data(&address).await?;
        Ok(bincode::deserialize(&data)?)
    }

    /// Brings players to the table, each with `lamports`.
    pub async fn seat(&mut self, localnet: &Localnet, count: usize, lamports: u64) -> Result<()> {
        let players: Vec<_> = (0..count).map(|_| Arc::new(Keypair::new())).collect();
        let wallets: Vec<_> = players.iter().map(|player| player.pubkey()).collect();
        localnet.fund(&wallets, lamports).await?;
        self.players.extend(players);
        Ok(())
    }

    /// Creates the house's next game.
    pub async fn create_game(&self, params: impl FnOnce(u64, i64) -> GameParams) -> Result<Pubkey> {
        let treasury: Treasury = fetch_account(self.rpc(), &address::treasury(&self.house)).await?;
        let params = params(treasury.games_created, self.clock().await?.unix_timestamp);
        let creator = self.authority.pubkey();
        self.send(&[ix::create_game(creator, self.house, params, self.token)])
            .await
            .context("creating a game")?;
        Ok(address::game(&self.house, params.id))
    }

    /// Has the first `players` players join a game, all at once; player `n` buys
    /// `tickets(n)`. `seen` is called after each confirmed join.
    pub async fn join_all(
        &self,
        game: Pubkey,
        players: usize,
        tickets: impl Fn(usize) -> u32,
        seen: impl Fn(),
    ) -> Result<Burst> {
        self.join_spread(&[game], players, tickets, seen).await
    }

    /// As [`join_all`](Self::join_all), player `n` in game `n % games`.
    pub async fn join_spread(
        &self,
        games: &[Pubkey],
        players: usize,
        tickets: impl Fn(usize) -> u32,
        seen: impl Fn(),
    ) -> Result<Burst> {
        ensure!(
            players <= self.players.len(),
            "{players} players wanted, {} seated",
            self.players.len()
        );
        let orders: Vec<_> = self.players[..players]
            .iter()
            .enumerate()
            .zip(games.iter().cycle())
            .map(|((n, player), game)| (*game, player.clone(), tickets(n)))
            .collect();
        let started = Instant::now();
        stream::iter(orders)
            .map(|(game, player, tickets)| self.join(game, player, tickets, 0))
            .buffer_unordered(CONCURRENT_JOINS)
            .try_for_each(|_| {
                seen();
                async { Ok(()) }
            })
            .await?;
        Ok(Burst {
            joins: players,
            took: started.elapsed(),
        })
    }

    /// Has a player join a game and waits until that is confirmed; `nonce` tells the
    /// player's entries in one game apart.
    pub async fn join(
        &self,
        game: Pubkey,
        player: Arc<Keypair>,
        tickets: u32,
        nonce: u16,
    ) -> Result<Landed> {
        let purchase = Purchase {
            player: player.pubkey(),
            house: self.house,
            game,
            tickets,
            nonce,
            max_total: u64::MAX,
        };
        let limit = match self.token {
            None => JOIN_COMPUTE_UNITS,
            Some(_) => TOKEN_JOIN_COMPUTE_UNITS,
        };
        self.sender
            .send_with_limit(&[ix::join(&purchase, self.token)], limit, &player, &[])
            .await
            .with_context(|| format!("player {} joining game {game}", player.pubkey()))
    }

    /// The state of a lane.
    pub async fn lane(&self, index: u8) -> Result<Lane> {
        Ok(fetch_account(self.rpc(), &address::lane(&self.house, index)).await?)
    }
}

/// The mean contribution to the minor jackpot that a sold-out game of `tickets` makes:
/// with this mean, it hits for certain.
pub fn certain_mean(params: &HouseParams, tickets: u32) -> u64 {
    let [minor, ..] = params.rules.jackpot_bps;
    lottery::math::bps_of(FEE * u64::from(tickets), minor)
}

/// A game of one round and one winner, that sells `tickets` and is drawn when
/// they are sold.
pub fn one_round(id: u64, now: i64, tickets: u32) -> GameParams {
    let mut place_bps = [0; 32];
    place_bps[0] = 10_000;
    GameParams {
        id,
        entry_fee: FEE,
        opens_at: now - 60,
        closes_at: now + 3_600,
        min_tickets: 1,
        max_tickets: tickets,
        max_tickets_per_entry: tickets.min(100),
        round_interval: 1,
        rounds: 1,
        winners: 1,
        keep_bps: [0; 8],
        place_bps,
    }
}

/// A game of five rounds that keep half each, and three places.
pub fn five_rounds(id: u64, now: i64, tickets: u32) -> GameParams {
    let mut params = one_round(id, now, tickets);
    params.rounds = 5;
    params.winners = 3;
    params.min_tickets = 3;
    params.keep_bps[..4].copy_from_slice(&[5_000; 4]);
    params.place_bps[..3].copy_from_slice(&[5_000, 3_000, 2_000]);
    params
}

/// A game that closes in `seconds` and is cancelled if it is not sold out then.
pub fn doomed(id: u64, now: i64, tickets: u32, seconds: i64) -> GameParams {
    let mut params = one_round(id, now, tickets);
    params.min_tickets = tickets;
    params.closes_at = now + seconds;
    params
}
