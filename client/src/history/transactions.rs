//! Transactions as a node's history has them.

use anchor_lang::Discriminator;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::{
    nonblocking::rpc_client::RpcClient, rpc_client::GetConfirmedSignaturesForAddress2Config,
};
use solana_rpc_client_api::config::RpcTransactionConfig;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_status_client_types::{
    EncodedTransaction, UiInnerInstructions, UiInstruction, UiTransactionEncoding,
    option_serializer::OptionSerializer,
};

use super::HistoryError;

/// Most signatures in one page of history.
const PAGE: usize = 1_000;

/// An instruction within a transaction.
#[derive(Clone, Debug)]
pub struct Called {
    pub program: Pubkey,
    pub accounts: Vec<Pubkey>,
    pub data: Vec<u8>,
    /// Which of the transaction's own instructions it is, or was called by.
    pub top: usize,
}

impl Called {
    /// Whether it is this instruction of the lottery program.
    pub fn is<T: Discriminator>(&self) -> bool {
        self.arguments::<T>().is_some()
    }

    /// The arguments of this instruction of the lottery program, if it is that.
    pub fn arguments<T: Discriminator>(&self) -> Option<&[u8]> {
        let ours = self.program == lottery::ID;
        self.data.strip_prefix(T::DISCRIMINATOR).filter(|_| ours)
    }

    pub fn names(&self, account: &Pubkey) -> bool {
        self.accounts.contains(account)
    }
}

/// A transaction that succeeded.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub slot: u64,
    /// Time of its block (unix seconds).
    pub time: Option<i64>,
    /// In the order they ran in: each of the transaction's own, then what it called.
    pub calls: Vec<Called>,
}

/// Reads a transaction.
pub async fn fetch(rpc: &RpcClient, signature: &Signature) -> Result<Fetched, HistoryError> {
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(1),
    };
    let fetched = rpc.get_transaction_with_config(signature, config).await?;
    let undecodable = || HistoryError::Transaction(*signature);
    let meta = fetched.transaction.meta.ok_or_else(undecodable)?;
    let EncodedTransaction::Binary(text, _) = fetched.transaction.transaction else {
        return Err(undecodable());
    };
    let bytes = STANDARD.decode(text).map_err(|_| undecodable())?;
    let transaction: VersionedTransaction =
        wincode::deserialize(&bytes).map_err(|_| undecodable())?;
    let mut keys = transaction.message.static_account_keys().to_vec();
    if let OptionSerializer::Some(loaded) = &meta.loaded_addresses {
        for key in loaded.writable.iter().chain(&loaded.readonly) {
            keys.push(key.parse().map_err(|_| undecodable())?);
        }
    }
    let OptionSerializer::Some(inner) = meta.inner_instructions else {
        return Err(HistoryError::NoInner(*signature));
    };
    let mut calls = Vec::new();
    for (top, instruction) in transaction.message.instructions().iter().enumerate() {
        let index = instruction.program_id_index;
        let data = instruction.data.clone();
        calls.push(called(&keys, top, index, &instruction.accounts, data).ok_or_else(undecodable)?);
        calls.extend(called_by(&keys, top, &inner).ok_or_else(undecodable)?);
    }
    Ok(Fetched {
        slot: fetched.slot,
        time: fetched.block_time,
        calls,
    })
}

/// What a transaction's own instruction called, directly or not.
fn called_by(keys: &[Pubkey], top: usize, inner: &[UiInnerInstructions]) -> Option<Vec<Called>> {
    inner
        .iter()
        .filter(|group| usize::from(group.index) == top)
        .flat_map(|group| &group.instructions)
        .map(|instruction| {
            let UiInstruction::Compiled(it) = instruction else {
                return None;
            };
            let data = bs58::decode(&it.data).into_vec().ok()?;
            called(keys, top, it.program_id_index, &it.accounts, data)
        })
        .collect()
}

fn called(
    keys: &[Pubkey],
    top: usize,
    program: u8,
    accounts: &[u8],
    data: Vec<u8>,
) -> Option<Called> {
    let key = |index: &u8| keys.get(usize::from(*index)).copied();
    Some(Called {
        program: key(&program)?,
        accounts: accounts.iter().map(key).collect::<Option<_>>()?,
        data,
        top,
    })
}

/// Successful transactions of an address, newest first.
pub struct Pages {
    address: Pubkey,
    page: std::vec::IntoIter<Signature>,
    before: Option<Signature>,
    ended: bool,
}

impl Pages {
    pub fn new(address: Pubkey) -> Self {
        Self {
            address,
            page: Vec::new().into_iter(),
            before: None,
            ended: false,
        }
    }

    pub async fn next(&mut self, rpc: &RpcClient) -> Result<Option<Signature>, HistoryError> {
        loop {
            if let Some(signature) = self.page.next() {
                return Ok(Some(signature));
            }
            if self.ended {
                return Ok(None);
            }
            let found = rpc
                .get_signatures_for_address_with_config(
                    &self.address,
                    GetConfirmedSignaturesForAddress2Config {
                        before: self.before,
                        until: None,
                        limit: Some(PAGE),
                        commitment: Some(CommitmentConfig::confirmed()),
                    },
                )
                .await?;
            let parsed = found
                .iter()
                .map(|row| Some((row.signature.parse().ok()?, row.err.is_none())))
                .collect::<Option<Vec<(Signature, bool)>>>()
                .ok_or(HistoryError::Signatures(self.address))?;
            let last = parsed.last().map(|(signature, _)| *signature);
            // A node that repeats a page would be asked for ever.
            self.ended = found.len() < PAGE || last == self.before;
            self.before = last;
            self.page = parsed
                .into_iter()
                .filter_map(|(signature, succeeded)| succeeded.then_some(signature))
                .collect::<Vec<_>>()
                .into_iter();
        }
    }
}
