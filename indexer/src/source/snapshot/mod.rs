//! All accounts of the program by `getProgramAccounts`, in as many questions as it takes:
//! one while there are few, and never more in memory than one answer.

mod answer;
mod partition;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
    vec::IntoIter,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use serde_json::{Value, json};
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::config::RpcAccountInfoConfig;
use tokio::time::{sleep, timeout};

use super::{AccountUpdate, END_OF_SLOT, Event, Snapshot, SourceError};
use answer::Answer;
use partition::Partition;

/// Most accounts delivered together.
const PART: usize = 5_000;

/// Largest answer that is read (bytes): some 80,000 entries.
const MAX_ANSWER: usize = 32 << 20;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Longest wait for an answer, or for more of it: a node may have to search all that it has.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longest wait for the chain's slot.
const SLOT_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a question is asked again that a node was too busy for.
const RETRIES: usize = 5;

/// A snapshot as it is delivered: [`Event::Begin`], then parts, then [`Event::Complete`].
pub type Pieces<E = SourceError> = BoxStream<'static, Result<Event, E>>;

/// A supplier of snapshots.
pub trait Snapshots: Send + Sync + 'static {
    /// The slot that a snapshot would be of.
    fn slot(&self) -> impl Future<Output = Result<i64, SourceError>> + Send;

    /// All accounts of the program, none of them read before slot `least`.
    fn take(&self, least: i64) -> Pieces;
}

/// Snapshots by RPC.
#[derive(Clone)]
pub struct RpcSnapshots {
    rpc: Arc<RpcClient>,
    http: reqwest::Client,
    commitment: CommitmentConfig,
    largest: usize,
    /// What was too much for one answer.
    large: Arc<Mutex<BTreeSet<Partition>>>,
}

impl RpcSnapshots {
    /// Of a node, as it is at a commitment. At `processed` they may be of a block that is
    /// dropped later.
    ///
    /// # Errors
    /// When this machine cannot speak HTTP as configured.
    pub fn new(rpc: Arc<RpcClient>, commitment: CommitmentConfig) -> Result<Self, SourceError> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(PATIENCE)
            .build()
            .map_err(SourceError::http)?;
        Ok(Self {
            rpc,
            http,
            commitment,
            largest: MAX_ANSWER,
            large: Arc::default(),
        })
    }

    /// Reads no answer that has more bytes: whatever does is asked for in parts.
    #[must_use]
    pub fn with_largest_answer(self, bytes: usize) -> Self {
        Self {
            largest: bytes,
            ..self
        }
    }

    pub(super) fn rpc(&self) -> &Arc<RpcClient> {
        &self.rpc
    }

    pub(super) fn commitment(&self) -> CommitmentConfig {
        self.commitment
    }

    fn is_large(&self, partition: &Partition) -> bool {
        let large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        large.contains(partition)
    }

    fn note_large(&self, partition: &Partition) {
        let mut large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        large.insert(partition.clone());
    }

    /// Some of the accounts; `None` if that is too much for one answer.
    async fn ask(&self, some: &Partition, least: i64) -> Result<Option<Answer>, SourceError> {
        let config = RpcAccountInfoConfig {
            min_context_slot: u64::try_from(least).ok().filter(|least| *least > 0),
            ..account_config(self.commitment)
        };
        let mut config = json!(config);
        if let Value::Object(fields) = &mut config {
            fields.insert("filters".into(), some.filters());
            fields.insert("withContext".into(), true.into());
        }
        let question = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "getProgramAccounts",
            "params": [lottery::ID.to_string(), config],
        });
        let Some(body) = self.post(&question, least).await? else {
            return Ok(None);
        };
        let read = tokio::task::spawn_blocking(move || answer::read(&body, least));
        let read = read.await;
        read.map_err(|error| SourceError::Answer(error.to_string()))?
            .map(Some)
    }

    /// What is answered; `None` if that is too long.
    async fn post(&self, question: &Value, least: i64) -> Result<Option<Vec<u8>>, SourceError> {
        let sent = self.http.post(self.rpc.url()).json(question).send();
        let mut response = sent.await.map_err(SourceError::http)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(SourceError::http)? {
            if body.len().saturating_add(chunk.len()) > self.largest {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status();
        if status.is_success() {
            return Ok(Some(body));
        }
        let refused = answer::refusal(&body, least).filter(|_| status != 429);
        Err(refused.unwrap_or(SourceError::Status(status.as_u16())))
    }

    /// Asks until the node is not too busy. Once a snapshot is under way, a node that
    /// fails is asked again, too: much would have to be asked for a second time.
    async fn insist(
        &self,
        some: &Partition,
        least: i64,
        is_under_way: bool,
    ) -> Result<Option<Answer>, SourceError> {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(10))
            .with_max_times(RETRIES)
            .with_jitter()
            .build();
        loop {
            let error = match self.ask(some, least).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let is_worth_it = match &error {
                SourceError::Status(429) => true,
                SourceError::Status(500..) | SourceError::Http(_) => is_under_way,
                _ => false,
            };
            let Some(pause) = pauses.next().filter(|_| is_worth_it) else {
                return Err(error);
            };
            tracing::debug!(%error, ?pause, "part of a snapshot failed; asking again");
            sleep(pause).await;
        }
    }
}

