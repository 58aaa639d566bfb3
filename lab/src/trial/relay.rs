//! What happens on a cluster, told by a scripted Yellowstone server: a real chain behind a
//! stream that can be made to misbehave, with forks that the cluster itself never has.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::Write as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anchor_lang::Discriminator as _;
use anyhow::{Context as _, Result};
use lottery::state::Entry;
use lottery_indexer::{
    ledger::{encoded, fetch},
    source::{AccountUpdate, Call, TransactionUpdate, take_snapshot},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::{
    nonblocking::rpc_client::RpcClient, rpc_client::GetConfirmedSignaturesForAddress2Config,
};
use solana_signature::Signature;
use solana_transaction_error::TransactionError;
use solana_transaction_status_client_types::EncodedConfirmedTransactionWithStatusMeta;
use tempfile::NamedTempFile;
use tokio::task::JoinSet;

use super::world::World;
use crate::{
    GeyserChain, RpcFault, RpcProxy, Rule, ScriptedGeyser,
    lock::lock,
    scripted_geyser::{ScriptedAccount, ScriptedCall, ScriptedTransaction},
    scripted_rpc::Depths,
};

/// Pause between two looks at the cluster.
const LOOKS: Duration = Duration::from_millis(60);

/// Slots until a block cannot be undone.
const FINALITY: u64 = 8;

/// Share of slots without a transaction that another block was made for first.
const FORKS: f64 = 0.3;

/// Accounts that change in such a block.
const CHANGED: usize = 8;

/// A server that tells of a cluster; it falls silent when this is dropped.
pub struct Relay {
    pub server: ScriptedGeyser,
    /// Who vouches for it.
    authority: NamedTempFile,
    forked: Slots,
    forks: Arc<AtomicBool>,
    _task: JoinSet<()>,
}

impl Relay {
    /// Tells what happens from now on; with `forks`, also what does not.
    pub async fn start(world: &World, forks: bool) -> Result<Self> {
        let rpc = world.localnet.rpc_client();
        let begun = take_snapshot(&rpc, CommitmentConfig::confirmed()).await?;
        let slot = u64::try_from(begun.slot)?;
        let server = ScriptedGeyser::start_secure_after(slot, 7).await?;
        let mut authority = NamedTempFile::new()?;
        authority.write_all(server.authority().unwrap_or_default().as_bytes())?;
        server.chain.set_depths(Depths {
            confirmed: 0,
            finalized: FINALITY,
        });
        let (forked, forks) = (Slots::default(), Arc::new(AtomicBool::new(forks)));
        let mut teller = Teller {
            forked: forked.clone(),
            chain: server.chain.clone(),
            last: slot,
            tip: slot,
            model: None,
            accounts: by_address(begun.accounts),
            newest: None,
            rpc,
            forks: forks.clone(),
            chance: StdRng::seed_from_u64(7),
        };
        teller.transactions().await?;
        let mut task = JoinSet::new();
        task.spawn(async move {
            loop {
                if let Err(error) = teller.look().await {
                    tracing::warn!("cannot look at the cluster: {error:#}");
                }
                tokio::time::sleep(LOOKS).await;
            }
        });
        Ok(Self {
            server,
            authority,
            forked,
            forks,
            _task: task,
        })
    }
}

/// A transaction and its time (unix seconds).
type Executed = (ScriptedTransaction, Option<i64>);

impl Relay {
    /// From now on there are no forks.
    pub fn calm(&self) {
        self.forks.store(false, Ordering::Relaxed);
    }

    /// A file of who vouches for the server.
    pub fn authority(&self) -> &Path {
        self.authority.path()
    }

    /// Has a node agree: where another block was voted down there is none.
    pub(super) fn agree(&self, node: &RpcProxy) {
        let forked = self.forked.clone();
        let hide = RpcFault::lie(move |_, answer| {
            let forked = lock(&forked);
            if let Some(blocks) = answer["result"].as_array_mut() {
                blocks.retain(|slot| slot.as_u64().is_none_or(|it| !forked.contains(&it)));
            }
        });
        node.weather.add(Rule::on("getBlocks", hide));
    }
}

/// Those of blocks that nobody voted for.
type Slots = Arc<Mutex<BTreeSet<u64>>>;

type Accounts = HashMap<Pubkey, AccountUpdate>;

fn by_address(accounts: Vec<AccountUpdate>) -> Accounts {
    let accounts = accounts.into_iter();
    accounts.map(|account| (account.address, account)).collect()
}

struct Teller {
    rpc: RpcClient,
    chain: GeyserChain,
    /// Up to here everything was told.
    last: u64,
    accounts: Accounts,
    /// The newest transaction that was seen.
    newest: Option<Signature>,
    forked: Slots,
    /// What the next block builds on.
    tip: u64,
    /// Some transaction.
    model: Option<ScriptedTransaction>,
    forks: Arc<AtomicBool>,
    /// Decides on forks, while there are any.
    chance: StdRng,
}

impl Teller {
    /// Tells what is new.
    async fn look(&mut self) -> Result<()> {
        let snapshot = take_snapshot(&self.rpc, CommitmentConfig::confirmed()).await?;
        let slot = u64::try_from(snapshot.slot)?;
        if slot <= self.last {
            return Ok(());
        }
        let mut transactions = self.transactions().await?;
        let after = by_address(snapshot.accounts);
        for next in self.last + 1..=slot {
            let executed = transactions.remove(&next).unwrap_or_default();
            let is_empty = executed.is_empty() && (next < slot || self.changed(&after).is_empty());
            if is_empty && self.fork(next) {
                continue;
            }
            self.chain.begin(next, self.tip);
            if next == slot {
                self.change(next, &after);
            }
            for (transaction, time) in executed {
                self.chain.set_time(next, time);
                self.model = Some(transaction.clone());
                self.chain.transact(next, transaction);
            }
            self.chain.seal(next);
            self.tip = next;
        }
        (self.last, self.accounts) = (slot, after);
        Ok(())
    }

    /// By chance, makes a block that nobody will vote for, and in it what never happened.
    fn fork(&mut self, slot: u64) -> bool {
        if !self.forks.load(Ordering::Relaxed) || !self.chance.random_bool(FORKS) {
            return false;
        }
        self.chain.begin(slot, self.tip);
        let mut accounts: Vec<&AccountUpdate> = self.accounts.values().collect();
        accounts.sort_by_key(|account| account.address);
        // Entries first: they are what there is most of.
        accounts.sort_by_key(|account| !account.data.starts_with(Entry::DISCRIMINATOR));
        for account in accounts.iter().take(CHANGED) {
            let changed = ScriptedAccount {
                lamports: account.lamports + 1,
                ..scripted(account)
            };
            // Of the others there is one of a kind at most.
            if account.data.starts_with(Entry::DISCRIMINATOR) {
                let address = Pubkey::new_unique();
                let unseen = ScriptedAccount {
                    address,
                    ..changed.clone()
                };
                self.chain.put(slot, unseen);
            }
            self.chain.put(slot, changed);
        }
        if let Some(model) = self.model.clone() {
            let mut signature = [9; 64];
            signature[..8].copy_from_slice(&slot.to_le_bytes());
            // What succeeds once does not succeed again.
            let transaction = ScriptedTransaction {
                signature: signature.into(),
                error: Some(TransactionError::AccountInUse),
                inner: None,
                ..model
            };
            self.chain.transact(slot, transaction);
        }
        self.chain.freeze(slot);
        lock(&self.forked).insert(slot);
        true
    }

    /// What differs from the last look.
    fn changed(&self, after: &Accounts) -> Vec<ScriptedAccount> {
        let is_known = |account: &AccountUpdate| {
            let before = self.accounts.get(&account.address);
            before.is_some_and(|it| (it.lamports, &it.data) == (account.lamports, &account.data))
        };
        let changed = after.values().filter(|account| !is_known(account));
        changed.map(scripted).collect()
    }

    /// It was written in this slot, or before it.
    fn change(&self, slot: u64, after: &Accounts) {
        for account in self.changed(after) {
            self.chain.put(slot, account);
        }
        let gone = self.accounts.keys().filter(|it| !after.contains_key(*it));
        for address in gone {
            self.chain.close(slot, *address);
        }
    }

    /// The transactions since the last look, by slot, oldest first, with their times.
    async fn transactions(&mut self) -> Result<BTreeMap<u64, Vec<Executed>>> {
        let confirmed = CommitmentConfig::confirmed();
        let config = GetConfirmedSignaturesForAddress2Config {
            until: self.newest,
            commitment: Some(confirmed),
            ..GetConfirmedSignaturesForAddress2Config::default()
        };
        let listed = self
            .rpc
            .get_signatures_for_address_with_config(&lottery::ID, config);
        let mut told = BTreeMap::<u64, Vec<Executed>>::new();
        for row in listed.await?.iter().rev() {
            let signature: Signature = row.signature.parse()?;
            if row.slot > self.last {
                let read = fetch(&self.rpc, confirmed, &signature).await?;
                let read = read.context("it is listed and not served")?;
                let update = encoded::read(signature, &read)?;
                let time = update.block_time;
                let balances = balances(&read);
                let transaction = executed(update, balances);
                told.entry(row.slot).or_default().push((transaction, time));
            }
            self.newest = Some(signature);
        }
        Ok(told)
    }
}

fn scripted(account: &AccountUpdate) -> ScriptedAccount {
    ScriptedAccount {
        address: account.address,
        lamports: account.lamports,
        owner: account.owner,
        data: account.data.clone(),
    }
}

/// Lamports of every key, before and after.
fn balances(read: &EncodedConfirmedTransactionWithStatusMeta) -> Vec<(u64, u64)> {
    let meta = read.transaction.meta.iter();
    let pairs = meta.flat_map(|meta| meta.pre_balances.iter().zip(&meta.post_balances));
    pairs.map(|(before, after)| (*before, *after)).collect()
}

fn executed(update: TransactionUpdate, balances: Vec<(u64, u64)>) -> ScriptedTransaction {
    let inner = update.inner.map(|inner| {
        let mut calls = BTreeMap::<u32, Vec<ScriptedCall>>::new();
        for (index, made) in inner {
            calls.entry(index.into()).or_default().push(call(made));
        }
        calls.into_iter().collect()
    });
    ScriptedTransaction {
        signature: update.signature,
        balances,
        keys: update.keys,
        instructions: update.instructions.into_iter().map(call).collect(),
        inner,
        error: update.error,
        fee: update.fee,
        compute_units: update.compute_units,
        returned: update.returned,
        ..ScriptedTransaction::default()
    }
}

fn call(made: Call) -> ScriptedCall {
    ScriptedCall {
        program: made.program,
        accounts: made.accounts,
        data: made.data,
    }
}
