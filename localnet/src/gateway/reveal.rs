//! What an oracle answers, and when it refuses to.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use randomness_stand_in::{
    layout::{self, RandomnessAccountData},
    signature::reveal_message,
};
use sha2::{Digest as _, Sha256};
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

use super::{
    Player, RevealResponse,
    wire::{Asked, GatewayError},
};

/// The value of a commitment, signed; the same whenever it is asked for. Like a real
/// oracle's, it exists only for what is committed on chain: whoever could have other
/// slot hashes signed could choose among values.
pub(super) async fn answer(
    rpc: &RpcClient,
    player: &Player,
    asked: &Asked,
) -> Result<RevealResponse, GatewayError> {
    require_committed(rpc, player, asked).await?;
    let randomness = asked.randomness.to_bytes();
    let value = value(&player.secret, &randomness, &asked.slothash, asked.slot);
    let digest = reveal_message(&randomness, &asked.slothash, asked.slot, &value);
    let (signature, recovery) = player
        .signing
        .sign_prehash_recoverable(&digest)
        .map_err(|_| GatewayError::Signing)?;
    Ok(RevealResponse {
        signature: BASE64_STANDARD.encode(signature.to_bytes()),
        recovery_id: i32::from(recovery.to_byte()),
        value: value.to_vec(),
    })
}

/// `sha256(secret ‖ randomness account ‖ slot hash ‖ slot, little-endian)`
fn value(secret: &[u8; 32], randomness: &[u8; 32], slothash: &[u8; 32], slot: u64) -> [u8; 32] {
    Sha256::new()
        .chain_update(secret)
        .chain_update(randomness)
        .chain_update(slothash)
        .chain_update(slot.to_le_bytes())
        .finalize()
        .into()
}

async fn require_committed(
    rpc: &RpcClient,
    player: &Player,
    asked: &Asked,
) -> Result<(), GatewayError> {
    let account = rpc
        .get_account_with_commitment(&asked.randomness, rpc.commitment())
        .await
        .map_err(|error| GatewayError::Rpc(error.to_string()))?
        .value
        .ok_or(GatewayError::NoAccount(asked.randomness))?;
    let stored: RandomnessAccountData = Some(account)
        .filter(|account| account.owner == randomness_stand_in::ID)
        .and_then(|account| layout::parse(&account.data))
        .ok_or(GatewayError::NotRandomness(asked.randomness))?;
    if stored.oracle.to_bytes() != player.pubkey.to_bytes() || stored.reveal_slot != 0 {
        return Err(GatewayError::NotCommitted);
    }
    if stored.seed_slot != asked.slot || stored.seed_slothash != asked.slothash {
        return Err(GatewayError::NotSeen);
    }
    Ok(())
}
