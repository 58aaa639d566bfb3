//! Lanes: opened by anybody, closed by who paid for them.

use lottery::{LotteryError, state::Lane, switchboard};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    payouts::Done,
    rules,
    world::{LANE, World, assert_refused},
};
use solana_signer::Signer as _;

#[test]
fn a_lane_owns_its_randomness() {
    let mut world = World::new();
    let address = address::lane(&world.house, LANE);
    let lane = world.lane();
    assert_eq!(lane.randomness, address::randomness(&address));
    assert_eq!((lane.state, lane.next_draw), (Lane::IDLE, world.slot()));
    let data = world.account(&lane.randomness).data;
    let randomness = switchboard::parse_randomness(&data).unwrap();
    assert_eq!(randomness.authority.to_bytes(), address.to_bytes());
    assert_eq!(randomness.queue.to_bytes(), world.queue.to_bytes());

    assert!(world.open_lane(LANE).is_err(), "opened twice");
    world.pass(1);
    assert!(world.open_lane(255).is_ok());
}

#[test]
fn a_lane_takes_the_houses_queue_and_switchboard_only() {
    let mut world = World::new();
    let payer = world.authority.pubkey();
    let open = ix::open_lane(payer, world.house, world.queue, 1, world.slot() - 1);
    let other = world.player().pubkey();

    let mut foreign = open.clone();
    foreign.accounts[5].pubkey = other;
    assert_refused(world.crank(foreign), LotteryError::RandomnessQueue);

    let mut fake = open.clone();
    fake.accounts[9].pubkey = lottery::ID;
    assert_refused(world.crank(fake), LotteryError::RandomnessProgram);
    assert!(world.crank(open).is_ok());
}

/// Closes the world's lane, as the authority, which opened it.
fn close(world: &mut World) -> Done {
    let lane = address::lane(&world.house, LANE);
    let data = world.account(&address::randomness(&lane)).data;
    let lut_slot = switchboard::lut_slot(&data).unwrap();
    world.crank(ix::close_lane(
        world.authority.pubkey(),
        world.house,
        LANE,
        lut_slot,
    ))
}

#[test]
fn closing_a_lane_returns_all_of_its_rent_to_who_paid_for_it() {
    let mut world = World::new();
    let payer = world.authority.pubkey();
    let lane = address::lane(&world.house, LANE);
    let randomness = address::randomness(&lane);
    let held = world.lamports(&lane) + world.lamports(&randomness);
    let before = world.lamports(&payer);
    close(&mut world).unwrap();
    assert_eq!(world.lamports(&payer), before + held - 5_000);
    assert!(world.is_gone(&lane) && world.is_gone(&randomness));
}

#[test]
fn a_lane_is_closed_by_its_payer_only() {
    let mut world = World::new();
    let stranger = world.player();
    let data = world.account(&world.lane().randomness).data;
    let lut_slot = switchboard::lut_slot(&data).unwrap();
    let theirs = ix::close_lane(stranger.pubkey(), world.house, LANE, lut_slot);
    assert_refused(
        world.send(std::slice::from_ref(&theirs), &stranger, &[]),
        LotteryError::NotLanePayer,
    );
    // Nor in the payer's name.
    let mut unsigned = theirs;
    unsigned.accounts[0].pubkey = world.authority.pubkey();
    unsigned.accounts[0].is_signer = false;
    assert!(world.send(&[unsigned], &stranger, &[]).is_err());

    // The house's authority has no say either, if it did not pay.
    let recent = world.slot() - 1;
    let open = ix::open_lane(stranger.pubkey(), world.house, world.queue, 9, recent);
    world.send(&[open], &stranger, &[]).unwrap();
    let authority = world.authority.pubkey();
    assert_refused(
        world.crank(ix::close_lane(authority, world.house, 9, recent)),
        LotteryError::NotLanePayer,
    );
    let own = ix::close_lane(stranger.pubkey(), world.house, 9, recent);
    world.send(&[own], &stranger, &[]).unwrap();
}

#[test]
fn a_lane_closes_with_its_own_randomness_and_switchboard_only() {
    let mut world = World::new();
    world.pass(1);
    world.open_lane(1).unwrap();
    let data = world.account(&world.lane().randomness).data;
    let lut_slot = switchboard::lut_slot(&data).unwrap();
    let authority = world.authority.pubkey();
    let close = ix::close_lane(authority, world.house, LANE, lut_slot);
    let other = address::randomness(&address::lane(&world.house, 1));
    let mut foreign = close.clone();
    foreign.accounts[2].pubkey = other;
    assert_refused(world.crank(foreign), LotteryError::RandomnessAccount);
    let mut fake = close.clone();
    let last = fake.accounts.len() - 1;
    fake.accounts[last].pubkey = lottery::ID;
    assert_refused(world.crank(fake), LotteryError::RandomnessProgram);
    world.crank(close).unwrap();
}

#[test]
fn a_lane_closes_when_idle_only() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[2]);
    world.pass(3_600);
    let id = world.request(&[sold.game]).unwrap();
    assert_refused(close(&mut world), LotteryError::LaneBusy);
    world.reveal(id, [1; 32]).unwrap();
    close(&mut world).unwrap();
    // The draw outlives it.
    world.settle(id, &[sold.game]).unwrap();
}

#[test]
fn a_lane_opened_again_never_repeats_a_draws_id() {
    let mut world = World::new();
    let sold = world.sell(
        |id, now| {
            let mut params = rules::five_rounds(id, now);
            params.round_interval = 0;
            params
        },
        &[10],
    );
    world.pass(3_600);
    let mut last = 0;
    for round in 0..5 {
        // The earliest moment at which each step is possible, so that ids are as
        // close to the slot as they can be.
        let id = world.request(&[sold.game]).unwrap();
        assert!(id > last, "round {round}");
        last = id;
        world.set_clock(world.slot() + 1, world.now());
        let answer = world.answer(0, [round; 32]);
        world.crank(world.reveal_ix(id, 0, &answer)).unwrap();
        world.settle(id, &[sold.game]).unwrap();
        close(&mut world).unwrap();
        world.open_lane(LANE).unwrap();
        assert!(world.lane().next_draw > last, "in the very slot");
        assert_eq!(world.lane().draws_revealed, 0);
    }
    assert_eq!(world.game(&sold.game).rounds_settled, 5);
}

#[test]
fn a_lane_opened_after_an_abort_never_repeats_a_draws_id() {
    let mut world = World::with_house(|params| params.draw_timeout = 100);
    let sold = world.sell(rules::game, &[2]);
    world.pass(3_600);
    let id = world.request(&[sold.game]).unwrap();
    world.time_out(id);
    world.abort(id, &[sold.game]).unwrap();
    close(&mut world).unwrap();
    world.open_lane(LANE).unwrap();
    assert!(world.lane().next_draw > id);
    assert!(world.request_of(1, &[sold.game]).unwrap() > id);
}
