//! Claims, cancellations, refunds, and what they must not do.

use lottery::{LotteryError, draw::shuffled_index, state::Game};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{SOL, World, assert_refused},
};
use solana_account::Account;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_system_interface::instruction as system;

/// A settled one-round game of two players: the game, the winner, the loser.
fn settled(world: &mut World) -> (Pubkey, Keypair, Keypair) {
    settled_with_fee(world, SOL / 100)
}

fn settled_with_fee(world: &mut World, fee: u64) -> (Pubkey, Keypair, Keypair) {
    let game = world
        .create_game(|id, now| {
            let mut params = rules::game(id, now);
            params.entry_fee = fee;
            params
        })
        .unwrap();
    let (a, b) = (world.player(), world.player());
    world.join(&game, &a, 1).unwrap();
    world.join(&game, &b, 1).unwrap();
    world.pass(3_600);
    world.play(&game, 1).unwrap();
    let seed = world.game(&game).round_seeds[0];
    if shuffled_index(&seed, 2, 0) == 0 {
        (game, a, b)
    } else {
        (game, b, a)
    }
}

fn entry_of(game: &Pubkey, player: &Keypair) -> Pubkey {
    address::entry(game, &player.pubkey(), 0)
}

/// Leaves a wallet with nothing.
fn empty(world: &mut World, wallet: &Keypair) {
    let all = world.lamports(&wallet.pubkey());
    let sink = Pubkey::new_unique();
    let authority = world.authority.insecure_clone();
    world
        .send(
            &[system::transfer(&wallet.pubkey(), &sink, all)],
            &authority,
            &[wallet],
        )
        .unwrap();
    assert_eq!(world.lamports(&wallet.pubkey()), 0);
}

#[test]
fn a_prize_is_paid_once_to_the_winner_whoever_asks() {
    let mut world = World::new();
    let (game, winner, loser) = settled(&mut world);
    let entry = entry_of(&game, &winner);
    let ticket = world.entry(&entry).first_ticket;
    let before = world.lamports(&winner.pubkey());
    let claim = world.claim_ix(&entry, ticket);
    world
        .send(std::slice::from_ref(&claim), &loser, &[])
        .unwrap();
    assert_eq!(
        world.lamports(&winner.pubkey()),
        before + world.game(&game).prize_pool
    );
    assert_refused(world.crank(claim.clone()), LotteryError::AlreadyPaid);
    let authority = world.authority.insecure_clone();
    assert_refused(
        world.send(&[claim.clone(), claim], &authority, &[]),
        LotteryError::AlreadyPaid,
    );
}

#[test]
fn two_claims_of_one_prize_in_one_transaction_pay_nothing() {
    let mut world = World::new();
    let (game, winner, _) = settled(&mut world);
    let entry = entry_of(&game, &winner);
    let ticket = world.entry(&entry).first_ticket;
    let claim = world.claim_ix(&entry, ticket);
    let before = world.lamports(&game);
    let authority = world.authority.insecure_clone();
    assert_refused(
        world.send(&[claim.clone(), claim], &authority, &[]),
        LotteryError::AlreadyPaid,
    );
    assert_eq!(world.lamports(&game), before);
}

#[test]
fn only_winning_tickets_of_the_entry_are_paid() {
    let mut world = World::new();
    let (game, winner, loser) = settled(&mut world);
    let won = world.entry(&entry_of(&game, &winner)).first_ticket;
    let lost = world.entry(&entry_of(&game, &loser)).first_ticket;
    let losing = entry_of(&game, &loser);
    assert_refused(world.claim(&losing, lost), LotteryError::TicketLost);
    for ticket in [won, 2, u32::MAX] {
        assert_refused(world.claim(&losing, ticket), LotteryError::TicketNotInEntry);
    }
    let mut stolen = world.entry_keys(&entry_of(&game, &winner));
    stolen.player = loser.pubkey();
    assert_refused(
        world.crank(ix::claim(loser.pubkey(), stolen, won)),
        LotteryError::ForeignPlayer,
    );
}

#[test]
fn claims_wait_for_the_settlement() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let entry = world.join(&game, &player, 2).unwrap();
    let claim = world.claim_ix(&entry, 0);
    assert_refused(world.crank(claim.clone()), LotteryError::GameNotSettled);
    world.pass(3_600);
    world.request(&[game]).unwrap();
    assert_refused(world.crank(claim), LotteryError::GameNotSettled);
}

