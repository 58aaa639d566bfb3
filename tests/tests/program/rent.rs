//! The price of rent may rise and fall. Neither frees what accounts were created with,
//! nor keeps anybody from being paid.

use lottery::LotteryError;
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{SOL, World, assert_refused},
};
use solana_pubkey::{Pubkey, pubkey};
use solana_signer::Signer as _;

const RENT: Pubkey = pubkey!("SysvarRent111111111111111111111111111111111");

/// Makes rent this much more, or less, expensive.
fn scale_rent(world: &mut World, times: u64, divided_by: u64) {
    let before = world.rent(1_000);
    world.corrupt(&RENT, |account| {
        let (price, _) = account.data.split_first_chunk_mut::<8>().unwrap();
        let scaled = u64::from_le_bytes(*price) * times / divided_by;
        *price = scaled.to_le_bytes();
    });
    let after = world.rent(1_000);
    assert!(after.abs_diff(before * times / divided_by) < 10);
}

/// Lets accounts keep what they need at the present price, as anybody may.
fn top_up(world: &mut World, addresses: &[Pubkey]) {
    for address in addresses {
        let account = world.account(address);
        let missing = world
            .rent(account.data.len())
            .saturating_sub(account.lamports);
        if missing > 0 {
            world.svm.airdrop(address, missing).unwrap();
        }
    }
}

/// Where a settlement's shares go.
fn holders(world: &World) -> Vec<Pubkey> {
    (0..3)
        .map(|tier| address::jackpot(&world.house, tier))
        .chain([address::treasury(&world.house)])
        .collect()
}

#[test]
fn an_account_that_dearer_rent_left_behind_still_pays() {
    let mut world = World::new();
    let settled = world.settled(rules::game, &[1, 1]);
    let cancelled = world.cancelled(&[1, 2]);
    let wallet = world.treasury_wallet.pubkey();
    world.svm.airdrop(&wallet, SOL).unwrap();
    scale_rent(&mut world, 20, 1);
    assert!(world.lamports(&settled.game) < world.rent(world.account(&settled.game).data.len()));

    let prize = world.game(&settled.game).prize_pool;
    let (entry, _) = world.winner(&settled.game, 0);
    let winner = world.entry(&entry).player;
    let before = world.lamports(&winner);
    world.claim_place(&settled.game, 0).unwrap();
    assert_eq!(world.lamports(&winner), before + prize);
    for (entry, player) in cancelled.entries.iter().zip(&cancelled.players) {
        let before = world.lamports(&player.pubkey());
        let paid = world.entry(entry).paid;
        world.refund(entry).unwrap();
        assert_eq!(world.lamports(&player.pubkey()), before + paid);
    }
    let (authority, house) = (world.authority.pubkey(), world.house);
    let accrued = world.treasury().accrued;
    world
        .crank(ix::withdraw_treasury(
            authority, house, wallet, accrued, None,
        ))
        .unwrap();
    for sold in [&settled, &cancelled] {
        for entry in &sold.entries {
            world.close_entry(entry).unwrap();
        }
        world.close_game(&sold.game).unwrap();
    }
}

#[test]
fn dearer_rent_stops_no_draw_once_the_accounts_it_pays_into_are_topped_up() {
    let mut world = World::new();
    let sold = world.sell(rules::five_rounds, &[2, 2]);
    let retried = world.sell(rules::game, &[1, 1]);
    world.pass(3_600);
    scale_rent(&mut world, 20, 1);
    let games = [sold.game, retried.game];
    world.fail_draw(0, &games);
    for round in 0..4 {
        let id = world.request_of(1, &[sold.game]).unwrap();
        world.pass(0);
        let answer = world.answer(1, [round; 32]);
        world.crank(world.reveal_ix(id, 1, &answer)).unwrap();
        world.settle(id, &[sold.game]).unwrap();
        world.pass(60);
    }
    let id = world.request_of(1, &games).unwrap();
    world.pass(0);
    let answer = world.answer(1, [9; 32]);
    world.crank(world.reveal_ix(id, 1, &answer)).unwrap();
    // The last round pays into jackpots and treasury, which the runtime forbids as
    // long as they are below exemption.
    assert!(world.settle(id, &games).is_err());
    let holders = holders(&world);
    top_up(&mut world, &holders);
    world.settle(id, &games).unwrap();
    let state = world.game(&sold.game);
    assert_eq!(state.prize_pool, state.gross() / 10 * 9);
}

