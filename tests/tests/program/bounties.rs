//! What cranks are paid: the house's bounty for each step, out of what the game's
//! creator and the entries' players put aside.

use lottery::state::{Draw, Entry, Game, GameParams, GameStatus, MAX_PLACES};
use lottery_client::{
    address,
    instruction::{self as ix, DrawKeys},
};
use lottery_tests::{
    rules,
    world::{World, assert_fails},
};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// The bounty of the rules that tests start from (lamports).
const BOUNTY: u64 = 10_000;
/// The fee of a signature (lamports).
const FEE: u64 = 5_000;

/// Sends an instruction that names `cranker`, who does not pay for the transaction,
/// and asserts what they got for it.
#[track_caller]
fn pays(world: &mut World, cranker: &Pubkey, instruction: Instruction, expected: u64) {
    let before = world.lamports(cranker);
    let authority = world.authority.insecure_clone();
    let limit = ComputeBudgetInstruction::set_compute_unit_limit(1_400_000);
    world.send(&[limit, instruction], &authority, &[]).unwrap();
    assert_eq!(world.lamports(cranker) - before, expected);
}

#[test]
fn each_step_pays_the_houses_bounty_to_who_takes_it() {
    let mut world = World::new();
    let cranker = world.player();
    let key = cranker.pubkey();
    let games: Vec<_> = (0..3).map(|_| world.sell(rules::game, &[1, 1])).collect();
    let addresses: Vec<_> = games.iter().map(|sold| sold.game).collect();
    let abandoned = world.sell(rules::game, &[1]);
    world.pass(3_600);

    // A request's payer pays the draw's rent and the fee too.
    let id = world.lane().next_draw;
    let mut request = world.request_ix(id, 0, &addresses);
    request.accounts[0].pubkey = key;
    let before = world.lamports(&key);
    world.send(&[request], &cranker, &[]).unwrap();
    let rent = world.rent(8 + size_of::<Draw>());
    assert_eq!(world.lamports(&key), before + 3 * BOUNTY - rent - FEE);
    let keys = DrawKeys {
        payer: key,
        ..world.draw_keys(id)
    };
    assert_eq!(world.lamports(&keys.draw), rent + 3 * BOUNTY);
    assert_eq!(world.draw(id).bounty, 3 * BOUNTY);

    world.pass(0);
    let answer = world.answer(0, [1; 32]);
    let mut reveal = world.reveal_ix(id, 0, &answer);
    reveal.accounts[0].pubkey = key;
    let before = world.lamports(&key);
    world.send(&[reveal], &cranker, &[]).unwrap();
    assert_eq!(world.lamports(&key), before + 3 * BOUNTY - FEE);
    assert_eq!(
        (world.draw(id).bounty, world.lamports(&keys.draw)),
        (0, rent)
    );

    let settle = |games: &[Pubkey]| ix::settle_draw(key, keys, games, None);
    pays(&mut world, &key, settle(&addresses[..1]), BOUNTY);
    pays(&mut world, &key, settle(&addresses[1..]), 2 * BOUNTY + rent);

    let (entry, ticket) = world.winner(&games[0].game, 0);
    let claim = ix::claim(key, world.entry_keys(&entry), ticket);
    pays(&mut world, &key, claim, BOUNTY);
    let close = ix::close_entry(key, world.entry_keys(&entry));
    pays(&mut world, &key, close, BOUNTY);

    let cancel = ix::cancel_game(key, abandoned.game);
    pays(&mut world, &key, cancel, BOUNTY);
    let refund = ix::refund(key, world.entry_keys(&abandoned.entries[0]));
    pays(&mut world, &key, refund, BOUNTY);

    world.pass(86_400);
    let expire = ix::expire_prizes(key, world.house, games[1].game, None);
    pays(&mut world, &key, expire, BOUNTY);
    let creator = world.authority.pubkey();
    let close = ix::close_game(key, games[1].game, creator, None);
    pays(&mut world, &key, close, BOUNTY);
}

