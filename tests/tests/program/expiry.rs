//! Prizes that nobody claims in time go to the mega jackpot. Claims and expiry never
//! overlap, and no second lies between them.

use lottery::{
    LotteryError,
    events::{EVENT_VERSION, PrizesExpired},
    state::{Game, GameParams},
};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    events::{Event, event},
    rules,
    world::{World, assert_refused},
};

/// Five rounds, three places, sold out by twelve tickets.
fn of_twelve(id: u64, now: i64) -> GameParams {
    let mut params = rules::five_rounds(id, now);
    params.max_tickets = 12;
    params.max_tickets_per_entry = 4;
    params
}

#[test]
fn claims_end_in_the_very_second_in_which_expiry_begins() {
    let mut world = World::new();
    let game = world.settled(rules::game, &[1, 1]).game;
    let end = world.game(&game).claims_end();
    assert_eq!(end, world.game(&game).settled_at + 86_400);

    world.pass_until(end - 1);
    assert_refused(world.expire(&game), LotteryError::ClaimsOpen);
    let mut in_time = World::new();
    let same = in_time.settled(rules::game, &[1, 1]).game;
    in_time.pass_until(end - 1);
    in_time.claim_place(&same, 0).unwrap();

    world.pass(1);
    assert_refused(world.claim_place(&game, 0), LotteryError::ClaimsEnded);
    world.expire(&game).unwrap();
}

#[test]
fn what_was_not_claimed_goes_to_the_mega_jackpot_to_the_lamport() {
    let mut world = World::new();
    let sold = world.settled(of_twelve, &[4; 3]);
    world.claim_place(&sold.game, 1).unwrap();
    let before = world.game(&sold.game);
    let mega = world.jackpot(2);
    world.pass_until(before.claims_end());
    let meta = world.expire(&sold.game).unwrap();

    let left = before.prize_pool - before.paid_out;
    assert!(before.paid_out > 0 && left > 0);
    let after = world.game(&sold.game);
    assert_eq!(after.expired, left);
    assert!(after.has(Game::FLAG_PAID));
    assert_eq!(after.places_paid, before.places_paid);
    let pot = world.jackpot(2);
    assert_eq!(pot.amount, mega.amount + left);
    assert_eq!(pot.total_contributions, mega.total_contributions + left);
    assert_eq!(pot.revision, mega.revision + 1);
    assert_eq!(
        world.lamports(&address::jackpot(&world.house, 2)),
        pot.rent_reserve + pot.amount
    );
    assert_eq!(
        world.lamports(&sold.game),
        after.rent_reserve + after.bounty_escrow
    );
    let told = Event::PrizesExpired(PrizesExpired {
        version: EVENT_VERSION,
        house: world.house,
        game: sold.game,
        amount: left,
        pot: pot.amount,
        cranker: solana_signer::Signer::pubkey(&world.authority),
        bounty: 10_000,
    });
    assert_eq!(event(&meta), told);
}

#[test]
fn awards_expire_with_the_prizes() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 12));
    let sold = world.settled(of_twelve, &[4; 3]);
    let settled = world.game(&sold.game);
    assert!(settled.jackpot_awards.iter().all(|award| *award > 0));
    world.claim_award(&sold.game, 0).unwrap();
    world.claim_place(&sold.game, 0).unwrap();
    world.pass_until(settled.claims_end());
    assert_refused(world.claim_award(&sold.game, 1), LotteryError::ClaimsEnded);
    let before = world.game(&sold.game);
    let mega = world.jackpot(2).amount;
    world.expire(&sold.game).unwrap();
    let left = settled.prize_pool + settled.jackpot_awards.iter().sum::<u64>() - before.paid_out;
    assert_eq!(world.game(&sold.game).expired, left);
    assert_eq!(world.jackpot(2).amount, mega + left);
    // Who won them stays unknown to the jackpots.
    assert_eq!(world.jackpot(1).last_winner, Default::default());
}

