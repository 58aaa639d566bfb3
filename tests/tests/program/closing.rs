//! What everybody gets back at the end: players their entries' rent, creators their
//! games'.

use lottery::{
    LotteryError,
    events::{EVENT_VERSION, GameClosed, Payment, PlayersPaid},
    state::Entry,
};
use lottery_client::instruction as ix;
use lottery_tests::{
    events::{Event, event},
    payouts::Sold,
    rules,
    world::{SOL, World, assert_refused},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// A game of two players, all paid.
fn paid() -> (World, Sold) {
    let mut world = World::new();
    let sold = world.settled(rules::game, &[1, 1]);
    world.claim_place(&sold.game, 0).unwrap();
    (world, sold)
}

#[test]
fn an_entry_closes_when_its_game_owes_nothing_any_more() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    let refused = |world: &mut World| {
        for entry in &sold.entries {
            assert_refused(world.close_entry(entry), LotteryError::GameStillOwes);
        }
    };
    refused(&mut world);
    world.pass(3_600);
    refused(&mut world);
    let id = world.request(&[sold.game]).unwrap();
    refused(&mut world);
    world.reveal(id, [1; 32]).unwrap();
    world.settle(id, &[sold.game]).unwrap();
    refused(&mut world);
    world.claim_place(&sold.game, 0).unwrap();
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    assert_eq!(world.game(&sold.game).entries_closed, 2);
}

#[test]
fn an_entry_of_a_cancelled_game_closes_when_it_is_refunded() {
    let mut world = World::new();
    let sold = world.cancelled(&[1, 2]);
    world.refund(&sold.entries[0]).unwrap();
    // Another player's refund that cannot be paid must not hold up this one's rent.
    assert_refused(
        world.close_entry(&sold.entries[1]),
        LotteryError::GameStillOwes,
    );
    world.close_entry(&sold.entries[0]).unwrap();
    assert_refused(world.close_game(&sold.game), LotteryError::GameStillOwes);
    world.refund(&sold.entries[1]).unwrap();
    world.close_entry(&sold.entries[1]).unwrap();
    world.close_game(&sold.game).unwrap();
}

#[test]
fn rent_and_unspent_bounty_go_to_the_player_and_one_bounty_to_who_closes() {
    let (mut world, sold) = paid();
    let (entry, player) = (sold.entries[0], sold.players[0].pubkey());
    let cranker = world.player();
    let rent = world.rent(8 + size_of::<Entry>());
    // A donation goes with the rent.
    world.svm.airdrop(&entry, 77).unwrap();
    let (before, earned) = (world.lamports(&player), world.lamports(&cranker.pubkey()));
    let close = ix::close_entry(cranker.pubkey(), world.entry_keys(&entry));
    let meta = world.crank(close).unwrap();
    let rest = rent + 10_000 + 77;
    assert_eq!(world.lamports(&player), before + rest);
    assert_eq!(world.lamports(&cranker.pubkey()), earned + 10_000);
    assert!(world.is_gone(&entry));
    assert_eq!(world.lamports(&entry), 0);
    let told = Event::PlayersPaid(PlayersPaid {
        version: EVENT_VERSION,
        game: sold.game,
        payments: vec![Payment {
            kind: Payment::RENT,
            index: 0,
            ticket: 0,
            entry,
            player,
            amount: rest,
        }],
        paid_out: 0,
        refunded: 0,
        cranker: cranker.pubkey(),
        bounty: 10_000,
    });
    assert_eq!(event(&meta), told);
}

#[test]
fn a_refunded_entry_returns_its_rent_alone() {
    let mut world = World::new();
    let sold = world.cancelled(&[1]);
    let (entry, player) = (sold.entries[0], sold.players[0].pubkey());
    world.refund(&entry).unwrap();
    let rent = world.rent(8 + size_of::<Entry>());
    assert_eq!(world.lamports(&entry), rent + 10_000);
    let before = world.lamports(&player);
    world.close_entry(&entry).unwrap();
    assert_eq!(world.lamports(&player), before + rent);
}

#[test]
fn a_player_who_closes_the_own_entry_gets_all_of_it() {
    let (mut world, sold) = paid();
    let (entry, player) = (sold.entries[1], &sold.players[1]);
    let held = world.lamports(&entry);
    let before = world.lamports(&player.pubkey());
    let close = ix::close_entry(player.pubkey(), world.entry_keys(&entry));
    world.send(&[close], player, &[]).unwrap();
    assert_eq!(world.lamports(&player.pubkey()), before + held - 5_000);
}

#[test]
fn an_entry_closes_once() {
    let (mut world, sold) = paid();
    let close = world.close_entry_ix(&sold.entries[0]);
    let authority = world.authority.insecure_clone();
    assert!(
        world
            .send(&[close.clone(), close.clone()], &authority, &[])
            .is_err(),
        "twice in one transaction"
    );
    assert_eq!(world.game(&sold.game).entries_closed, 0);
    world.crank(close.clone()).unwrap();
    assert!(world.crank(close.clone()).is_err());
    // Also when somebody puts lamports there again.
    world.svm.airdrop(&sold.entries[0], SOL).unwrap();
    assert!(world.crank(close).is_err());
    assert_eq!(world.game(&sold.game).entries_closed, 1);
}

