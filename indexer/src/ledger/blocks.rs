//! Whole blocks, where so many transactions are wanted of one that asking for each would
//! cost the node far more: a burst of joins is hundreds a slot.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::ErrorKind,
    config::RpcBlockConfig,
    request::{RpcError, RpcRequest},
};
use solana_signature::Signature;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta as Transaction, TransactionDetails, UiConfirmedBlock,
    UiTransactionEncoding,
};

use crate::error::LedgerError;

/// Transactions of a slot for which its block is asked for. A full block is some 5 MB; one
/// transaction is some 3 kB, and a question of its own.
pub const WORTH: usize = 64;

/// Blocks asked for at the same time.
const CONCURRENCY: usize = 2;

/// What blocks held and nobody took yet.
#[derive(Default)]
pub(super) struct Blocks(HashMap<Signature, Transaction>);

impl Blocks {
    /// Asks for blocks of these transactions, each named with its slot. What is of a slot of
    /// few, or of a block that the node does not have, is left out; what else a block holds
    /// of the program's is kept, as a slot may be wanted a page at a time.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn read(
        &mut self,
        rpc: &RpcClient,
        commitment: CommitmentConfig,
        wanted: impl Iterator<Item = (u64, Signature)>,
    ) -> Result<(), LedgerError> {
        let mut slots: BTreeMap<u64, HashSet<Signature>> = BTreeMap::new();
        for (slot, signature) in wanted.filter(|(_, it)| !self.0.contains_key(it)) {
            slots.entry(slot).or_default().insert(signature);
        }
        slots.retain(|_, wanted| wanted.len() >= WORTH);
        let blocks: Vec<_> = stream::iter(slots)
            .map(async |(slot, wanted)| block(rpc, commitment, slot, &wanted).await)
            .buffered(CONCURRENCY)
            .try_collect()
            .await?;
        self.0.extend(blocks.into_iter().flatten());
        Ok(())
    }

    /// Hands out a transaction, if it is at hand.
    pub fn take(&mut self, signature: &Signature) -> Option<Transaction> {
        self.0.remove(signature)
    }

    /// Forgets what is of other slots.
    pub fn keep(&mut self, slot: u64) {
        self.0.retain(|_, transaction| transaction.slot == slot);
    }
}

async fn block(
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    slot: u64,
    wanted: &HashSet<Signature>,
) -> Result<Vec<(Signature, Transaction)>, LedgerError> {
    let config = RpcBlockConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        transaction_details: Some(TransactionDetails::Full),
        rewards: Some(false),
        commitment: Some(commitment),
        max_supported_transaction_version: Some(1),
    };
    let asked = rpc.send(RpcRequest::GetBlock, serde_json::json!([slot, config]));
    let block: Option<UiConfirmedBlock> = match asked.await {
        Ok(block) => block,
        Err(error) => match error.kind() {
            // Asked for one by one, the transactions show what is the matter.
            ErrorKind::RpcError(RpcError::RpcResponseError { .. }) => None,
            _ => return Err(error.into()),
        },
    };
    let Some(block) = block else {
        return Ok(Vec::new());
    };
    let time = block.block_time;
    let all = (0u32..).zip(block.transactions.unwrap_or_default());
    let found = all.filter_map(|(index, transaction)| {
        let decoded = transaction.transaction.decode()?;
        let signature = decoded.signatures.first().copied()?;
        let transaction = Transaction {
            slot,
            transaction,
            block_time: time,
            transaction_index: Some(index),
        };
        let is_ours = decoded.message.static_account_keys().contains(&lottery::ID);
        (is_ours || wanted.contains(&signature)).then_some((signature, transaction))
    });
    Ok(found.collect())
}
