//! Buying tickets.

use lottery::{
    LotteryError,
    draw::{first_entries_hash, next_entries_hash},
    state::GameStatus,
};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{SOL, World, assert_fails, assert_refused},
};
use solana_instruction::error::InstructionError;
use solana_signer::Signer as _;

#[test]
fn an_entry_records_what_was_bought() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let (alice, bob) = (world.player(), world.player());
    world.join(&game, &alice, 5).unwrap();
    let before = world.lamports(&bob.pubkey());
    let entry = world.join(&game, &bob, 3).unwrap();

    let bought = world.entry(&entry);
    assert_eq!((bought.game, bought.player), (game, bob.pubkey()));
    assert_eq!((bought.first_ticket, bought.tickets), (5, 3));
    assert_eq!(bought.paid, 3 * SOL / 100);
    assert_eq!(bought.joined_at, world.now());
    assert!(bought.holds(5) && bought.holds(7));
    assert!(!bought.holds(4) && !bought.holds(8));

    let rent = world.lamports(&entry);
    assert_eq!(rent, world.rent(8 + size_of::<lottery::state::Entry>()));
    let fee = 5_000;
    assert_eq!(
        world.lamports(&bob.pubkey()),
        before - rent - 3 * SOL / 100 - fee
    );
    let state = world.game(&game);
    assert_eq!(world.lamports(&game), state.rent_reserve + 8 * SOL / 100);
    let hash = next_entries_hash(&first_entries_hash(&game), &alice.pubkey(), 0, 0, 5);
    let hash = next_entries_hash(&hash, &bob.pubkey(), 0, 5, 3);
    assert_eq!(state.entries_hash, hash);
}

#[test]
fn one_player_may_have_entries_of_several_nonces_but_not_one_twice() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    for nonce in [0, 1, u16::MAX] {
        world.join_with(&game, &player, 1, nonce, u64::MAX).unwrap();
    }
    let again = world.join_with(&game, &player, 1, 1, u64::MAX);
    assert_fails(again, &InstructionError::Custom(0)); // System: account in use
    assert_eq!(world.game(&game).tickets, 3);
}

#[test]
fn a_donation_to_the_entrys_address_costs_the_player_nothing_and_blocks_nobody() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let entry_rent = world.rent(8 + size_of::<lottery::state::Entry>());
    // Less than the rent, the rent, and far more than rent and price.
    for donation in [1_000_000, entry_rent, SOL] {
        let player = world.player();
        let entry = address::entry(&game, &player.pubkey(), 0);
        world.svm.airdrop(&entry, donation).unwrap();
        let before = world.lamports(&player.pubkey());
        let pot = world.lamports(&game);
        world.join(&game, &player, 1).unwrap();
        let own = entry_rent.saturating_sub(donation);
        assert_eq!(
            world.lamports(&player.pubkey()),
            before - own - SOL / 100 - 5_000
        );
        assert_eq!(world.lamports(&game), pot + SOL / 100);
        assert_eq!(world.lamports(&entry), entry_rent.max(donation));
    }
}

#[test]
fn sales_have_a_beginning_and_an_end() {
    let mut world = World::new();
    let game = world
        .create_game(|id, now| {
            let mut params = rules::game(id, now);
            params.opens_at = now + 10;
            params.closes_at = now + 20;
            params
        })
        .unwrap();
    let player = world.player();
    assert_refused(world.join(&game, &player, 1), LotteryError::GameNotYetOpen);
    world.pass(9);
    assert_refused(world.join(&game, &player, 1), LotteryError::GameNotYetOpen);
    world.pass(1);
    world.join_with(&game, &player, 1, 0, u64::MAX).unwrap();
    world.pass(9);
    world.join_with(&game, &player, 1, 1, u64::MAX).unwrap();
    world.pass(1);
    assert_refused(
        world.join_with(&game, &player, 1, 2, u64::MAX),
        LotteryError::GameClosed,
    );
    // Also once the game is past `Open`.
    world.request(&[game]).unwrap();
    assert!(world.game(&game).is(GameStatus::Drawing));
    assert_refused(
        world.join_with(&game, &player, 1, 2, u64::MAX),
        LotteryError::GameNotOpen,
    );
}

#[test]
fn tickets_are_bounded_per_entry_and_per_game() {
    let mut world = World::new();
    let game = world
        .create_game(|id, now| {
            let mut params = rules::game(id, now);
            params.max_tickets = 150;
            params
        })
        .unwrap();
    let player = world.player();
    let mut nonce = 0;
    let mut buy = |world: &mut World, tickets| {
        nonce += 1;
        world.join_with(&game, &player, tickets, nonce, u64::MAX)
    };
    assert_refused(buy(&mut world, 0), LotteryError::TicketsZero);
    assert_refused(buy(&mut world, 101), LotteryError::TicketsAboveEntryCap);
    assert_refused(
        buy(&mut world, u32::MAX),
        LotteryError::TicketsAboveEntryCap,
    );
    buy(&mut world, 100).unwrap();
    assert_refused(buy(&mut world, 51), LotteryError::SoldOut);
    buy(&mut world, 50).unwrap();
    assert_refused(buy(&mut world, 1), LotteryError::SoldOut);
    assert_eq!(world.game(&game).tickets, 150);
}

#[test]
fn the_price_is_capped_by_the_player() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    assert_refused(
        world.join_with(&game, &player, 3, 0, 3 * SOL / 100 - 1),
        LotteryError::PriceAboveMax,
    );
    world
        .join_with(&game, &player, 3, 0, 3 * SOL / 100)
        .unwrap();
}

#[test]
fn a_player_who_cannot_pay_changes_nothing() {
    let mut world = World::new();
    let game = world
        .create_game(|id, now| {
            let mut params = rules::game(id, now);
            params.entry_fee = 200 * SOL;
            params
        })
        .unwrap();
    let player = world.player();
    let before = world.account(&game);
    // System: insufficient lamports.
    assert_fails(world.join(&game, &player, 1), &InstructionError::Custom(1));
    assert_eq!(world.account(&game), before);
}

#[test]
fn an_entry_is_created_at_the_address_of_its_seeds_and_bump_only() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let (player, other) = (world.player(), world.player());
    let house = world.house;
    let join = ix::join(player.pubkey(), house, game, 1, 0, u64::MAX);

    for wrong in [
        address::entry(&game, &player.pubkey(), 1),
        address::entry(&game, &other.pubkey(), 0),
        solana_pubkey::Pubkey::new_unique(),
    ] {
        let mut elsewhere = join.clone();
        elsewhere.accounts[3].pubkey = wrong;
        assert_fails(
            world.send(&[elsewhere], &player, &[]),
            &InstructionError::PrivilegeEscalation,
        );
    }
    let mut bump = join.clone();
    let last = bump.data.len() - 9;
    bump.data[last] = bump.data[last].wrapping_sub(1);
    assert!(world.send(&[bump], &player, &[]).is_err());
    world.send(&[join], &player, &[]).unwrap();
}

#[test]
fn the_player_signs() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let mut join = ix::join(player.pubkey(), world.house, game, 1, 0, u64::MAX);
    join.accounts[0].is_signer = false;
    assert_fails(
        world.crank(join),
        &InstructionError::MissingRequiredSignature,
    );
}
