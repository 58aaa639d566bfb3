//! Seeds of every program-derived address.

pub const HOUSE: &[u8] = b"house";
pub const TREASURY: &[u8] = b"treasury";
pub const JACKPOT: &[u8] = b"jackpot";
pub const LANE: &[u8] = b"lane";
pub const RANDOMNESS: &[u8] = b"randomness";
pub const DRAW: &[u8] = b"draw";
pub const GAME: &[u8] = b"game";
pub const ENTRY: &[u8] = b"entry";
pub const VAULT: &[u8] = b"vault";
