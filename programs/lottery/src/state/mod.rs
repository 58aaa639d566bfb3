//! Account layouts: fixed size, zero-copy, little-endian, in the order given.
//! Each begins (after Anchor's 8-byte discriminator) with `version`, so that a
//! later layout can be told from this one, and ends in reserved bytes.

mod draw;
mod entry;
mod game;
mod game_params;
mod game_payments;
mod house;
mod jackpot;
mod lane;
mod treasury;

pub use draw::*;
pub use entry::*;
pub use game::*;
pub use game_params::*;
pub use house::*;
pub use jackpot::*;
pub use lane::*;
pub use treasury::*;

/// The layout version written by this program.
pub const LAYOUT_VERSION: u8 = 1;

/// Number of progressive jackpots: minor, major, mega.
pub const TIERS: usize = 3;

/// Index of the largest jackpot, which unclaimed prizes go to.
pub const MEGA: u8 = 2;
