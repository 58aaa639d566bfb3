use lottery::{
    accounts, instruction,
    state::{HouseParams, HouseRules},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{SYSTEM_PROGRAM, Token, build, events, with_tokens};
use crate::address;

pub fn create_house(
    creator: Pubkey,
    id: u16,
    params: HouseParams,
    token: Option<Token>,
) -> Instruction {
    let house = address::house(&creator, id);
    let treasury = address::treasury(&house);
    let [minor, major, mega] = [0, 1, 2].map(|tier| address::jackpot(&house, tier));
    with_tokens(
        build(
            &accounts::CreateHouse {
                creator,
                house,
                treasury,
                minor,
                major,
                mega,
                system_program: SYSTEM_PROGRAM,
                events: events(),
            },
            &instruction::CreateHouse { id, params },
        ),
        token,
        &[treasury, minor, major, mega],
        None,
    )
}

fn administer(authority: Pubkey, house: Pubkey) -> accounts::AdministerHouse {
    accounts::AdministerHouse {
        authority,
        house,
        events: events(),
    }
}

/// Changes the rules of games created later.
pub fn update_house(authority: Pubkey, house: Pubkey, rules: HouseRules) -> Instruction {
    build(
        &administer(authority, house),
        &instruction::UpdateHouse { rules },
    )
}

pub fn set_pause(authority: Pubkey, house: Pubkey, games: bool, joins: bool) -> Instruction {
    build(
        &administer(authority, house),
        &instruction::SetPause { games, joins },
    )
}

/// Offers the house to `successor`; the zero address withdraws the offer.
pub fn propose_authority(authority: Pubkey, house: Pubkey, successor: Pubkey) -> Instruction {
    build(
        &administer(authority, house),
        &instruction::ProposeAuthority { successor },
    )
}

pub fn accept_authority(successor: Pubkey, house: Pubkey) -> Instruction {
    build(
        &accounts::AcceptAuthority {
            successor,
            house,
            events: events(),
        },
        &instruction::AcceptAuthority {},
    )
}

/// Pays `amount` base units to the house's treasury `wallet`.
pub fn withdraw_treasury(
    authority: Pubkey,
    house: Pubkey,
    wallet: Pubkey,
    amount: u64,
    token: Option<Token>,
) -> Instruction {
    let treasury = address::treasury(&house);
    with_tokens(
        build(
            &accounts::WithdrawTreasury {
                authority,
                house,
                treasury,
                wallet,
                events: events(),
            },
            &instruction::WithdrawTreasury { amount },
        ),
        token,
        &[treasury],
        Some(&wallet),
    )
}

/// Gives `amount` base units to a jackpot.
pub fn fund_jackpot(
    funder: Pubkey,
    house: Pubkey,
    tier: u8,
    amount: u64,
    token: Option<Token>,
) -> Instruction {
    let jackpot = address::jackpot(&house, tier);
    with_tokens(
        build(
            &accounts::FundJackpot {
                funder,
                jackpot,
                system_program: SYSTEM_PROGRAM,
                events: events(),
            },
            &instruction::FundJackpot { amount },
        ),
        token,
        &[jackpot],
        Some(&funder),
    )
}
