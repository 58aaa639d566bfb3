//! Requesting, revealing and settling.

use std::mem::offset_of;

use lottery::{
    LotteryError,
    draw::round_seed,
    state::{Draw, Game, GameStatus, Jackpot, Lane, Treasury},
};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{LANE, World, assert_fails, assert_refused},
};
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// A game with three tickets of one player, on sale.
fn game_with_tickets(world: &mut World) -> Pubkey {
    let game = world.create_game(rules::five_rounds).unwrap();
    let player = world.player();
    world.join(&game, &player, 3).unwrap();
    game
}

#[test]
fn a_request_freezes_the_game_and_commits_at_once() {
    let mut world = World::new();
    let game = game_with_tickets(&mut world);
    world.pass(3_600);
    let id = world.request(&[game]).unwrap();

    let lane = world.lane();
    assert_eq!(
        (lane.state, lane.current_draw()),
        (Lane::COMMITTED, Some(id))
    );
    let draw = world.draw(id);
    assert_eq!(
        (draw.games, draw.settled, draw.state),
        (1, 0, Draw::PENDING)
    );
    assert_eq!(draw.seed_slot, world.slot() - 1);
    assert_eq!(draw.oracle, world.oracles[0].account.pubkey());
    assert_eq!(draw.payer, world.authority.pubkey());
    let frozen = world.game(&game);
    assert!(frozen.is(GameStatus::Drawing));
    assert_eq!(
        frozen.draw,
        address::draw(&address::lane(&world.house, LANE), id)
    );
    assert_eq!((frozen.draw_attempts, frozen.draw_index), (1, 0));
}

#[test]
fn a_sold_out_game_is_drawn_before_its_close() {
    let mut world = World::new();
    let game = world
        .create_game(|id, now| {
            let mut params = rules::game(id, now);
            params.max_tickets = 4;
            params.max_tickets_per_entry = 4;
            params
        })
        .unwrap();
    let player = world.player();
    world.join(&game, &player, 3).unwrap();
    assert_refused(world.request(&[game]), LotteryError::GameStillOpen);
    world.join_with(&game, &player, 1, 1, u64::MAX).unwrap();
    world.play_round(&[game], [1; 32]).unwrap();
    assert!(world.game(&game).is(GameStatus::Settled));
}

#[test]
fn games_are_drawn_when_they_are_due_only() {
    let mut world = World::new();
    let game = game_with_tickets(&mut world);
    let empty = world.create_game(rules::game).unwrap();
    assert_refused(world.request(&[]), LotteryError::NoGames);
    world.pass(3_599);
    assert_refused(world.request(&[game]), LotteryError::GameStillOpen);
    world.pass(1);
    assert_refused(world.request(&[empty]), LotteryError::TooFewTickets);
    assert_eq!(world.lane().state, Lane::IDLE);

    world.play_round(&[game], [1; 32]).unwrap();
    assert!(world.game(&game).is(GameStatus::Playing));
    assert_refused(world.request(&[game]), LotteryError::RoundNotDue);
    world.pass(59);
    assert_refused(world.request(&[game]), LotteryError::RoundNotDue);
    world.pass(1);
    world.play(&game, 2).unwrap_err(); // more rounds than are left
    assert!(world.game(&game).is(GameStatus::Settled));
    assert_refused(world.request(&[game]), LotteryError::GameNotDrawable);

    world.cancel(&empty).unwrap();
    assert_refused(world.request(&[empty]), LotteryError::GameNotDrawable);
}

#[test]
fn one_game_is_bound_to_one_draw() {
    let mut world = World::new();
    let game = game_with_tickets(&mut world);
    world.pass(3_600);
    let id = world.request(&[game, game]).unwrap();
    assert_eq!(world.draw(id).games, 1, "twice in one request");
    let id = world.lane().next_draw;
    assert_refused(
        world.crank(world.request_ix(id, 0, &[game])),
        LotteryError::LaneBusy,
    );
    world.open_lane(1).unwrap();
    let mut keys = world.lane_keys();
    keys.index = 1;
    let second: lottery::state::Lane = world.get(&address::lane(&world.house, 1));
    let oracle = world.oracles[0].account.pubkey();
    let payer = world.authority.pubkey();
    assert_refused(
        world.crank(ix::request_draw(
            payer,
            keys,
            second.next_draw,
            oracle,
            &[game],
        )),
        LotteryError::GameNotDrawable,
    );
}