#[test]
fn an_award_pays_a_bounty_too() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 2));
    let sold = world.settled(
        |id, now| {
            let mut params = rules::game(id, now);
            params.max_tickets = 2;
            params.max_tickets_per_entry = 2;
            params
        },
        &[2],
    );
    let cranker = world.player().pubkey();
    for tier in 0..3 {
        let keys = world.entry_keys(&sold.entries[0]);
        let claim = ix::claim_jackpot(cranker, keys, tier);
        pays(&mut world, &cranker, claim, BOUNTY);
    }
}

#[test]
fn a_release_pays_what_was_put_aside_for_the_reveal() {
    let mut world = World::new();
    let games: Vec<_> = (0..3).map(|_| world.sell(rules::game, &[2]).game).collect();
    world.pass(3_600);
    let id = world.request(&games).unwrap();
    world.time_out(id);
    let cranker = world.player().pubkey();
    let escrow = world.game(&games[0]).bounty_escrow;
    let abort = |games: &[Pubkey]| ix::abort_draw(cranker, world.draw_keys(id), games);
    let (two, one) = (abort(&games[..2]), abort(&games[2..]));
    pays(&mut world, &cranker, two, 2 * BOUNTY);
    pays(&mut world, &cranker, one, BOUNTY);
    assert_eq!(world.game(&games[0]).bounty_escrow, escrow);
}

/// A game whose every step may be needed: 8 rounds, 32 places, sold out by 40 tickets.
fn longest(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.max_tickets = 40;
    params.max_tickets_per_entry = 40;
    params.min_tickets = 32;
    params.rounds = 8;
    params.winners = 32;
    params.keep_bps = [10_000; 8];
    params.keep_bps[7] = 0;
    params.place_bps = [312; MAX_PLACES];
    params.place_bps[0] = 10_000 - 31 * 312;
    params.round_interval = 0;
    params
}

#[test]
fn the_escrow_covers_the_longest_game_to_the_lamport() {
    // All 32 prizes are claimed, or all but one, which expires.
    for claimed in [32, 31] {
        let mut world = World::with_house(|params| rules::certain_hits(params, 40));
        let creator = world.authority.pubkey();
        let before = world.lamports(&creator);
        let game = world.create_game(longest).unwrap();
        let escrow = (8 * 7 + 32 + 3 + 2) * BOUNTY;
        let rent = world.game(&game).rent_reserve;
        assert_eq!(world.game(&game).bounty_escrow, escrow);
        assert_eq!(world.lamports(&creator), before - rent - escrow - FEE);
        let player = world.player();
        let entry = world.join(&game, &player, 40).unwrap();

        for round in 0..8 {
            world.fail_draw(0, &[game]);
            world.fail_draw(1, &[game]);
            let id = world.request_of(2, &[game]).unwrap();
            world.pass(0);
            let answer = world.answer(2, [round; 32]);
            world.crank(world.reveal_ix(id, 2, &answer)).unwrap();
            world.settle(id, &[game]).unwrap();
        }
        assert!(world.game(&game).is(GameStatus::Settled));
        let cranker = world.player().pubkey();
        let keys = world.entry_keys(&entry);
        for place in 0..claimed {
            let (_, ticket) = world.winner(&game, place);
            let claim = ix::claim(cranker, keys, ticket);
            pays(&mut world, &cranker, claim, BOUNTY);
        }
        for tier in 0..3 {
            let award = ix::claim_jackpot(cranker, keys, tier);
            pays(&mut world, &cranker, award, BOUNTY);
        }
        world.pass(86_400);
        if claimed < 32 {
            let expire = ix::expire_prizes(cranker, world.house, game, None);
            pays(&mut world, &cranker, expire, BOUNTY);
        }
        // One is left for the close, and one that only another course would have needed.
        assert_eq!(world.game(&game).bounty_escrow, 2 * BOUNTY);
        assert_eq!(world.lamports(&game), rent + 2 * BOUNTY);
        let before = world.lamports(&creator);
        let close = ix::close_game(cranker, game, creator, None);
        pays(&mut world, &cranker, close, BOUNTY);
        // The authority paid for the transaction.
        assert_eq!(world.lamports(&creator), before + rent + BOUNTY - FEE);
    }
}

