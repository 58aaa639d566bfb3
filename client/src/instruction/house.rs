use lottery::{
    accounts, instruction,
    state::{HouseParams, HouseRules},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{SYSTEM_PROGRAM, Token, associated, build, currency, events, vault};
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
    build(
        &accounts::CreateHouse {
            creator,
            house,
            treasury,
            minor,
            major,
            mega,
            system_program: SYSTEM_PROGRAM,
            currency: currency(token),
            treasury_vault: vault(token, &treasury),
            minor_vault: vault(token, &minor),
            major_vault: vault(token, &major),
            mega_vault: vault(token, &mega),
            events: events(),
        },
        &instruction::CreateHouse { id, params },
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
    build(
        &accounts::WithdrawTreasury {
            authority,
            house,
            treasury,
            wallet,
            currency: currency(token),
            treasury_vault: vault(token, &treasury),
            wallet_tokens: associated(token, &wallet),
            events: events(),
        },
        &instruction::WithdrawTreasury { amount },
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
    build(
        &accounts::FundJackpot {
            funder,
            jackpot,
            system_program: SYSTEM_PROGRAM,
            currency: currency(token),
            jackpot_vault: vault(token, &jackpot),
            funder_tokens: associated(token, &funder),
            events: events(),
        },
        &instruction::FundJackpot { amount },
    )
}