#[test]
fn a_game_with_enough_tickets_cannot_be_cancelled() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let entry = world.join(&game, &player, 1).unwrap();
    assert_refused(world.cancel(&game), LotteryError::NotCancellable);
    let refund = world.refund_ix(&entry);
    assert_refused(world.crank(refund.clone()), LotteryError::GameNotCancelled);
    world.join_with(&game, &player, 1, 1, u64::MAX).unwrap();
    world.pass(3_600);
    assert_refused(world.cancel(&game), LotteryError::NotCancellable);
    world.play(&game, 1).unwrap();
    assert_refused(world.cancel(&game), LotteryError::NotCancellable);
    assert_refused(world.crank(refund), LotteryError::GameNotCancelled);
}

#[test]
fn a_refund_is_paid_once() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let (player, stranger) = (world.player(), world.player());
    let entry = world.join(&game, &player, 1).unwrap();
    world.pass(3_600);
    world.cancel(&game).unwrap();
    assert_refused(world.cancel(&game), LotteryError::NotCancellable);
    let mut stolen = world.entry_keys(&entry);
    stolen.player = stranger.pubkey();
    assert_refused(
        world.crank(ix::refund(stranger.pubkey(), stolen)),
        LotteryError::ForeignPlayer,
    );
    let refund = world.refund_ix(&entry);
    world
        .send(std::slice::from_ref(&refund), &stranger, &[])
        .unwrap();
    assert_refused(world.crank(refund), LotteryError::AlreadyPaid);
    let over = world.game(&game);
    assert_eq!(
        world.lamports(&game),
        over.rent_reserve + over.bounty_escrow
    );
}

#[test]
fn an_empty_game_ends_when_it_is_cancelled() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    world.pass(3_600);
    world.cancel(&game).unwrap();
    assert!(world.game(&game).has(Game::FLAG_PAID));
}

#[test]
fn a_payout_that_would_leave_dust_is_refused_by_name_until_the_wallet_is_funded() {
    let mut world = World::new();
    let (game, winner, _) = settled_with_fee(&mut world, 1_000);
    let entry = entry_of(&game, &winner);
    let ticket = world.entry(&entry).first_ticket;
    empty(&mut world, &winner);
    let claim = world.claim_ix(&entry, ticket);
    assert_refused(
        world.crank(claim.clone()),
        LotteryError::PayoutBelowRentExemption,
    );
    let minimum = world.rent(0);
    world.svm.airdrop(&winner.pubkey(), minimum).unwrap();
    world.crank(claim).unwrap();
}

#[test]
fn a_payout_to_a_wallet_that_became_a_program_is_refused_by_name() {
    let mut world = World::new();
    let (game, winner, _) = settled(&mut world);
    let entry = entry_of(&game, &winner);
    let ticket = world.entry(&entry).first_ticket;
    let program = world.account(&lottery::ID);
    world.svm.set_account(winner.pubkey(), program).unwrap();
    assert_refused(
        world.crank(world.claim_ix(&entry, ticket)),
        LotteryError::PayoutToProgram,
    );
}

#[test]
fn an_account_that_holds_less_than_it_owes_stops_every_payment() {
    let mut world = World::new();
    let (game, winner, _) = settled(&mut world);
    let entry = entry_of(&game, &winner);
    let ticket = world.entry(&entry).first_ticket;
    world.corrupt(&game, |account: &mut Account| account.lamports -= 1);
    assert_refused(
        world.crank(world.claim_ix(&entry, ticket)),
        LotteryError::Insolvent,
    );
}

#[test]
fn a_place_worth_nothing_holds_up_nothing() {
    let mut world = World::new();
    let sold = world.settled(
        |id, now| {
            let mut params = rules::game(id, now);
            params.entry_fee = 1;
            params.winners = 2;
            params.place_bps[..2].copy_from_slice(&[9_999, 1]);
            params
        },
        &[1, 1],
    );
    // Two lamports: one for the winner, the rest of it rounds to the pool too.
    let pool = world.game(&sold.game).prize_pool;
    let (first, _) = world.winner(&sold.game, 0);
    let winner = world.entry(&first).player;
    let before = world.lamports(&winner);
    world.claim_place(&sold.game, 0).unwrap();
    assert_eq!(world.lamports(&winner), before + pool);
    assert!(world.game(&sold.game).has(Game::FLAG_PAID));
    // Its claim still pays who cranks it, once.
    world.claim_place(&sold.game, 1).unwrap();
    assert_refused(world.claim_place(&sold.game, 1), LotteryError::AlreadyPaid);
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.close_game(&sold.game).unwrap();
}
