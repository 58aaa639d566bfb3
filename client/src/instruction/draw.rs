use lottery::{
    accounts, instruction, instructions::__client_accounts_settlementaccounts::SettlementAccounts,
    switchboard,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{SYSTEM_PROGRAM, Token, build, currency, events, vault, with_games};
use crate::address;

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
                events: events(),
            },
            &instruction::RequestDraw {},
        ),
        games,
        None,
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
            events: events(),
        },
        &instruction::RevealDraw {
            signature: revelation.signature,
            recovery_id: revelation.recovery_id,
            value: revelation.value,
        },
    )
}

fn settlement(house: Pubkey, token: Option<Token>) -> SettlementAccounts {
    let treasury = address::treasury(&house);
    let [minor, major, mega] = [0, 1, 2].map(|tier| address::jackpot(&house, tier));
    SettlementAccounts {
        house,
        treasury,
        minor,
        major,
        mega,
        currency: currency(token),
        treasury_vault: vault(token, &treasury),
        minor_vault: vault(token, &minor),
        major_vault: vault(token, &major),
        mega_vault: vault(token, &mega),
        events: events(),
    }
}

/// A draw, as the cranks that end it name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawKeys {
    pub house: Pubkey,
    pub lane: Pubkey,
    pub draw: Pubkey,
    /// Who paid its rent and gets it back.
    pub payer: Pubkey,
}

/// Settles a round of `games`, in the order they were requested in.
pub fn settle_draw(
    cranker: Pubkey,
    keys: DrawKeys,
    games: &[Pubkey],
    token: Option<Token>,
) -> Instruction {
    with_games(
        build(
            &accounts::SettleDraw {
                cranker,
                draw: keys.draw,
                draw_payer: keys.payer,
                settlement: settlement(keys.house, token),
            },
            &instruction::SettleDraw {},
        ),
        games,
        token,
    )
}

/// Divides the money of a game whose settlement met a frozen vault.
pub fn settle_game(house: Pubkey, game: Pubkey, token: Option<Token>) -> Instruction {
    build(
        &accounts::SettleGame {
            game,
            game_vault: vault(token, &game),
            settlement: settlement(house, token),
        },
        &instruction::SettleGame {},
    )
}

/// Gives up a draw whose oracle did not answer in time and releases `games`.
pub fn abort_draw(cranker: Pubkey, keys: DrawKeys, games: &[Pubkey]) -> Instruction {
    with_games(
        build(
            &accounts::AbortDraw {
                cranker,
                draw: keys.draw,
                lane: keys.lane,
                draw_payer: keys.payer,
                events: events(),
            },
            &instruction::AbortDraw {},
        ),
        games,
        None,
    )
}