#[test]
fn the_longest_game_that_is_cancelled_in_the_end_covers_its_cranks_too() {
    let mut world = World::new();
    let sold = world.sell(longest, &[39, 1]);
    for round in 0..7 {
        world.fail_draw(0, &[sold.game]);
        world.fail_draw(1, &[sold.game]);
        let id = world.request_of(2, &[sold.game]).unwrap();
        world.pass(0);
        let answer = world.answer(2, [round; 32]);
        world.crank(world.reveal_ix(id, 2, &answer)).unwrap();
        world.settle(id, &[sold.game]).unwrap();
    }
    for oracle in 0..3 {
        world.fail_draw(oracle, &[sold.game]);
    }
    let cancelled = world.game(&sold.game);
    assert!(cancelled.is(GameStatus::Cancelled));
    // Its prizes', awards' and last settlement's, its cancellation's and its close's.
    assert_eq!(cancelled.bounty_escrow, (32 + 3 + 1 + 2) * BOUNTY);
    for entry in &sold.entries {
        world.refund(entry).unwrap();
    }
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.close_game(&sold.game).unwrap();
}

#[test]
fn a_house_without_bounties_works_and_its_cranks_need_no_wallet() {
    let mut world = World::with_house(|params| {
        rules::certain_hits(params, 2);
        params.rules.bounty = 0;
    });
    let pair = |id, now| {
        let mut params = rules::game(id, now);
        params.max_tickets = 2;
        params.max_tickets_per_entry = 2;
        params
    };
    let sold = world.sell(pair, &[2]);
    let unsold = world.sell(pair, &[1]);
    assert_eq!(world.game(&sold.game).bounty_escrow, 0);
    let rent = world.rent(8 + size_of::<Entry>());
    assert_eq!(world.lamports(&sold.entries[0]), rent);
    world.pass(3_600);
    world.fail_draw(0, &[sold.game]);
    let id = world.request_of(1, &[sold.game]).unwrap();
    world.pass(0);
    let answer = world.answer(1, [1; 32]);
    world.crank(world.reveal_ix(id, 1, &answer)).unwrap();
    // Nobody has ever heard of this address.
    let nobody = Pubkey::new_unique();
    let settle = ix::settle_draw(nobody, world.draw_keys(id), &[sold.game], None);
    pays(&mut world, &nobody, settle, 0);
    let keys = world.entry_keys(&sold.entries[0]);
    let (_, ticket) = world.winner(&sold.game, 0);
    let unsold_keys = world.entry_keys(&unsold.entries[0]);
    let creator = world.authority.pubkey();
    let house = world.house;
    for instruction in [
        ix::claim(nobody, keys, ticket),
        ix::claim_jackpot(nobody, keys, 0),
        ix::claim_jackpot(nobody, keys, 1),
        ix::cancel_game(nobody, unsold.game),
        ix::refund(nobody, unsold_keys),
        ix::close_entry(nobody, unsold_keys),
        ix::close_game(nobody, unsold.game, creator, None),
    ] {
        pays(&mut world, &nobody, instruction, 0);
    }
    world.pass(86_400);
    let expire = ix::expire_prizes(nobody, house, sold.game, None);
    pays(&mut world, &nobody, expire, 0);
    let close = ix::close_game(nobody, sold.game, creator, None);
    pays(&mut world, &nobody, close, 0);
}

