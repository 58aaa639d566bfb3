//! What is seen of the draws from outside: when each value came on chain, when its
//! games were settled and paid; and how long a plain transfer takes that is sent the
//! moment a value is seen.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
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
use tokio::{sync::mpsc, task::JoinHandle};

use super::stage::{self, Stage};

/// Values that are seen within so long share a transfer.
const WAVE: Duration = Duration::from_millis(50);

/// Compute units of a transfer, with its limit's own.
const TRANSFER_COMPUTE_UNITS: u32 = 600;

/// A round, settled.
#[derive(Clone, Copy, Debug)]
struct Round {
    wave: usize,
    /// From its value processed to it confirmed.
    took: Duration,
    confirmed: Instant,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// When some node first had each value, and which wave that began or was part of.
    values: HashMap<Pubkey, (Instant, usize)>,
    waves: Vec<Instant>,
    /// When the transfer of each wave was confirmed.
    transfers: BTreeMap<usize, Instant>,
    /// The draw that each game was last bound to.
    bound: HashMap<Pubkey, Pubkey>,
    /// Rounds that were settled, as processed and as confirmed.
    processed: HashMap<Pubkey, u8>,
    confirmed: HashMap<Pubkey, u8>,
    settlements: Vec<Round>,
    /// Draws that were opened.
    pub draws: HashSet<Pubkey>,
    settled: HashSet<Pubkey>,
    paid: HashSet<Pubkey>,
}

impl Seen {
    /// Rounds that were settled.
    pub fn rounds(&self) -> usize {
        self.confirmed
            .values()
            .map(|rounds| usize::from(*rounds))
            .sum()
    }

    /// From each value processed to a round confirmed that it settled.
    pub fn settlements(&self) -> Vec<Duration> {
        self.settlements.iter().map(|round| round.took).collect()
    }

    /// From a value processed to a transfer confirmed that was sent at that moment.
    pub fn transfers(&self) -> Vec<Duration> {
        let waves = self.transfers.iter();
        let took = waves.filter_map(|(wave, at)| Some(at.duration_since(*self.waves.get(*wave)?)));
        took.collect()
    }

    /// How much later than that transfer each round was confirmed; milliseconds, less
    /// than zero for what was earlier.
    pub fn beyond(&self) -> Vec<i64> {
        let millis = |it: Duration| i64::try_from(it.as_millis()).unwrap_or(i64::MAX);
        let rounds = self.settlements.iter();
        let beyond = rounds.filter_map(|round| {
            let transfer = *self.transfers.get(&round.wave)?;
            let late = millis(round.confirmed.saturating_duration_since(transfer));
            let early = millis(transfer.saturating_duration_since(round.confirmed));
            Some(late - early)
        });
        beyond.collect()
    }

    /// Notes what a node has processed. Returns the wave that begins with it, if any.
    fn note_processed(&mut self, address: Pubkey, account: &Account) -> Option<usize> {
        match account {
            Account::Draw(draw) if draw.state == Draw::REVEALED => self.note_value(address),
            Account::Game(game) => {
                let draw = self.bind(address, game);
                let before = self.processed.insert(address, game.rounds_settled);
                // Its draw may have come and gone in one slot.
                let draw = draw.filter(|_| before.is_some_and(|it| it < game.rounds_settled))?;
                self.note_value(draw)
            }
            _ => None,
        }
    }

    fn note_value(&mut self, draw: Pubkey) -> Option<usize> {
        if self.values.contains_key(&draw) {
            return None;
        }
        let now = Instant::now();
        let last = self.waves.last();
        let begins = last.is_none_or(|last| now.duration_since(*last) > WAVE);
        if begins {
            self.waves.push(now);
        }
        let wave = self.waves.len() - 1;
        self.values.insert(draw, (now, wave));
        begins.then_some(wave)
    }

    /// The draw that a game is, or was last, bound to.
    fn bind(&mut self, address: Pubkey, game: &Game) -> Option<Pubkey> {
        if game.is(GameStatus::Drawing) {
            self.bound.insert(address, game.draw);
        }
        self.bound.get(&address).copied()
    }

    fn note_confirmed(&mut self, address: Pubkey, account: &Account) {
        match account {
            Account::Draw(_) => drop(self.draws.insert(address)),
            Account::Game(game) => self.note_game(address, game),
            _ => {}
        }
    }

    fn note_game(&mut self, address: Pubkey, game: &Game) {
        let before = self.confirmed.insert(address, game.rounds_settled);
        if game.rounds_settled > before.unwrap_or(0)
            && let Some(draw) = self.bound.get(&address)
            && let Some((since, wave)) = self.values.get(draw)
        {
            self.settlements.push(Round {
                wave: *wave,
                took: since.elapsed(),
                confirmed: Instant::now(),
            });
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
        let client = PubsubClient::new(localnet.ws_url()).await;
        let client = Arc::new(client.context("watching the program")?);
        let table = stage.first().context("there must be a house")?;
        let wallet = stage::funded_wallet(localnet).await?;
        let (begun, waves) = mpsc::unbounded_channel();
        let tasks = vec![
            tokio::spawn(follow_processed(client.clone(), seen.clone(), begun)),
            tokio::spawn(follow_confirmed(client, seen.clone())),
            tokio::spawn(transfer_with_each(
                waves,
                table.sender.clone(),
                wallet,
                seen.clone(),
            )),
        ];
        Ok(Self { seen, tasks })
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

async fn follow_processed(
    client: Arc<PubsubClient>,
    seen: Arc<Mutex<Seen>>,
    begun: mpsc::UnboundedSender<usize>,
) {
    follow(
        &client,
        CommitmentConfig::processed(),
        |address, account| {
            if let Some(wave) = lock(&seen).note_processed(address, account) {
                // It listens for as long as this does.
                let _ = begun.send(wave);
            }
        },
    )
    .await;
}

async fn follow_confirmed(client: Arc<PubsubClient>, seen: Arc<Mutex<Seen>>) {
    follow(
        &client,
        CommitmentConfig::confirmed(),
        |address, account| {
            lock(&seen).note_confirmed(address, account);
        },
    )
    .await;
}

async fn follow(
    client: &PubsubClient,
    commitment: CommitmentConfig,
    mut note: impl FnMut(Pubkey, &Account),
) {
    let config = RpcProgramAccountsConfig {
        account_config: RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(commitment),
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
            note(address, &decoded);
        }
    }
}

/// With each wave of values sends the simplest thing there is.
async fn transfer_with_each(
    mut waves: mpsc::UnboundedReceiver<usize>,
    sender: Sender,
    wallet: Keypair,
    seen: Arc<Mutex<Seen>>,
) {
    let wallet = Arc::new(wallet);
    let own = wallet.pubkey();
    while let Some(wave) = waves.recv().await {
        let lamports = u64::try_from(wave).unwrap_or(0) + 1;
        let (sender, wallet, seen) = (sender.clone(), wallet.clone(), seen.clone());
        tokio::spawn(async move {
            let pay = [transfer(&own, &own, lamports)];
            let sent = sender.send_with_limit(&pay, TRANSFER_COMPUTE_UNITS, &wallet, &[]);
            match sent.await {
                Ok(_) => drop(lock(&seen).transfers.insert(wave, Instant::now())),
                Err(error) => tracing::warn!(%error, "a plain transfer failed"),
            }
        });
    }
}
