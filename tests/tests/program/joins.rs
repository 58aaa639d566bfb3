//! Buying tickets.

use lottery::{
    LotteryError,
    draw::{first_entries_hash, next_entries_hash},
    state::{Entry, GameStatus},
};
use lottery_client::{
    address,
    instruction::{self as ix, Purchase},
};
use lottery_tests::{
    rules,
    world::{SOL, World, assert_fails, assert_refused, replaced},
};
use solana_instruction::{AccountMeta, error::InstructionError};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// What an entry holds for whoever refunds or closes it (lamports).
const BOUNTIES: u64 = 20_000;

fn one_ticket(world: &World, game: Pubkey, player: &Keypair) -> Purchase {
    Purchase {
        player: player.pubkey(),
        house: world.house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: u64::MAX,
    }
}

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

    // Rent, and the bounties of the refund and the close.
    let rent = world.lamports(&entry);
    assert_eq!(rent, world.rent(8 + size_of::<Entry>()) + BOUNTIES);
    assert_eq!(u64::from(bought.bounty) * Entry::BOUNTIES, BOUNTIES);
    let fee = 5_000;
    assert_eq!(
        world.lamports(&bob.pubkey()),
        before - rent - 3 * SOL / 100 - fee
    );
    let state = world.game(&game);
    assert_eq!(
        world.lamports(&game),
        state.rent_reserve + state.bounty_escrow + 8 * SOL / 100
    );
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
    assert_refused(again, LotteryError::EntryExists);
    assert_eq!(world.game(&game).tickets, 3);
}

#[test]
fn a_donation_to_the_entrys_address_costs_the_player_nothing_and_blocks_nobody() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let entry_rent = world.rent(8 + size_of::<Entry>());
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
            before - own - BOUNTIES - SOL / 100 - 5_000
        );
        assert_eq!(world.lamports(&game), pot + SOL / 100);
        assert_eq!(world.lamports(&entry), entry_rent.max(donation) + BOUNTIES);
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
    assert_refused(
        world.join(&game, &player, 1),
        LotteryError::InsufficientFunds,
    );
    assert_eq!(world.account(&game), before);
}

#[test]
fn a_player_needs_price_rent_and_bounties_to_the_lamport() {
    for (more, allowed) in [(0, true), (1, false)] {
        let mut world = World::new();
        let rent = world.rent(8 + size_of::<Entry>());
        let all = 100 * SOL - 5_000 - rent - BOUNTIES;
        let game = world
            .create_game(|id, now| {
                let mut params = rules::game(id, now);
                params.entry_fee = all + more;
                params
            })
            .unwrap();
        let player = world.player();
        let joined = world.join(&game, &player, 1);
        if allowed {
            joined.unwrap();
            assert_eq!(world.lamports(&player.pubkey()), 0);
        } else {
            assert_refused(joined, LotteryError::InsufficientFunds);
        }
    }
}

#[test]
fn an_entry_is_created_at_the_address_of_its_seeds_and_bump_only() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let (player, other) = (world.player(), world.player());
    let join = ix::join(&one_ticket(&world, game, &player), None);

    for wrong in [
        address::entry(&game, &player.pubkey(), 1),
        address::entry(&game, &other.pubkey(), 0),
        Pubkey::new_unique(),
    ] {
        let mut elsewhere = join.clone();
        elsewhere.accounts[3].pubkey = wrong;
        assert_fails(
            world.send(&[elsewhere], &player, &[]),
            &InstructionError::PrivilegeEscalation,
        );
    }
    // Its own signature would do for the System program, which asks for no seeds then.
    let signing = Keypair::new();
    let mut elsewhere = join.clone();
    elsewhere.accounts[3] = AccountMeta::new(signing.pubkey(), true);
    assert_fails(
        world.send(&[elsewhere], &player, &[&signing]),
        &InstructionError::InvalidSeeds,
    );
    let mut bump = join.clone();
    let last = bump.data.len() - 9;
    bump.data[last] = bump.data[last].wrapping_sub(1);
    assert!(world.send(&[bump], &player, &[]).is_err());
    world.send(&[join], &player, &[]).unwrap();
}

#[test]
fn a_bump_that_is_not_the_canonical_one_makes_an_entry_like_any_other() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let first = world.join(&game, &player, 1).unwrap();
    let key = player.pubkey();
    let canonical = address::entry_with_bump(&game, &key, 0).1;
    let (second, bump) = (0..canonical)
        .rev()
        .find_map(|bump| {
            let seeds: &[&[u8]] = &[
                lottery::seeds::ENTRY,
                game.as_ref(),
                key.as_ref(),
                &0u16.to_le_bytes(),
                &[bump],
            ];
            let address = Pubkey::create_program_address(seeds, &lottery::ID).ok()?;
            Some((address, bump))
        })
        .unwrap();
    let join = ix::join(&one_ticket(&world, game, &player), None);
    let mut other = replaced(&join, &first, second);
    let at = other.data.len() - 9;
    assert_eq!(other.data[at], canonical);
    other.data[at] = bump;
    world.send(&[other], &player, &[]).unwrap();
    let (a, b) = (world.entry(&first), world.entry(&second));
    assert_eq!((a.first_ticket, b.first_ticket), (0, 1));
    assert_eq!((a.nonce, b.nonce), (0, 0));
    world.pass(3_600);
    world.play(&game, 1).unwrap();
    world.claim_place(&game, 0).unwrap();
    for entry in [first, second] {
        world.close_entry(&entry).unwrap();
    }
    world.close_game(&game).unwrap();
}

#[test]
fn the_player_signs() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let mut join = ix::join(&one_ticket(&world, game, &player), None);
    join.accounts[0].is_signer = false;
    assert_fails(
        world.crank(join),
        &InstructionError::MissingRequiredSignature,
    );
}