#[test]
fn entries_outlive_their_game_and_close_without_it() {
    let (mut world, sold) = paid();
    world.pass(86_400);
    world.close_game(&sold.game).unwrap();
    assert!(world.is_gone(&sold.game));
    for (entry, player) in sold.entries.iter().zip(&sold.players) {
        let before = world.lamports(&player.pubkey());
        let held = world.lamports(entry);
        // Lamports at the game's old address change nothing.
        world.svm.airdrop(&sold.game, SOL).unwrap();
        world.close_entry(entry).unwrap();
        assert_eq!(world.lamports(&player.pubkey()), before + held - 10_000);
    }
}

#[test]
fn an_entry_does_not_close_against_another_game() {
    let (mut world, sold) = paid();
    let other = world.sell(rules::game, &[1]).game;
    let mut keys = world.entry_keys(&sold.entries[0]);
    for game in [other, Pubkey::new_unique()] {
        keys.game = game;
        let close = ix::close_entry(world.authority.pubkey(), keys);
        assert_refused(world.crank(close), LotteryError::ForeignGame);
    }
}

#[test]
fn a_game_closes_when_it_owes_nothing_and_its_entries_are_closed_or_its_window_is_over() {
    let (mut world, sold) = paid();
    let end = world.game(&sold.game).claims_end();
    assert_refused(world.close_game(&sold.game), LotteryError::EntriesOpen);
    world.close_entry(&sold.entries[0]).unwrap();
    world.pass_until(end - 1);
    assert_refused(world.close_game(&sold.game), LotteryError::EntriesOpen);
    world.pass(1);
    world.close_game(&sold.game).unwrap();

    let (mut world, sold) = paid();
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.close_game(&sold.game).unwrap();
}

#[test]
fn a_game_that_owes_does_not_close_however_late() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    let cancelled = world.cancelled(&[1]);
    for _ in 0..3 {
        for game in [sold.game, cancelled.game] {
            assert_refused(world.close_game(&game), LotteryError::GameStillOwes);
        }
        world.pass(86_400 * 2);
    }
    world.play(&sold.game, 1).unwrap();
    world.pass(86_400 * 30);
    assert_refused(world.close_game(&sold.game), LotteryError::GameStillOwes);
}

#[test]
fn a_closed_game_returns_rent_escrow_and_donations_to_its_creator() {
    let (mut world, sold) = paid();
    let creator = world.authority.pubkey();
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.svm.airdrop(&sold.game, SOL).unwrap();
    let held = world.lamports(&sold.game);
    let state = world.game(&sold.game);
    assert_eq!(held, state.rent_reserve + state.bounty_escrow + SOL);
    let cranker = world.player();
    let (before, earned) = (world.lamports(&creator), world.lamports(&cranker.pubkey()));
    let close = ix::close_game(cranker.pubkey(), sold.game, creator, None);
    let meta = world
        .send(std::slice::from_ref(&close), &cranker, &[])
        .unwrap();
    assert_eq!(world.lamports(&creator), before + held - 10_000);
    assert_eq!(world.lamports(&cranker.pubkey()), earned + 10_000 - 5_000);
    assert!(world.is_gone(&sold.game));
    let told = Event::GameClosed(GameClosed {
        version: EVENT_VERSION,
        house: world.house,
        game: sold.game,
        creator,
        entries_hash: state.entries_hash,
        tickets: state.tickets,
        entries: state.entries,
        lamports: held - 10_000,
        tokens: 0,
        cranker: cranker.pubkey(),
        bounty: 10_000,
    });
    assert_eq!(event(&meta), told);
    assert!(world.send(&[close], &cranker, &[]).is_err(), "twice");
}

#[test]
fn a_games_rent_is_its_creators_alone() {
    let mut world = World::with_house(|params| params.rules.open_creation = true);
    let creator = world.player();
    let params = rules::game(0, world.now());
    let create = ix::create_game(creator.pubkey(), world.house, params, None);
    world.send(&[create], &creator, &[]).unwrap();
    let game = lottery_client::address::game(&world.house, 0);
    world.pass(3_600);
    world.cancel(&game).unwrap();
    // The house's authority is not its creator.
    assert_refused(world.close_game(&game), LotteryError::ForeignCreator);
    let before = world.lamports(&creator.pubkey());
    let held = world.lamports(&game);
    let close = ix::close_game(creator.pubkey(), game, creator.pubkey(), None);
    world.send(&[close], &creator, &[]).unwrap();
    assert_eq!(world.lamports(&creator.pubkey()), before + held - 5_000);
}

#[test]
fn a_closed_games_address_is_never_used_again() {
    let (mut world, sold) = paid();
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.close_game(&sold.game).unwrap();
    let authority = world.authority.pubkey();
    let again = ix::create_game(authority, world.house, rules::game(0, world.now()), None);
    assert!(world.crank(again.clone()).is_err());
    world.svm.airdrop(&sold.game, SOL).unwrap();
    assert!(world.crank(again).is_err());
    let next = world.create_game(rules::game).unwrap();
    assert_ne!(next, sold.game);
    assert_eq!(world.game(&next).id, 1);
}

#[test]
fn rent_that_would_leave_dust_is_refused_by_name() {
    let (mut world, sold) = paid();
    let state = world.game(&sold.game);
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    // Whoever cranks must be able to hold the bounty.
    let nobody = Pubkey::new_unique();
    assert_refused(
        world.crank(ix::close_game(nobody, sold.game, state.creator, None)),
        LotteryError::PayoutBelowRentExemption,
    );
    world.close_game(&sold.game).unwrap();
}
