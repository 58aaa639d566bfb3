//! All accounts of the program by `getProgramAccounts`.

use serde_json::json;
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    request::RpcRequest,
    response::{OptionalContext, RpcKeyedAccount},
};

use super::{AccountUpdate, END_OF_SLOT, Snapshot, SourceError};

/// What is asked of every account, here and over the WebSocket.
pub(super) fn accounts_config(commitment: CommitmentConfig) -> RpcProgramAccountsConfig {
    RpcProgramAccountsConfig {
        filters: None,
        account_config: RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            data_slice: None,
            commitment: Some(commitment),
            min_context_slot: None,
        },
        with_context: Some(true),
        sort_results: None,
    }
}

/// A slot as the database has it.
pub(super) fn slot_number(slot: u64) -> Result<i64, SourceError> {
    i64::try_from(slot).map_err(|_| SourceError::Slot(slot))
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

/// All accounts of the program.
///
/// # Errors
/// When the node does not answer, or not as asked.
pub async fn take(rpc: &RpcClient, commitment: CommitmentConfig) -> Result<Snapshot, SourceError> {
    let answer: OptionalContext<Vec<RpcKeyedAccount>> = rpc
        .send(
            RpcRequest::GetProgramAccounts,
            json!([lottery::ID.to_string(), accounts_config(commitment)]),
        )
        .await?;
    let (slot, accounts) = match answer {
        OptionalContext::Context(answer) => (answer.context.slot, answer.value),
        // A node that ignores `withContext`: the slot asked for first is a lower
        // bound of the one the accounts were read at, which is all that is needed.
        OptionalContext::NoContext(_) => {
            let slot = rpc.get_slot_with_commitment(commitment).await?;
            let again: OptionalContext<Vec<RpcKeyedAccount>> = rpc
                .send(
                    RpcRequest::GetProgramAccounts,
                    json!([lottery::ID.to_string(), accounts_config(commitment)]),
                )
                .await?;
            (slot, again.parse_value())
        }
    };
    let slot = slot_number(slot)?;
    let accounts = accounts
        .iter()
        .map(|keyed| to_update(slot, &keyed.pubkey, &keyed.account))
        .collect::<Result<_, _>>()?;
    Ok(Snapshot { slot, accounts })
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
        ..accounts_config(commitment).account_config
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