#[test]
fn a_value_is_revealed_once_and_frees_the_lane() {
    let mut world = World::new();
    let game = game_with_tickets(&mut world);
    world.pass(3_600);
    let id = world.request(&[game]).unwrap();
    assert_refused(world.settle(id, &[game]), LotteryError::DrawNotRevealed);
    world.pass(0);
    let answer = world.answer(0, [9; 32]);
    world.crank(world.reveal_ix(id, 0, &answer)).unwrap();

    let draw = world.draw(id);
    assert_eq!((draw.value, draw.state), ([9; 32], Draw::REVEALED));
    assert_eq!(draw.reveal_slot, world.slot());
    assert_eq!(world.lane().state, Lane::IDLE);
    assert_refused(
        world.crank(world.reveal_ix(id, 0, &answer)),
        LotteryError::DrawRevealed,
    );
}

#[test]
fn a_lane_serves_the_next_draw_while_the_last_one_is_being_settled() {
    let mut world = World::new();
    let games = [game_with_tickets(&mut world), game_with_tickets(&mut world)];
    world.pass(3_600);
    let first = world.request(&games[..1]).unwrap();
    world.reveal(first, [1; 32]).unwrap();
    let second = world.request(&games[1..]).unwrap();
    world.reveal(second, [2; 32]).unwrap();
    // Each game is the next of a draw, but not of the other one.
    for (draw, other) in [(first, &games[1..]), (second, &games[..1])] {
        assert_refused(world.settle(draw, other), LotteryError::ForeignDraw);
    }
    world.settle(second, &games[1..]).unwrap();
    assert_refused(world.settle(first, &games[1..]), LotteryError::ForeignDraw);
    world.settle(first, &games[..1]).unwrap();
    for (game, value) in games.iter().zip([1u8, 2]) {
        let settled = world.game(game);
        assert_eq!(settled.rounds_settled, 1);
        assert_eq!(settled.round_seeds[0], round_seed(&[value; 32], game, 0));
    }
}

#[test]
fn games_settle_in_the_order_they_were_bound_and_the_rent_returns_with_the_last() {
    let mut world = World::new();
    let games: Vec<_> = (0..4).map(|_| game_with_tickets(&mut world)).collect();
    world.pass(3_600);
    let id = world.request(&games).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    assert_refused(world.settle(id, &games[1..]), LotteryError::SettleOrder);
    assert_refused(world.settle(id, &[]), LotteryError::NoGames);
    world.settle(id, &[games[0], games[2]]).unwrap();
    assert_eq!(world.draw(id).settled, 1, "the third waits for the second");
    assert_refused(world.settle(id, &games[..1]), LotteryError::ForeignDraw);
    world.settle(id, &[games[1], games[1]]).unwrap();
    assert_eq!(world.draw(id).settled, 2, "once in one settlement");
    world.settle(id, &games[2..3]).unwrap();

    let address = address::draw(&address::lane(&world.house, LANE), id);
    let rent = world.lamports(&address);
    let payer = world.authority.pubkey();
    let before = world.lamports(&payer);
    let stranger = world.player();
    let keys = world.draw_keys(id);
    let settle = ix::settle_draw(stranger.pubkey(), keys, &games[3..], None);
    world.send(&[settle], &stranger, &[]).unwrap();
    assert_eq!(world.lamports(&payer), before + rent);
    assert_eq!(world.lamports(&address), 0);
    assert!(
        world
            .svm
            .get_account(&address)
            .is_none_or(|a| a.data.is_empty())
    );
}

#[test]
fn the_draws_rent_returns_to_its_payer_and_to_nobody_else() {
    let mut world = World::new();
    let game = game_with_tickets(&mut world);
    world.pass(3_600);
    let id = world.request(&[game]).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    let thief = world.player();
    let mut settle = world.settle_ix(id, &[game]);
    settle.accounts[2].pubkey = thief.pubkey();
    assert_refused(world.crank(settle), LotteryError::ForeignPayer);
}

#[test]
fn rounds_of_five_keep_half_each() {
    let mut world = World::new();
    let game = world.create_game(rules::five_rounds).unwrap();
    for _ in 0..3 {
        let player = world.player();
        world.join(&game, &player, 33).unwrap();
    }
    world.pass(3_600);
    world.play(&game, 1).unwrap();
    let settled = world.game(&game);
    let sizes: Vec<_> = (0..=5).map(|round| settled.survivors(round)).collect();
    assert_eq!(sizes, [99, 50, 25, 13, 7, 3]);
}