#[test]
fn dearer_rent_is_no_debt_of_accounts_that_were_created_before() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let reserve = world.game(&game).rent_reserve;
    scale_rent(&mut world, 20, 1);
    top_up(&mut world, &[game]);
    // Entries are created at the present price.
    let player = world.player();
    let entry = world.join(&game, &player, 2).unwrap();
    assert_eq!(
        world.lamports(&entry),
        world.rent(8 + size_of::<lottery::state::Entry>()) + 20_000
    );
    assert_eq!(world.game(&game).rent_reserve, reserve);
    let later = world.create_game(rules::game).unwrap();
    assert!(world.game(&later).rent_reserve > 19 * reserve);
}

#[test]
fn cheaper_rent_frees_nothing_of_the_reserve() {
    let mut world = World::new();
    let settled = world.settled(rules::game, &[1, 1]);
    let holders = holders(&world);
    scale_rent(&mut world, 1, 10);
    // Each account still needs what it was created with, to the lamport.
    let wallet = world.treasury_wallet.pubkey();
    world.svm.airdrop(&wallet, SOL).unwrap();
    let (authority, house) = (world.authority.pubkey(), world.house);
    let accrued = world.treasury().accrued;
    let withdraw = |amount| ix::withdraw_treasury(authority, house, wallet, amount, None);
    assert_refused(
        world.crank(withdraw(accrued + 1)),
        LotteryError::AboveAccrued,
    );
    let treasury = holders[3];
    world.corrupt(&treasury, |account| account.lamports -= 1);
    assert_refused(world.crank(withdraw(1)), LotteryError::Insolvent);
    world.corrupt(&treasury, |account| account.lamports += 1);
    world.crank(withdraw(accrued)).unwrap();
    assert_eq!(world.lamports(&treasury), world.treasury().rent_reserve);

    world.corrupt(&settled.game, |account| account.lamports -= 1);
    assert_refused(world.claim_place(&settled.game, 0), LotteryError::Insolvent);
    world.corrupt(&settled.game, |account| account.lamports += 1);
    world.claim_place(&settled.game, 0).unwrap();
    let state = world.game(&settled.game);
    assert_eq!(
        world.lamports(&settled.game),
        state.rent_reserve + state.bounty_escrow
    );
    // It all returns in the end.
    let held: Vec<_> = settled
        .entries
        .iter()
        .map(|entry| world.lamports(entry))
        .collect();
    for (n, entry) in settled.entries.iter().enumerate() {
        let player = settled.players[n].pubkey();
        let before = world.lamports(&player);
        world.close_entry(entry).unwrap();
        assert_eq!(world.lamports(&player), before + held[n] - 10_000);
    }
    let before = world.lamports(&authority);
    let left = world.lamports(&settled.game);
    world.close_game(&settled.game).unwrap();
    assert_eq!(world.lamports(&authority), before + left - 5_000);
}

#[test]
fn cheaper_rent_lets_a_whole_game_go_on() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 4));
    let sold = world.sell(
        |id, now| {
            let mut params = rules::game(id, now);
            params.max_tickets = 4;
            params.max_tickets_per_entry = 4;
            params
        },
        &[2, 2],
    );
    scale_rent(&mut world, 1, 10);
    world.play(&sold.game, 1).unwrap();
    world.claim_place(&sold.game, 0).unwrap();
    for tier in 0..3 {
        world.claim_award(&sold.game, tier).unwrap();
    }
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.close_game(&sold.game).unwrap();
}
