//! What is seen of the draws from outside: when each value came on chain, when its
//! games were settled and paid; and how long plain transfers take meanwhile.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use lottery::state::{Draw, Game, GameStatus};
use lottery_client::{
    account::{Account, decode_any},
    lottery,
    sender::Sender,
};
use lottery_localnet::Localnet;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_api::config::{RpcAccountInfoConfig, RpcProgramAccountsConfig};
use solana_signer::Signer as _;
use solana_system_interface::instruction::transfer;
use tokio::task::JoinHandle;

use super::stage::{self, Stage};

/// Pause between two plain transfers.
const TRANSFERS: Duration = Duration::from_millis(300);

/// Compute units of a transfer, with its limit's own.
const TRANSFER_COMPUTE_UNITS: u32 = 600;

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Draws whose value is on chain, since when.
    revealed: HashMap<Pubkey, Instant>,
    /// The draw that each game is bound to.
    bound: HashMap<Pubkey, Pubkey>,
    /// From a value on chain to a round settled with it.
    pub settlements: Vec<Duration>,
    /// Draws that were opened.
    pub draws: HashSet<Pubkey>,
    rounds: HashMap<Pubkey, u8>,
    settled: HashSet<Pubkey>,
    paid: HashSet<Pubkey>,
    /// From sent to confirmed, of plain transfers.
    pub transfers: Vec<Duration>,
}

impl Seen {
    /// Rounds that were settled.
    pub fn rounds(&self) -> usize {
        self.rounds
            .values()
            .map(|rounds| usize::from(*rounds))
            .sum()
    }

    fn note(&mut self, address: Pubkey, account: &Account) {
        match account {
            Account::Draw(draw) => self.note_draw(address, draw),
            Account::Game(game) => self.note_game(address, game),
            _ => {}
        }
    }

    fn note_draw(&mut self, address: Pubkey, draw: &Draw) {
        self.draws.insert(address);
        if draw.state == Draw::REVEALED {
            self.revealed.entry(address).or_insert_with(Instant::now);
        }
    }

    fn note_game(&mut self, address: Pubkey, game: &Game) {
        if game.is(GameStatus::Drawing) {
            self.bound.insert(address, game.draw);
        }
        let before = self.rounds.insert(address, game.rounds_settled);
        if game.rounds_settled > before.unwrap_or(0)
            && let Some(draw) = self.bound.remove(&address)
            && let Some(since) = self.revealed.get(&draw)
        {
            self.settlements.push(since.elapsed());
        }
        if game.is(GameStatus::Settled) {
            self.settled.insert(address);
            if game.has(Game::FLAG_PAID) {
                self.paid.insert(address);
            }
        }
    }
}

/// Watches until finished.
pub struct Watch {
    seen: Arc<Mutex<Seen>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Watch {
    pub async fn start(localnet: &Localnet, stage: &Stage) -> Result<Self> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let client = PubsubClient::new(localnet.ws_url())
            .await
            .context("watching the program")?;
        let watcher = tokio::spawn(follow(client, seen.clone()));
        let table = stage.first().context("there must be a house")?;
        let wallet = stage::funded_wallet(localnet).await?;
        let transfers = tokio::spawn(transfer_all_the_while(
            table.sender.clone(),
            wallet,
            seen.clone(),
        ));
        Ok(Self {
            seen,
            tasks: vec![watcher, transfers],
        })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    pub fn settled(&self) -> usize {
        self.seen().settled.len()
    }

    pub fn is_settled(&self, games: usize) -> bool {
        self.settled() >= games
    }

    pub fn is_paid(&self, games: usize) -> bool {
        self.seen().paid.len() >= games
    }

    pub fn finish(&mut self) -> Seen {
        for task in self.tasks.drain(..) {
            task.abort();
        }
        std::mem::take(&mut *self.seen())
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn follow(client: PubsubClient, seen: Arc<Mutex<Seen>>) {
    let config = RpcProgramAccountsConfig {
        account_config: RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            ..Default::default()
        },
        ..Default::default()
    };
    let subscribed = client.program_subscribe(&lottery::ID, Some(config)).await;
    let Ok((mut changes, _)) = subscribed else {
        tracing::error!("cannot watch the program");
        return;
    };
    while let Some(change) = changes.next().await {
        let Ok(address) = change.value.pubkey.parse() else {
            continue;
        };
        let Some(account) = change.value.account.to_account() else {
            continue;
        };
        if let Ok(decoded) = decode_any(&account.owner, &account.data) {
            lock(&seen).note(address, &decoded);
        }
    }
}

async fn transfer_all_the_while(sender: Sender, wallet: Keypair, seen: Arc<Mutex<Seen>>) {
    let own = wallet.pubkey();
    for lamports in 1u64.. {
        let started = Instant::now();
        let pay = [transfer(&own, &own, lamports)];
        let sent = sender.send_with_limit(&pay, TRANSFER_COMPUTE_UNITS, &wallet, &[]);
        match sent.await {
            Ok(_) => lock(&seen).transfers.push(started.elapsed()),
            Err(error) => tracing::warn!(%error, "a plain transfer failed"),
        }
        tokio::time::sleep(TRANSFERS).await;
    }
}
