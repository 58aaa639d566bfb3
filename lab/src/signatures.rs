//! What a node lists of an address's transactions.

use anyhow::Result;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::{
    nonblocking::rpc_client::RpcClient, rpc_client::GetConfirmedSignaturesForAddress2Config,
};
use solana_rpc_client_api::response::RpcConfirmedTransactionStatusWithSignature;
use solana_signature::Signature;

/// All that are confirmed, also those that failed, newest first.
pub(crate) async fn of(
    rpc: &RpcClient,
    address: &Pubkey,
) -> Result<Vec<RpcConfirmedTransactionStatusWithSignature>> {
    let mut all = Vec::new();
    let mut before: Option<Signature> = None;
    loop {
        let config = GetConfirmedSignaturesForAddress2Config {
            before,
            commitment: Some(CommitmentConfig::confirmed()),
            ..Default::default()
        };
        let asked = rpc.get_signatures_for_address_with_config(address, config);
        let page = asked.await?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        before = Some(last.signature.parse()?);
        all.extend(page);
    }
}
