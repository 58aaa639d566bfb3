//! Oracles' signatures, quickly.
//!
//! A test signs thousands of values, and unoptimised curve arithmetic takes
//! milliseconds. The nonce of a signature may be any number, and ours guards no
//! secret: with the same nonce every time, the point it stands for is computed once
//! and a signature is one multiplication.

use std::cell::OnceCell;

use k256::{
    ProjectivePoint, Scalar, U256,
    ecdsa::SigningKey,
    elliptic_curve::{ops::Reduce, point::AffineCoordinates as _, scalar::IsHigh as _},
};
use lottery_client::instruction::Revelation;
use randomness_stand_in::signature::reveal_message;
use solana_pubkey::Pubkey;

struct Nonce {
    inverse: Scalar,
    r: Scalar,
    odd: bool,
}

thread_local! {
    static NONCE: OnceCell<Nonce> = const { OnceCell::new() };
}

fn nonce() -> Nonce {
    let k = Scalar::from(0x5eed_u64);
    let point = (ProjectivePoint::GENERATOR * k).to_affine();
    Nonce {
        inverse: k.invert().unwrap(),
        r: <Scalar as Reduce<U256>>::reduce_bytes(&point.x()),
        odd: bool::from(point.y_is_odd()),
    }
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
    let z = <Scalar as Reduce<U256>>::reduce_bytes(&digest.into());
    NONCE.with(|cell| {
        let Nonce { inverse, r, odd } = cell.get_or_init(nonce);
        let s = *inverse * (z + *r * **key.as_nonzero_scalar());
        let high = bool::from(s.is_high());
        let s = if high { -s } else { s };
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&r.to_bytes());
        signature[32..].copy_from_slice(&s.to_bytes());
        Revelation {
            signature,
            recovery_id: u8::from(*odd != high),
            value,
        }
    })
}
