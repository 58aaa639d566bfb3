use lottery::{
    accounts, instruction, instructions::__client_accounts_settlementaccounts::SettlementAccounts,
    switchboard,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{SYSTEM_PROGRAM, Token, build, events, with_games, with_tokens};
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

/// Where a house's money is: treasury, minor, major and mega jackpot.
fn holders(house: &Pubkey) -> [Pubkey; 4] {
    let [minor, major, mega] = [0, 1, 2].map(|tier| address::jackpot(house, tier));
    [address::treasury(house), minor, major, mega]
}

fn settlement(house: Pubkey) -> SettlementAccounts {
    let [treasury, minor, major, mega] = holders(&house);
    SettlementAccounts {
        house,
        treasury,
        minor,
        major,
        mega,
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
    let settle = build(
        &accounts::SettleDraw {
            cranker,
            draw: keys.draw,
            draw_payer: keys.payer,
            settlement: settlement(keys.house),
        },
        &instruction::SettleDraw {},
    );
    let settle = with_tokens(settle, token, &holders(&keys.house), None);
    with_games(settle, games, token)
}

/// Divides the money of a game whose settlement met a frozen vault.
pub fn settle_game(house: Pubkey, game: Pubkey, token: Option<Token>) -> Instruction {
    let [treasury, minor, major, mega] = holders(&house);
    with_tokens(
        build(
            &accounts::SettleGame {
                game,
                settlement: settlement(house),
            },
            &instruction::SettleGame {},
        ),
        token,
        &[treasury, minor, major, mega, game],
        None,
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
