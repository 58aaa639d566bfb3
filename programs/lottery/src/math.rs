//! Arithmetic on money: integers, rounding down, no 128-bit products (the
//! LLVM back end that builds this program without Solana's own tools has none).

use anchor_lang::prelude::*;

use crate::{error::LotteryError, state::TIERS};

/// 100 % in basis points.
pub const WHOLE_BPS: u16 = 10_000;

const WHOLE: u64 = WHOLE_BPS as u64;

/// `floor(amount * bps / 10,000)` for `bps <= 10,000`, exact for every amount:
/// `amount = q * 10,000 + r` gives `q * bps + floor(r * bps / 10,000)`, whose
/// terms cannot overflow.
#[inline(never)]
pub fn bps_of(amount: u64, bps: u16) -> u64 {
    let bps = u64::from(bps);
    let whole = (amount / WHOLE).wrapping_mul(bps);
    let part = (amount % WHOLE).wrapping_mul(bps) / WHOLE;
    whole.wrapping_add(part)
}

/// `ceil(n * bps / 10,000)` for `bps <= 10,000`.
pub fn ceil_bps_of(n: u32, bps: u16) -> u32 {
    // Below 2^32 * 10^4 < 2^46, and the quotient is at most n.
    let product = u64::from(n).wrapping_mul(u64::from(bps));
    (product.wrapping_add(WHOLE - 1) / WHOLE) as u32
}

/// `a * b`, or `None` when it does not fit 64 bits.
#[inline(never)]
pub fn checked_mul(a: u64, b: u64) -> Option<u64> {
    const LOW: u64 = u32::MAX as u64;
    let (a_high, a_low) = (a >> 32, a & LOW);
    let (b_high, b_low) = (b >> 32, b & LOW);
    if a_high != 0 && b_high != 0 {
        return None;
    }
    // One of the two cross terms is 0, and each is below 2^64.
    let cross = a_high
        .wrapping_mul(b_low)
        .wrapping_add(a_low.wrapping_mul(b_high));
    if cross > LOW {
        return None;
    }
    (cross << 32).checked_add(a_low.wrapping_mul(b_low))
}

/// How a game's takings divide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// For the winners, with every remainder of the rounding.
    pub prize_pool: u64,
    /// For each jackpot.
    pub jackpots: [u64; TIERS],
    /// For the treasury.
    pub treasury: u64,
}

/// Divides `gross`: each share rounds down, the prize pool takes the rest.
pub fn split(gross: u64, jackpot_bps: &[u16; TIERS], treasury_bps: u16) -> Split {
    let mut jackpots = [0; TIERS];
    let treasury = bps_of(gross, treasury_bps);
    // The shares sum to at most `gross`, so nothing here can go below zero.
    let mut rest = gross.saturating_sub(treasury);
    for (share, bps) in jackpots.iter_mut().zip(jackpot_bps) {
        *share = bps_of(gross, *bps);
        rest = rest.saturating_sub(*share);
    }
    Split {
        prize_pool: rest,
        jackpots,
        treasury,
    }
}

/// Prize of a place: its share rounded down; place 0 takes what is left over.
pub fn place_prize(pool: u64, prize_bps: &[u16], place: usize) -> u64 {
    let Some(bps) = prize_bps.get(place) else {
        return 0;
    };
    if place > 0 {
        return bps_of(pool, *bps);
    }
    prize_bps
        .iter()
        .skip(1)
        .fold(pool, |rest, bps| rest.saturating_sub(bps_of(pool, *bps)))
}

/// The five shares of a house must be all of the fee.
pub fn require_split_sums_to_whole(
    prize_bps: u16,
    jackpot_bps: &[u16; TIERS],
    treasury_bps: u16,
) -> Result<()> {
    let sum = jackpot_bps
        .iter()
        .fold(u32::from(prize_bps), |sum, bps| {
            sum.wrapping_add(u32::from(*bps))
        })
        .wrapping_add(u32::from(treasury_bps));
    require!(sum == u32::from(WHOLE_BPS), LotteryError::SplitNotWhole);
    Ok(())
}