#[test]
fn a_changed_bounty_is_that_of_later_games() {
    let mut world = World::new();
    let old = world.sell(rules::game, &[2]);
    let mut rules_now = rules::house(world.treasury_wallet.pubkey(), world.queue).rules;
    rules_now.bounty = 1_000_000;
    let (authority, house) = (world.authority.pubkey(), world.house);
    world
        .crank(ix::update_house(authority, house, rules_now))
        .unwrap();
    let new = world.sell(rules::game, &[2]);
    world.pass(3_600);
    // One draw of both: each pays its own.
    let games = [old.game, new.game];
    let id = world.request(&games).unwrap();
    assert_eq!(world.draw(id).bounty, 1_010_000);
    world.time_out(id);
    let cranker = world.player().pubkey();
    let keys = world.draw_keys(id);
    let release = |game| ix::abort_draw(cranker, keys, &[game]);
    pays(&mut world, &cranker, release(new.game), 1_000_000);
    pays(&mut world, &cranker, release(old.game), 10_000);
    let id = world.request_of(1, &games).unwrap();
    world.pass(0);
    let answer = world.answer(1, [1; 32]);
    let earned = world.lamports(&authority);
    world.crank(world.reveal_ix(id, 1, &answer)).unwrap();
    assert_eq!(world.lamports(&authority), earned + 1_010_000 - FEE);
    let settle = ix::settle_draw(cranker, world.draw_keys(id), &games, None);
    pays(&mut world, &cranker, settle, 1_010_000);
}

#[test]
fn an_empty_escrow_stops_no_step() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    let escrow = world.game(&sold.game).bounty_escrow;
    let at = 8 + std::mem::offset_of!(Game, bounty_escrow);
    // As if cranks not foreseen had used all of it but half a bounty.
    world.corrupt(&sold.game, |account| {
        account.data[at..at + 8].copy_from_slice(&5_000u64.to_le_bytes());
        account.lamports -= escrow - 5_000;
    });
    world.pass(3_600);
    let authority = world.authority.pubkey();
    let before = world.lamports(&authority);
    let id = world.request(&[sold.game]).unwrap();
    let rent = world.rent(8 + size_of::<Draw>());
    assert_eq!(world.lamports(&authority), before + 5_000 - rent - FEE);
    assert_eq!(world.draw(id).bounty, 0);
    world.reveal(id, [1; 32]).unwrap();
    world.settle(id, &[sold.game]).unwrap();
    world.claim_place(&sold.game, 0).unwrap();
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.close_game(&sold.game).unwrap();
}

#[test]
fn who_cranks_may_be_the_player_or_the_creator() {
    let mut world = World::new();
    let sold = world.settled(rules::game, &[1, 1]);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let keys = world.entry_keys(&entry);
    let prize = world.game(&sold.game).prize_pool;
    let claim = ix::claim(keys.player, keys, ticket);
    pays(&mut world, &keys.player, claim, prize + BOUNTY);
    let held = world.lamports(&entry);
    let close = ix::close_entry(keys.player, keys);
    pays(&mut world, &keys.player, close, held);

    let cancelled = world.cancelled(&[1]);
    let keys = world.entry_keys(&cancelled.entries[0]);
    let refund = ix::refund(keys.player, keys);
    pays(&mut world, &keys.player, refund, rules::FEE + BOUNTY);
}

#[test]
fn the_account_that_pays_is_not_who_cranks() {
    let mut world = World::new();
    let sold = world.settled(rules::game, &[1, 1]);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let keys = world.entry_keys(&entry);
    let creator = world.authority.pubkey();
    for instruction in [
        ix::claim(sold.game, keys, ticket),
        ix::refund(sold.game, keys),
        ix::close_entry(entry, keys),
        ix::cancel_game(sold.game, sold.game),
        ix::close_game(sold.game, sold.game, creator, None),
        ix::expire_prizes(sold.game, world.house, sold.game, None),
    ] {
        // Anchor's `ConstraintDuplicateMutableAccount`.
        assert_fails(world.crank(instruction), &InstructionError::Custom(2040));
    }
}

#[test]
fn an_account_of_the_program_that_cranks_is_given_a_donation() {
    let mut world = World::new();
    let sold = world.settled(rules::game, &[1, 1]);
    world.claim_place(&sold.game, 0).unwrap();
    let lane = address::lane(&world.house, 0);
    let before = world.account(&lane);
    let close = ix::close_entry(lane, world.entry_keys(&sold.entries[0]));
    pays(&mut world, &lane, close, BOUNTY);
    assert_eq!(world.account(&lane).data, before.data);
}