#[test]
fn nothing_expires_twice_and_nothing_is_claimed_afterwards() {
    let mut world = World::new();
    let sold = world.settled(of_twelve, &[4; 3]);
    world.pass(86_400);
    world.expire(&sold.game).unwrap();
    let pot = world.jackpot(2).amount;
    for _ in 0..2 {
        assert_refused(world.expire(&sold.game), LotteryError::NothingToExpire);
        for place in 0..3 {
            assert_refused(
                world.claim_place(&sold.game, place),
                LotteryError::ClaimsEnded,
            );
        }
        world.pass(10);
    }
    assert_eq!(world.jackpot(2).amount, pot);
}

#[test]
fn nothing_is_left_to_expire_of_a_game_that_was_claimed_whole() {
    let mut world = World::new();
    let sold = world.settled(of_twelve, &[4; 3]);
    for place in 0..3 {
        world.claim_place(&sold.game, place).unwrap();
    }
    assert_refused(world.expire(&sold.game), LotteryError::ClaimsOpen);
    world.pass(86_400);
    assert_refused(world.expire(&sold.game), LotteryError::NothingToExpire);
}

#[test]
fn only_settled_games_expire() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    world.pass(3_600);
    assert_refused(world.expire(&sold.game), LotteryError::GameNotSettled);
    let id = world.request(&[sold.game]).unwrap();
    assert_refused(world.expire(&sold.game), LotteryError::GameNotSettled);
    world.reveal(id, [1; 32]).unwrap();
    world.settle(id, &[sold.game]).unwrap();

    let cancelled = world.cancelled(&[1]);
    world.pass(86_400 * 400);
    assert_refused(world.expire(&cancelled.game), LotteryError::GameNotSettled);
    // A refund has no end.
    world.refund(&cancelled.entries[0]).unwrap();
}

#[test]
fn an_expired_game_and_its_entries_close() {
    let mut world = World::new();
    let sold = world.settled(of_twelve, &[4; 3]);
    world.pass(86_400);
    assert_refused(
        world.close_entry(&sold.entries[0]),
        LotteryError::GameStillOwes,
    );
    assert_refused(world.close_game(&sold.game), LotteryError::GameStillOwes);
    world.expire(&sold.game).unwrap();
    world.close_entry(&sold.entries[0]).unwrap();
    world.close_game(&sold.game).unwrap();
    for entry in &sold.entries[1..] {
        world.close_entry(entry).unwrap();
    }
}

#[test]
fn expired_prizes_fill_the_mega_jackpot_for_its_next_hits() {
    let mut world = World::with_house(|params| {
        let never = params.rules.jackpot_mean;
        rules::certain_hits(params, 12);
        params.rules.jackpot_mean[..2].copy_from_slice(&never[..2]);
    });
    let first = world.settled(of_twelve, &[4; 3]).game;
    world.pass(86_400);
    world.expire(&first).unwrap();
    // More than the mean, which is what a hit pays at most; half of the pot stays.
    let pot = world.jackpot(2).amount;
    let second = world.settled(of_twelve, &[4; 3]).game;
    let state = world.game(&second);
    let mean = state.jackpot_mean[2];
    assert!(pot > 3 * mean);
    assert_eq!(state.jackpot_awards[2], mean);
    let left = pot + state.jackpot_contributions[2] - mean;
    assert_eq!(world.jackpot(2).amount, left);
    world.claim_award(&second, 2).unwrap();
}

#[test]
fn a_game_that_is_not_stuck_needs_no_separate_settlement() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    let settle = ix::settle_game(world.house, sold.game, None);
    assert_refused(
        world.crank(settle.clone()),
        LotteryError::NotAwaitingSettlement,
    );
    world.pass(3_600);
    world.play(&sold.game, 1).unwrap();
    assert_refused(world.crank(settle), LotteryError::NotAwaitingSettlement);
}
