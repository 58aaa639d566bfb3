//! What is under test: the program's functions, or a control's in their place.

use lottery::draw::{self, Fate, Rules};
use solana_pubkey::Pubkey;

/// A random value, a seed.
pub type Bytes = [u8; 32];

/// The functions that make a draw. Controls replace some; the experiments cannot tell.
#[derive(Clone, Copy)]
pub struct Functions {
    pub round_seed: fn(value: &Bytes, game: &Pubkey, round: u8) -> Bytes,
    pub shuffled_index: fn(seed: &Bytes, count: u32, index: u32) -> u32,
    pub fate: fn(rules: &Rules, seeds: &[Bytes], ticket: u32) -> Fate,
    pub winning_ticket: fn(rules: &Rules, seeds: &[Bytes], place: u32) -> u32,
    pub jackpot_hit: fn(seed: &Bytes, tier: u8, mean: u64, contribution: u64) -> bool,
    pub jackpot_ticket: fn(seed: &Bytes, tier: u8, tickets: u32) -> u32,
}

impl Functions {
    /// The program's own.
    pub const PROGRAM: Self = Self {
        round_seed: draw::round_seed,
        shuffled_index: draw::shuffled_index,
        fate: draw::fate,
        winning_ticket: draw::winning_ticket,
        jackpot_hit: draw::jackpot_hit,
        jackpot_ticket: draw::jackpot_ticket,
    };
}
