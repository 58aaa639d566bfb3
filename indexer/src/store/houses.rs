//! Table `houses`.

use lottery::state::{House, TIERS};
use solana_pubkey::Pubkey;

use super::{U64, column::some_address, table::body};

body! {
    /// A house.
    pub struct HouseBody: House => "houses" {
        authority: Pubkey = |a| a.authority,
        pending_authority: Option<Pubkey> = |a| some_address(&a.pending_authority),
        creator: Pubkey = |a| a.creator,
        treasury_wallet: Pubkey = |a| a.treasury_wallet,
        vrf_queue: Pubkey = |a| a.vrf_queue,
        mint: Option<Pubkey> = |a| some_address(&a.mint),
        jackpot_mean: [U64; TIERS] = |a| a.jackpot_mean.map(U64),
        bounty: U64 = |a| U64(a.bounty),
        draw_timeout: U64 = |a| U64(a.draw_timeout),
        claim_window: u32 = |a| a.claim_window,
        prize_bps: u16 = |a| a.prize_bps,
        treasury_bps: u16 = |a| a.treasury_bps,
        jackpot_bps: [u16; TIERS] = |a| a.jackpot_bps,
        reserve_bps: [u16; TIERS] = |a| a.reserve_bps,
        id: u16 = |a| a.id,
        games_paused: bool = |a| a.has(House::FLAG_PAUSE_GAMES),
        joins_paused: bool = |a| a.has(House::FLAG_PAUSE_JOINS),
        open_creation: bool = |a| a.has(House::FLAG_OPEN_CREATION),
        flags: u8 = |a| a.flags,
        version: u8 = |a| a.version,
        bump: u8 = |a| a.bump,
    }
}
