//! What the ledger asks a node, beside signatures.

use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::{
    nonblocking::rpc_client::RpcClient, rpc_client::GetConfirmedSignaturesForAddress2Config,
};
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    config::RpcTransactionConfig,
    custom_error::JSON_RPC_SERVER_ERROR_FILTER_TRANSACTION_NOT_FOUND,
    request::{RpcError, RpcRequest},
};
use solana_signature::Signature;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, UiTransactionEncoding,
};

use crate::{
    error::LedgerError,
    source::{SourceError, at_least_confirmed},
};

/// A transaction, if the node has it.
///
/// # Errors
/// When the node does not answer, or not as asked.
pub async fn fetch(
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    signature: &Signature,
) -> Result<Option<EncodedConfirmedTransactionWithStatusMeta>, LedgerError> {
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(at_least_confirmed(commitment)),
        max_supported_transaction_version: Some(1),
    };
    let asked = serde_json::json!([signature.to_string(), config]);
    Ok(rpc.send(RpcRequest::GetTransaction, asked).await?)
}

/// Slot of the newest transaction that named the program.
///
/// # Errors
/// When the node does not answer, or not as asked.
pub async fn newest_transaction(
    rpc: &RpcClient,
    commitment: CommitmentConfig,
) -> Result<Option<i64>, SourceError> {
    let newest = rpc
        .get_signatures_for_address_with_config(
            &lottery::ID,
            GetConfirmedSignaturesForAddress2Config {
                before: None,
                until: None,
                limit: Some(1),
                commitment: Some(at_least_confirmed(commitment)),
            },
        )
        .await?;
    newest
        .first()
        .map(|info| i64::try_from(info.slot).map_err(|_| SourceError::Slot(info.slot)))
        .transpose()
}

/// Whether the node refused because it does not have the signature that was to
/// be read from.
pub(super) fn is_unknown_signature(error: &ClientError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::RpcError(RpcError::RpcResponseError { code, .. })
            if *code == JSON_RPC_SERVER_ERROR_FILTER_TRANSACTION_NOT_FOUND
    )
}

pub(super) fn signature(text: &str) -> Result<Signature, LedgerError> {
    text.parse()
        .map_err(|_| LedgerError::Signature(text.to_owned()))
}

pub(super) fn slot(slot: u64) -> Result<i64, LedgerError> {
    i64::try_from(slot).map_err(|_| LedgerError::Slot(slot))
}