impl Snapshots for RpcSnapshots {
    async fn slot(&self) -> Result<i64, SourceError> {
        chain_slot(&self.rpc, self.commitment).await
    }

    fn take(&self, least: i64) -> Pieces {
        let taking = Taking {
            from: self.clone(),
            least,
            left: vec![Partition::default()],
            lowest: None,
            accounts: Vec::new().into_iter(),
            is_done: false,
        };
        stream::try_unfold(taking, Taking::next).boxed()
    }
}

/// A snapshot under way.
struct Taking {
    from: RpcSnapshots,
    least: i64,
    /// What has not been asked for.
    left: Vec<Partition>,
    /// The lowest slot that anything was read at.
    lowest: Option<i64>,
    /// What has not been delivered.
    accounts: IntoIter<AccountUpdate>,
    is_done: bool,
}

impl Taking {
    async fn next(mut self) -> Result<Option<(Event, Self)>, SourceError> {
        loop {
            let part: Vec<AccountUpdate> = self.accounts.by_ref().take(PART).collect();
            if !part.is_empty() {
                return Ok(Some((Event::Part(part), self)));
            }
            let Some(some) = self.left.pop() else {
                let last = self.lowest.filter(|_| !self.is_done);
                self.is_done = true;
                return Ok(last.map(|slot| (Event::Complete { slot }, self)));
            };
            let answer = if self.from.is_large(&some) {
                None
            } else {
                let is_under_way = self.lowest.is_some();
                self.from.insist(&some, self.least, is_under_way).await?
            };
            let Some(answer) = answer else {
                let parts = some
                    .split()
                    .ok_or(SourceError::TooLong(self.from.largest))?;
                self.from.note_large(&some);
                self.left.extend(parts);
                continue;
            };
            let begins = self.lowest.is_none();
            self.accept(&some, answer).await?;
            if begins {
                return Ok(Some((Event::Begin, self)));
            }
        }
    }

    async fn accept(&mut self, some: &Partition, answer: Answer) -> Result<(), SourceError> {
        let (slot, accounts) = match answer.slot {
            Some(slot) => (slot, answer.accounts),
            None => self.ask_slot_first(some).await?,
        };
        if slot < self.least {
            let known = self.least;
            return Err(SourceError::Behind { slot, known });
        }
        self.lowest = Some(self.lowest.map_or(slot, |lowest| lowest.min(slot)));
        self.accounts = accounts.into_iter();
        Ok(())
    }

