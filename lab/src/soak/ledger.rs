//! The ledger of a run: every transaction of every block, in order, with what it cost
//! and what it called.

use anyhow::{Context as _, Result, anyhow};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::config::RpcBlockConfig;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;
use solana_transaction_status_client_types::{
    EncodedTransaction, EncodedTransactionWithStatusMeta, TransactionDetails, UiInnerInstructions,
    UiInstruction, UiTransactionEncoding, UiTransactionStatusMeta,
    option_serializer::OptionSerializer,
};

use super::insist::insist;

/// Blocks asked for at the same time.
const FETCHES: usize = 8;

/// Most slots in one question for blocks.
const SLOTS: u64 = 100_000;

const VOTE_PROGRAM: Pubkey = Pubkey::from_str_const("Vote111111111111111111111111111111111111111");

/// An instruction within a transaction.
#[derive(Clone, Debug)]
pub struct Called {
    pub program: Pubkey,
    pub accounts: Vec<Pubkey>,
    pub data: Vec<u8>,
    /// Whether an instruction of the transaction called it.
    pub is_inner: bool,
}

/// A transaction in a block.
#[derive(Clone, Debug)]
pub struct Landed {
    pub signature: Signature,
    pub slot: u64,
    /// Lamports.
    pub fee: u64,
    pub error: Option<TransactionError>,
    /// All accounts, the fee payer first.
    pub accounts: Vec<Pubkey>,
    /// Lamports of each before and after.
    pub before: Vec<u64>,
    pub after: Vec<u64>,
    /// In the order they ran in.
    pub calls: Vec<Called>,
}

impl Landed {
    /// Who paid the fee.
    pub fn payer(&self) -> Option<&Pubkey> {
        self.accounts.first()
    }

    pub fn succeeded(&self) -> bool {
        self.error.is_none()
    }
}

/// All transactions from after one slot up to another, but votes.
pub async fn read(rpc: &RpcClient, after: u64, to: u64) -> Result<Vec<Landed>> {
    let mut slots = Vec::new();
    let mut from = after + 1;
    while from <= to {
        let end = to.min(from + SLOTS);
        let commitment = CommitmentConfig::confirmed();
        let ask = async || {
            rpc.get_blocks_with_commitment(from, Some(end), commitment)
                .await
        };
        let some = insist(ask).await.context("asking which blocks there are")?;
        slots.extend(some);
        from = end + 1;
    }
    let blocks: Vec<Vec<Landed>> = stream::iter(slots)
        .map(|slot| insist(async move || block(rpc, slot).await))
        .buffered(FETCHES)
        .try_collect()
        .await?;
    Ok(blocks.into_iter().flatten().collect())
}

async fn block(rpc: &RpcClient, slot: u64) -> Result<Vec<Landed>> {
    let config = RpcBlockConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        transaction_details: Some(TransactionDetails::Full),
        rewards: Some(false),
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(1),
    };
    let block = rpc
        .get_block_with_config(slot, config)
        .await
        .with_context(|| format!("block {slot}"))?;
    let transactions = block.transactions.unwrap_or_default();
    let landed = transactions.into_iter().map(|it| landed(slot, it));
    landed
        .filter_map(Result::transpose)
        .collect::<Result<_>>()
        .with_context(|| format!("block {slot}"))
}

/// `None` for a vote.
fn landed(slot: u64, encoded: EncodedTransactionWithStatusMeta) -> Result<Option<Landed>> {
    let EncodedTransaction::Binary(text, _) = encoded.transaction else {
        return Err(anyhow!("a transaction in another encoding than asked for"));
    };
    let transaction: VersionedTransaction = wincode::deserialize(&STANDARD.decode(text)?)
        .map_err(|error| anyhow!("a transaction that cannot be read: {error}"))?;
    let signature = transaction.signatures.first().copied();
    let signature = signature.context("a transaction without signatures")?;
    let meta = encoded.meta.context("a transaction without its effects")?;
    let accounts = accounts(&transaction, &meta)?;
    let calls = calls(&transaction, &accounts, &meta)?;
    if calls.iter().all(|called| called.program == VOTE_PROGRAM) {
        return Ok(None);
    }
    Ok(Some(Landed {
        signature,
        slot,
        fee: meta.fee,
        error: meta.err.map(TransactionError::from),
        accounts,
        before: meta.pre_balances,
        after: meta.post_balances,
        calls,
    }))
}

fn accounts(
    transaction: &VersionedTransaction,
    meta: &UiTransactionStatusMeta,
) -> Result<Vec<Pubkey>> {
    let mut accounts = transaction.message.static_account_keys().to_vec();
    if let OptionSerializer::Some(loaded) = &meta.loaded_addresses {
        for address in loaded.writable.iter().chain(&loaded.readonly) {
            accounts.push(address.parse()?);
        }
    }
    Ok(accounts)
}

/// Each of the transaction's own instructions, then what it called.
fn calls(
    transaction: &VersionedTransaction,
    accounts: &[Pubkey],
    meta: &UiTransactionStatusMeta,
) -> Result<Vec<Called>> {
    let inner = match &meta.inner_instructions {
        OptionSerializer::Some(inner) => inner.as_slice(),
        _ => &[],
    };
    let mut calls = Vec::new();
    for (index, own) in transaction.message.instructions().iter().enumerate() {
        let data = own.data.clone();
        calls.push(called(
            accounts,
            own.program_id_index,
            &own.accounts,
            data,
            false,
        )?);
        let groups = inner
            .iter()
            .filter(|group| usize::from(group.index) == index);
        for group in groups {
            calls.extend(inner_calls(accounts, group)?);
        }
    }
    Ok(calls)
}

fn inner_calls(accounts: &[Pubkey], group: &UiInnerInstructions) -> Result<Vec<Called>> {
    let calls = group.instructions.iter().map(|instruction| {
        let UiInstruction::Compiled(it) = instruction else {
            return Err(anyhow!("an instruction in another encoding than asked for"));
        };
        let data = bs58::decode(&it.data).into_vec()?;
        called(accounts, it.program_id_index, &it.accounts, data, true)
    });
    calls.collect()
}

fn called(
    accounts: &[Pubkey],
    program: u8,
    named: &[u8],
    data: Vec<u8>,
    is_inner: bool,
) -> Result<Called> {
    let account = |index: &u8| accounts.get(usize::from(*index)).copied();
    let named = named.iter().map(account).collect::<Option<_>>();
    Ok(Called {
        program: account(&program).context("an instruction of no program")?,
        accounts: named.context("an instruction that names no account")?,
        data,
        is_inner,
    })
}
