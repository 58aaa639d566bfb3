//! Addresses derived from seeds: the program's own and Switchboard's.

use lottery::{seeds, switchboard};
use solana_pubkey::Pubkey;

fn derive(seeds: &[&[u8]]) -> Pubkey {
    Pubkey::find_program_address(seeds, &lottery::ID).0
}

pub fn house(creator: &Pubkey, id: u16) -> Pubkey {
    derive(&[seeds::HOUSE, creator.as_ref(), &id.to_le_bytes()])
}

pub fn treasury(house: &Pubkey) -> Pubkey {
    derive(&[seeds::TREASURY, house.as_ref()])
}

/// `tier` is 0 (minor), 1 (major) or 2 (mega).
pub fn jackpot(house: &Pubkey, tier: u8) -> Pubkey {
    derive(&[seeds::JACKPOT, house.as_ref(), &[tier]])
}

pub fn lane(house: &Pubkey, index: u8) -> Pubkey {
    derive(&[seeds::LANE, house.as_ref(), &[index]])
}

/// The Switchboard randomness account of a lane.
pub fn randomness(lane: &Pubkey) -> Pubkey {
    derive(&[seeds::RANDOMNESS, lane.as_ref()])
}

pub fn draw(lane: &Pubkey, id: u64) -> Pubkey {
    derive(&[seeds::DRAW, lane.as_ref(), &id.to_le_bytes()])
}

pub fn game(house: &Pubkey, id: u64) -> Pubkey {
    game_with_bump(house, id).0
}

/// A game's address and the bump that it keeps.
pub fn game_with_bump(house: &Pubkey, id: u64) -> (Pubkey, u8) {
    let seeds: &[&[u8]] = &[seeds::GAME, house.as_ref(), &id.to_le_bytes()];
    Pubkey::find_program_address(seeds, &lottery::ID)
}

pub fn entry(game: &Pubkey, player: &Pubkey, nonce: u16) -> Pubkey {
    entry_with_bump(game, player, nonce).0
}

/// An entry's address and the bump that `join` is given.
pub fn entry_with_bump(game: &Pubkey, player: &Pubkey, nonce: u16) -> (Pubkey, u8) {
    let seeds: &[&[u8]] = &[
        seeds::ENTRY,
        game.as_ref(),
        player.as_ref(),
        &nonce.to_le_bytes(),
    ];
    Pubkey::find_program_address(seeds, &lottery::ID)
}

/// The token account that holds the money of a game, a jackpot or a treasury.
pub fn vault(holder: &Pubkey) -> Pubkey {
    derive(&[seeds::VAULT, holder.as_ref()])
}

/// A wallet's associated token account.
pub fn associated_token(wallet: &Pubkey, mint: &Pubkey, token_program: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(
        &[wallet.as_ref(), token_program.as_ref(), mint.as_ref()],
        &switchboard::ASSOCIATED_TOKEN_PROGRAM,
    )
    .0
}

/// Switchboard's global state.
pub fn switchboard_state() -> Pubkey {
    Pubkey::find_program_address(&[switchboard::STATE_SEED], &switchboard::PROGRAM_ID).0
}

/// The signer behind a randomness account's lookup table.
pub fn lut_signer(randomness: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(
        &[switchboard::LUT_SIGNER_SEED, randomness.as_ref()],
        &switchboard::PROGRAM_ID,
    )
    .0
}

/// The lookup table that a randomness account created at `recent_slot` owns.
pub fn lookup_table(randomness: &Pubkey, recent_slot: u64) -> Pubkey {
    Pubkey::find_program_address(
        &[lut_signer(randomness).as_ref(), &recent_slot.to_le_bytes()],
        &switchboard::LOOKUP_TABLE_PROGRAM,
    )
    .0
}

/// The wrapped SOL account that oracles are rewarded from.
pub fn reward_escrow(randomness: &Pubkey) -> Pubkey {
    associated_token(
        randomness,
        &switchboard::WRAPPED_SOL,
        &switchboard::TOKEN_PROGRAM,
    )
}

/// An oracle's statistics.
pub fn oracle_stats(oracle: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(
        &[switchboard::ORACLE_STATS_SEED, oracle.as_ref()],
        &switchboard::PROGRAM_ID,
    )
    .0
}