#[test]
fn anybody_may_crank_every_step() {
    let mut world = World::new();
    let game = game_with_tickets(&mut world);
    world.pass(3_600);
    let stranger = world.player();
    let id = world.lane().next_draw;
    let mut request = world.request_ix(id, 0, &[game]);
    request.accounts[0].pubkey = stranger.pubkey();
    world.send(&[request], &stranger, &[]).unwrap();
    world.pass(0);
    let answer = world.answer(0, [1; 32]);
    let mut reveal = world.reveal_ix(id, 0, &answer);
    reveal.accounts[0].pubkey = stranger.pubkey();
    world.send(&[reveal], &stranger, &[]).unwrap();
    let mut settle = world.settle_ix(id, &[game]);
    settle.accounts[2].pubkey = stranger.pubkey();
    world.send(&[settle], &stranger, &[]).unwrap();
    assert_eq!(world.game(&game).rounds_settled, 1);
}

#[test]
fn draw_ids_come_in_order() {
    let mut world = World::new();
    let game = game_with_tickets(&mut world);
    world.pass(3_600);
    let id = world.lane().next_draw;
    assert_fails(
        world.crank(world.request_ix(id + 1, 0, &[game])),
        &InstructionError::InvalidSeeds,
    );
    assert_eq!(world.request(&[game]).unwrap(), id);
    assert_eq!(world.lane().next_draw, id + 1);
}

#[test]
fn sums_that_leave_64_bits_are_refused() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    world.join(&game, &player, 2).unwrap();
    world.pass(3_600);
    let id = world.request(&[game]).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    let treasury = address::treasury(&world.house);
    let accrued = 8 + offset_of!(Treasury, accrued);
    let before = world.account(&game);
    world.corrupt(&treasury, |account| {
        account.data[accrued..accrued + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    });
    assert_refused(world.settle(id, &[game]), LotteryError::Overflow);
    assert_eq!(world.account(&game), before, "and nothing moved");
}

#[test]
fn a_draws_payer_who_became_a_program_stops_no_settlement() {
    let mut world = World::new();
    let game = game_with_tickets(&mut world);
    world.pass(3_600);
    let payer = world.player();
    let id = world.lane().next_draw;
    let mut request = world.request_ix(id, 0, &[game]);
    request.accounts[0].pubkey = payer.pubkey();
    world.send(&[request], &payer, &[]).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    // Whoever dislikes the value could make the own wallet refuse the draw's rent.
    let program = world.account(&lottery::ID);
    world.svm.set_account(payer.pubkey(), program).unwrap();
    let mut settle = world.settle_ix(id, &[game]);
    settle.accounts[2].pubkey = payer.pubkey();
    world.crank(settle).unwrap();
    assert_eq!(world.game(&game).rounds_settled, 1);
}

#[test]
fn statistics_that_leave_64_bits_stop_no_settlement() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[2]);
    world.pass(3_600);
    let treasury = address::treasury(&world.house);
    let jackpot = address::jackpot(&world.house, 0);
    let mut fill = |address: &Pubkey, offset: usize| {
        world.corrupt(address, |account| {
            account.data[8 + offset..16 + offset].fill(255);
        });
    };
    fill(&treasury, offset_of!(Treasury, total_accrued));
    fill(&treasury, offset_of!(Treasury, total_withdrawn));
    fill(&treasury, offset_of!(Treasury, games_settled));
    fill(&jackpot, offset_of!(Jackpot, total_contributions));
    fill(&jackpot, offset_of!(Jackpot, total_won));
    fill(&jackpot, offset_of!(Jackpot, hits));
    fill(&jackpot, offset_of!(Jackpot, revision));
    // The roll hits, too.
    let mean = offset_of!(Game, jackpot_mean);
    world.corrupt(&sold.game, |account| {
        account.data[8 + mean..16 + mean].copy_from_slice(&1u64.to_le_bytes());
    });
    world.play(&sold.game, 1).unwrap();
    assert!(world.game(&sold.game).jackpot_awards[0] > 0);
    assert_eq!(world.treasury().total_accrued, u64::MAX);
    assert_eq!(world.jackpot(0).hits, u64::MAX);
    let wallet = world.treasury_wallet.pubkey();
    let minimum = world.rent(0);
    world.svm.airdrop(&wallet, minimum).unwrap();
    let (authority, house) = (world.authority.pubkey(), world.house);
    world
        .crank(ix::withdraw_treasury(authority, house, wallet, 1, None))
        .unwrap();
}
