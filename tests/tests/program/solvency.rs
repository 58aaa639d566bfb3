//! An account that holds less than it owes, as no instruction leaves one: whatever would
//! move its money is refused until it holds enough again.

use lottery::{LotteryError, state::GameParams};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{World, assert_refused},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// Two rounds that two tickets sell out, two places.
fn of_two(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.max_tickets = 2;
    params.max_tickets_per_entry = 2;
    params.rounds = 2;
    params.keep_bps[0] = 10_000;
    params.winners = 2;
    params.place_bps[..2].copy_from_slice(&[6_000, 4_000]);
    params
}

/// Takes a lamport away for as long as this takes.
fn without_a_lamport<T>(
    world: &mut World,
    account: &Pubkey,
    act: impl FnOnce(&mut World) -> T,
) -> T {
    world.corrupt(account, |account| account.lamports -= 1);
    let done = act(world);
    world.corrupt(account, |account| account.lamports += 1);
    done
}

/// Refused while the account lacks a lamport, and done then.
#[track_caller]
fn waits_for(world: &mut World, account: &Pubkey, instruction: Instruction) {
    let lacking = without_a_lamport(world, account, |world| world.crank(instruction.clone()));
    assert_refused(lacking, LotteryError::Insolvent);
    world.crank(instruction).unwrap();
}

#[test]
fn a_game_that_lacks_a_lamport_is_neither_sold_nor_drawn_nor_paid() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 2));
    let game = world.create_game(of_two).unwrap();
    let player = world.player();
    let lacking = without_a_lamport(&mut world, &game, |world| world.join(&game, &player, 2));
    assert_refused(lacking, LotteryError::Insolvent);
    let entry = world.join(&game, &player, 2).unwrap();

    for value in [1, 2] {
        let id = world.lane().next_draw;
        let request = world.request_ix(id, 0, &[game]);
        waits_for(&mut world, &game, request);
        world.reveal(id, [value; 32]).unwrap();
        let settle = world.settle_ix(id, &[game]);
        waits_for(&mut world, &game, settle);
        world.pass(60);
    }
    let (_, ticket) = world.winner(&game, 0);
    let claim = world.claim_ix(&entry, ticket);
    waits_for(&mut world, &game, claim);
    let award = world.award_ix(&entry, 0);
    waits_for(&mut world, &game, award);
    world.pass_until(world.game(&game).claims_end());
    let expire = ix::expire_prizes(world.authority.pubkey(), world.house, game, None);
    waits_for(&mut world, &game, expire);
}

#[test]
fn a_cancelled_game_that_lacks_a_lamport_refunds_nobody() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1]);
    world.pass(3_600);
    let cancel = ix::cancel_game(world.authority.pubkey(), sold.game);
    waits_for(&mut world, &sold.game, cancel);
    let refund = world.refund_ix(&sold.entries[0]);
    waits_for(&mut world, &sold.game, refund);
}

/// Those that a settlement pays into.
#[test]
fn no_game_settles_while_its_house_lacks_a_lamport() {
    let mut world = World::new();
    let house = world.house;
    let jackpots = [0, 1, 2].map(|tier| address::jackpot(&house, tier));
    for holder in [address::treasury(&house)].into_iter().chain(jackpots) {
        let game = world.sell(rules::game, &[2]).game;
        world.pass(3_600);
        let id = world.request(&[game]).unwrap();
        world.reveal(id, [1; 32]).unwrap();
        let settle = world.settle_ix(id, &[game]);
        waits_for(&mut world, &holder, settle);
    }
}

#[test]
fn a_jackpot_that_lacks_a_lamport_takes_no_gift_and_no_expired_prize() {
    let mut world = World::new();
    let (authority, house) = (world.authority.pubkey(), world.house);
    let mega = address::jackpot(&house, 2);
    let fund = ix::fund_jackpot(authority, house, 2, 1_000, None);
    waits_for(&mut world, &mega, fund);
    let game = world.settled(rules::game, &[2]).game;
    world.pass_until(world.game(&game).claims_end());
    let expire = ix::expire_prizes(authority, house, game, None);
    waits_for(&mut world, &mega, expire);
}
