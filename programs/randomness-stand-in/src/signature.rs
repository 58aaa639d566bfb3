//! What an oracle signs, and who signed it.
//!
//! Switchboard's own message is not public; this one is the stand-in's. Nothing but
//! the stand-in and its gateway reads it.

use anchor_lang::prelude::*;

use crate::StandInError;

/// Half the order of secp256k1, big-endian: of the two signatures that verify, the
/// one with the larger s is refused, so that a signature has one form.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// The digest an oracle signs:
/// `sha256(randomness account ‖ seed slot hash ‖ seed slot, little-endian ‖ value)`.
pub fn reveal_message(
    randomness: &[u8; 32],
    seed_slothash: &[u8; 32],
    seed_slot: u64,
    value: &[u8; 32],
) -> [u8; 32] {
    let mut message = [0; 104];
    let (head, rest) = message.split_at_mut(32);
    head.copy_from_slice(randomness);
    let (hash, rest) = rest.split_at_mut(32);
    hash.copy_from_slice(seed_slothash);
    let (slot, rest) = rest.split_at_mut(8);
    slot.copy_from_slice(&seed_slot.to_le_bytes());
    rest.copy_from_slice(value);
    sha256(&message)
}

/// Refuses a signature of the digest by any key but this one.
#[inline(always)]
pub(crate) fn require_signed_by(
    key: &[u8; 64],
    digest: &[u8; 32],
    signature: &[u8; 64],
    recovery_id: u8,
) -> Result<()> {
    require!(recovery_id < 4, StandInError::MalformedSignature);
    let (_, s) = signature.split_at(32);
    // Byte by byte: a slice comparison becomes byte swaps, which the linker of the
    // Debian build chain does not know.
    require!(s.iter().le(HALF_ORDER.iter()), StandInError::HighS);
    let mut signer = [0; 64];
    let recovered = recover(digest, recovery_id, signature, &mut signer);
    require!(recovered, StandInError::MalformedSignature);
    require!(signer == *key, StandInError::SignatureMismatch);
    Ok(())
}

/// The public key that signed; false where the signature is no signature.
#[cfg(target_os = "solana")]
#[inline(always)]
fn recover(
    digest: &[u8; 32],
    recovery_id: u8,
    signature: &[u8; 64],
    signer: &mut [u8; 64],
) -> bool {
    #[expect(
        unsafe_code,
        reason = "the runtime offers secp256k1 recovery as a system call only"
    )]
    // SAFETY: the four arrays have the lengths the system call reads and writes.
    let status = unsafe {
        solana_define_syscall::definitions::sol_secp256k1_recover(
            digest.as_ptr(),
            u64::from(recovery_id),
            signature.as_ptr(),
            signer.as_mut_ptr(),
        )
    };
    status == 0
}

/// The program runs in the VM only; its library half never verifies.
#[cfg(not(target_os = "solana"))]
fn recover(_: &[u8; 32], _: u8, _: &[u8; 64], _: &mut [u8; 64]) -> bool {
    false
}