    /// Of a node that does not tell the slot: one asked for first is a lower bound of the
    /// one the accounts are read at, which is all that is needed.
    async fn ask_slot_first(
        &self,
        some: &Partition,
    ) -> Result<(i64, Vec<AccountUpdate>), SourceError> {
        let slot = self.from.slot().await?;
        let answer = self.from.ask(some, self.least).await?;
        let too_long = SourceError::TooLong(self.from.largest);
        let mut accounts = answer.ok_or(too_long)?.accounts;
        accounts.iter_mut().for_each(|account| account.slot = slot);
        Ok((slot, accounts))
    }
}

/// What is asked of every account, here and over the WebSocket.
pub(super) fn account_config(commitment: CommitmentConfig) -> RpcAccountInfoConfig {
    RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        data_slice: None,
        commitment: Some(commitment),
        min_context_slot: None,
    }
}

/// A slot as the database has it.
pub(super) fn slot_number(slot: u64) -> Result<i64, SourceError> {
    i64::try_from(slot).map_err(|_| SourceError::Slot(slot))
}

/// The chain's slot, or an error soon.
pub(super) async fn chain_slot(
    rpc: &RpcClient,
    commitment: CommitmentConfig,
) -> Result<i64, SourceError> {
    let asked = timeout(SLOT_TIMEOUT, rpc.get_slot_with_commitment(commitment)).await;
    slot_number(asked.map_err(|_| SourceError::Timeout(SLOT_TIMEOUT.as_secs()))??)
}

/// An account as RPC sends it.
pub(super) fn to_update(
    slot: i64,
    address: &str,
    account: &UiAccount,
) -> Result<AccountUpdate, SourceError> {
    let encoding = || SourceError::Encoding(address.to_owned());
    Ok(AccountUpdate {
        address: address.parse().map_err(|_| encoding())?,
        slot,
        write_version: END_OF_SLOT,
        lamports: account.lamports,
        owner: account.owner.parse().map_err(|_| encoding())?,
        data: account.data.decode().ok_or_else(encoding)?,
    })
}

/// All accounts of the program at once, for those who compare.
///
/// # Errors
/// When the node does not answer, or not as asked.
pub async fn take(rpc: &RpcClient, commitment: CommitmentConfig) -> Result<Snapshot, SourceError> {
    let rpc = Arc::new(RpcClient::new(rpc.url()));
    let mut pieces = RpcSnapshots::new(rpc, commitment)?.take(0);
    let mut snapshot = Snapshot {
        slot: 0,
        accounts: Vec::new(),
    };
    while let Some(piece) = pieces.next().await {
        match piece? {
            Event::Part(accounts) => snapshot.accounts.extend(accounts),
            Event::Complete { slot } => snapshot.slot = slot,
            _ => {}
        }
    }
    Ok(snapshot)
}

/// Most accounts that one `getMultipleAccounts` may name.
pub const MAX_READ: usize = 100;

/// Reads at most [`MAX_READ`] accounts, as of a slot or later; one that is gone comes
/// without balance.
///
/// # Errors
/// When the node does not answer, or not as asked.
pub async fn read(
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    addresses: &[Pubkey],
    least_slot: Option<i64>,
) -> Result<Vec<AccountUpdate>, SourceError> {
    let config = RpcAccountInfoConfig {
        min_context_slot: least_slot.and_then(|slot| u64::try_from(slot).ok()),
        ..account_config(commitment)
    };
    let answer = rpc
        .get_multiple_ui_accounts_with_config(addresses, config)
        .await?;
    let slot = slot_number(answer.context.slot)?;
    addresses
        .iter()
        .zip(&answer.value)
        .map(|(address, account)| match account {
            Some(account) => to_update(slot, &address.to_string(), account),
            None => Ok(AccountUpdate::closed(*address, slot)),
        })
        .collect()
}

/// What tells one cluster from another.
///
/// # Errors
/// When the node does not answer.
pub async fn genesis_hash(rpc: &RpcClient) -> Result<String, SourceError> {
    Ok(rpc.get_genesis_hash().await?.to_string())
}
