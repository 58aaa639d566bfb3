//! Oracles whose keys we hold.

use k256::ecdsa::SigningKey;
use lottery_client::instruction::Revelation;
use randomness_stand_in::signature::reveal_message;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;

/// An oracle whose key we hold.
pub struct Oracle {
    pub account: Keypair,
    pub key: SigningKey,
}

/// 64 bytes, x ‖ y, of a secp256k1 key.
pub fn public_key(key: &SigningKey) -> [u8; 64] {
    let point = key.verifying_key().to_encoded_point(false);
    point.as_bytes()[1..].try_into().unwrap()
}

/// An oracle's signature of a value for a commitment.
pub fn sign(
    key: &SigningKey,
    randomness: &Pubkey,
    slothash: &[u8; 32],
    slot: u64,
    value: [u8; 32],
) -> Revelation {
    let digest = reveal_message(randomness.as_array(), slothash, slot, &value);
    let (signature, recovery) = key.sign_prehash_recoverable(&digest).unwrap();
    Revelation {
        signature: signature.to_bytes().into(),
        recovery_id: recovery.to_byte(),
        value,
    }
}
