//! One builder per instruction of the program. Each takes what cannot be
//! derived and derives the rest.

use anchor_lang::{InstructionData, ToAccountMetas};
use lottery::{
    Order, accounts, instruction,
    state::{GameParams, HouseParams},
    switchboard,
};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_system_interface::program::ID as SYSTEM_PROGRAM;

use crate::address;

fn build(accounts: &impl ToAccountMetas, data: &impl InstructionData) -> Instruction {
    Instruction {
        program_id: lottery::ID,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

pub fn create_house(creator: Pubkey, id: u16, params: HouseParams) -> Instruction {
    let house = address::house(&creator, id);
    build(
        &accounts::CreateHouse {
            creator,
            house,
            treasury: address::treasury(&house),
            minor: address::jackpot(&house, 0),
            major: address::jackpot(&house, 1),
            mega: address::jackpot(&house, 2),
            system_program: SYSTEM_PROGRAM,
        },
        &instruction::CreateHouse { id, params },
    )
}

pub fn set_pause(authority: Pubkey, house: Pubkey, games: bool, joins: bool) -> Instruction {
    build(
        &accounts::SetPause { authority, house },
        &instruction::SetPause { games, joins },
    )
}

/// `recent_slot` must be a slot the cluster still remembers the hash of.
pub fn open_lane(
    payer: Pubkey,
    house: Pubkey,
    queue: Pubkey,
    index: u8,
    recent_slot: u64,
) -> Instruction {
    let lane = address::lane(&house, index);
    let randomness = address::randomness(&lane);
    build(
        &accounts::OpenLane {
            payer,
            house,
            lane,
            randomness,
            reward_escrow: address::reward_escrow(&randomness),
            queue,
            state: address::switchboard_state(),
            lut_signer: address::lut_signer(&randomness),
            lut: address::lookup_table(&randomness, recent_slot),
            switchboard: switchboard::PROGRAM_ID,
            system_program: SYSTEM_PROGRAM,
            token_program: switchboard::TOKEN_PROGRAM,
            associated_token_program: switchboard::ASSOCIATED_TOKEN_PROGRAM,
            wrapped_sol_mint: switchboard::WRAPPED_SOL,
            lookup_table_program: switchboard::LOOKUP_TABLE_PROGRAM,
        },
        &instruction::OpenLane { index, recent_slot },
    )
}

pub fn create_game(creator: Pubkey, house: Pubkey, params: GameParams) -> Instruction {
    build(
        &accounts::CreateGame {
            creator,
            house,
            treasury: address::treasury(&house),
            game: address::game(&house, params.id),
            system_program: SYSTEM_PROGRAM,
        },
        &instruction::CreateGame { params },
    )
}

/// Buys `tickets` for at most `max_total` base units. `nonce` tells a player's
/// entries in one game apart.
pub fn join(
    player: Pubkey,
    house: Pubkey,
    game: Pubkey,
    tickets: u32,
    nonce: u16,
    max_total: u64,
) -> Instruction {
    let (entry, bump) = address::entry_with_bump(&game, &player, nonce);
    build(
        &accounts::Join {
            player,
            house,
            game,
            entry,
            system_program: SYSTEM_PROGRAM,
        },
        &instruction::Join {
            order: Order {
                tickets,
                nonce,
                bump,
                max_total,
            },
        },
    )
}

/// A lane and the house around it: what every step of a draw names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneKeys {
    pub house: Pubkey,
    pub queue: Pubkey,
    pub index: u8,
}

/// Freezes `games`, which are settled in this order, and requests draw `draw_id`
/// (the lane's `next_draw`) from `oracle`.
pub fn request_draw(
    payer: Pubkey,
    keys: LaneKeys,
    draw_id: u64,
    oracle: Pubkey,
    games: &[Pubkey],
) -> Instruction {
    let lane = address::lane(&keys.house, keys.index);
    with_games(
        build(
            &accounts::RequestDraw {
                payer,
                house: keys.house,
                lane,
                draw: address::draw(&lane, draw_id),
                randomness: address::randomness(&lane),
                queue: keys.queue,
                oracle,
                slot_hashes: switchboard::SLOT_HASHES,
                switchboard: switchboard::PROGRAM_ID,
                system_program: SYSTEM_PROGRAM,
            },
            &instruction::RequestDraw {},
        ),
        games,
    )
}

/// What an oracle answers a commitment with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revelation {
    pub signature: [u8; 64],
    pub recovery_id: u8,
    pub value: [u8; 32],
}

/// Brings the oracle's value on chain.
pub fn reveal_draw(
    payer: Pubkey,
    keys: LaneKeys,
    draw_id: u64,
    oracle: Pubkey,
    revelation: &Revelation,
) -> Instruction {
    let lane = address::lane(&keys.house, keys.index);
    let randomness = address::randomness(&lane);
    build(
        &accounts::RevealDraw {
            payer,
            house: keys.house,
            lane,
            draw: address::draw(&lane, draw_id),
            randomness,
            oracle,
            queue: keys.queue,
            stats: address::oracle_stats(&oracle),
            slot_hashes: switchboard::SLOT_HASHES,
            system_program: SYSTEM_PROGRAM,
            reward_escrow: address::reward_escrow(&randomness),
            token_program: switchboard::TOKEN_PROGRAM,
            wrapped_sol_mint: switchboard::WRAPPED_SOL,
            state: address::switchboard_state(),
            switchboard: switchboard::PROGRAM_ID,
        },
        &instruction::RevealDraw {
            signature: revelation.signature,
            recovery_id: revelation.recovery_id,
            value: revelation.value,
        },
    )
}

/// Settles a round of `games`, in the order they were requested in. `draw_payer`
/// is the draw's payer, who gets its rent back.
pub fn settle_draw(
    house: Pubkey,
    draw: Pubkey,
    draw_payer: Pubkey,
    games: &[Pubkey],
) -> Instruction {
    with_games(
        build(
            &accounts::SettleDraw {
                house,
                treasury: address::treasury(&house),
                minor: address::jackpot(&house, 0),
                major: address::jackpot(&house, 1),
                mega: address::jackpot(&house, 2),
                draw,
                draw_payer,
            },
            &instruction::SettleDraw {},
        ),
        games,
    )
}

/// Pays the prize of a winning `ticket` of `entry` to its `player`.
pub fn claim(game: Pubkey, entry: Pubkey, player: Pubkey, ticket: u32) -> Instruction {
    build(
        &accounts::Claim {
            game,
            entry,
            player,
        },
        &instruction::Claim { ticket },
    )
}

/// Pays the award of `tier` to the `player` of `entry`, which holds its ticket.
pub fn claim_jackpot(
    house: Pubkey,
    game: Pubkey,
    entry: Pubkey,
    player: Pubkey,
    tier: u8,
) -> Instruction {
    build(
        &accounts::ClaimJackpot {
            game,
            entry,
            player,
            jackpot: address::jackpot(&house, tier),
        },
        &instruction::ClaimJackpot { tier },
    )
}

/// Cancels a game that sold too few tickets.
pub fn cancel_game(game: Pubkey) -> Instruction {
    build(&accounts::CancelGame { game }, &instruction::CancelGame {})
}

/// Returns the price of `entry` to its `player`.
pub fn refund(game: Pubkey, entry: Pubkey, player: Pubkey) -> Instruction {
    build(
        &accounts::Refund {
            game,
            entry,
            player,
        },
        &instruction::Refund {},
    )
}

fn with_games(mut instruction: Instruction, games: &[Pubkey]) -> Instruction {
    instruction
        .accounts
        .extend(games.iter().map(|game| AccountMeta::new(*game, false)));
    instruction
}
