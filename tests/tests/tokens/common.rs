//! Instructions with other accounts than they should have, and games to try them on.

use lottery::{LotteryError, state::GameParams};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    payouts::Sold,
    refusal::assert_refused,
    rules,
    tokens::Currency,
    world::{LANE, World},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// With another account in the place of one.
pub fn swap(instruction: &Instruction, from: &Pubkey, to: &Pubkey) -> Instruction {
    let mut changed = instruction.clone();
    let mut found = false;
    for meta in &mut changed.accounts {
        if meta.pubkey == *from {
            meta.pubkey = *to;
            found = true;
        }
    }
    assert!(found, "the instruction does not name {from}");
    changed
}

/// Without an account that may be absent: the program itself stands for it.
pub fn without(instruction: &Instruction, account: &Pubkey) -> Instruction {
    let mut changed = swap(instruction, account, &lottery::ID);
    for meta in &mut changed.accounts {
        meta.is_writable &= meta.pubkey != lottery::ID;
    }
    changed
}

/// Without an account and all that come after it.
pub fn cut_before(instruction: &Instruction, account: &Pubkey) -> Instruction {
    let mut changed = instruction.clone();
    let mut accounts = changed.accounts.iter();
    let position = accounts.position(|meta| meta.pubkey == *account).unwrap();
    changed.accounts.truncate(position);
    changed
}

/// With an account that cannot be written.
pub fn read_only(instruction: &Instruction, account: &Pubkey) -> Instruction {
    let mut changed = instruction.clone();
    for meta in &mut changed.accounts {
        meta.is_writable &= meta.pubkey != *account;
    }
    changed
}

/// One round, ten tickets at most, one winner.
pub fn ten_tickets(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.max_tickets = 10;
    params.max_tickets_per_entry = 10;
    params
}

/// A world in which every sold-out game of [`ten_tickets`] hits all jackpots.
pub fn world_of_hits(currency: Currency) -> World {
    World::in_currency(currency, |params| rules::certain_hits(params, 10))
}

/// A settled game of four and six tickets that hit all jackpots.
pub fn won(world: &mut World) -> Sold {
    world.settled(ten_tickets, &[4, 6])
}

/// Makes the world's another house of the same authority, wallet and token.
pub fn second_house(world: &mut World) {
    let authority = world.authority.pubkey();
    let params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    world
        .crank(ix::create_house(authority, 1, params, world.token))
        .unwrap();
    world.house = address::house(&authority, 1);
    world.open_lane(LANE).unwrap();
}

/// Addresses of the vaults of a house: treasury, minor, major, mega.
pub fn vaults(house: &Pubkey) -> [Pubkey; 4] {
    let jackpot = |tier| address::vault(&address::jackpot(house, tier));
    let treasury = address::vault(&address::treasury(house));
    [treasury, jackpot(0), jackpot(1), jackpot(2)]
}

/// Asserts that each changed instruction is refused for this reason, and, at last, that
/// the instruction itself is not.
#[track_caller]
pub fn refused_until_whole(
    world: &mut World,
    instruction: Instruction,
    changed: &[(Instruction, LotteryError)],
) {
    for (changed, expected) in changed {
        assert_refused(world.crank(changed.clone()), *expected);
    }
    world.crank(instruction).unwrap();
}
