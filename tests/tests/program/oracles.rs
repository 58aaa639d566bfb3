//! Which oracles may answer a draw: of the queue, attested, alive.

use std::mem::offset_of;

use lottery::{LotteryError, switchboard::ATTESTATION_MARGIN};
use lottery_tests::{
    rules,
    world::{World, assert_refused},
};
use solana_account::Account;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use switchboard_on_demand::{OracleAccountData, QueueAccountData, Quote};

/// A world with a game that is due, and the request of its draw from oracle 0.
fn due() -> (World, Pubkey, Instruction) {
    let mut world = World::new();
    let game = world.sell(rules::game, &[2]).game;
    world.pass(3_600);
    let oracle = world.oracles[0].account.pubkey();
    let request = world.request_ix(world.lane().next_draw, 0, &[game]);
    (world, oracle, request)
}

fn put(account: &mut Account, offset: usize, value: i64) {
    account.data[offset..offset + 8].copy_from_slice(&value.to_le_bytes());
}

fn set_node_timeout(world: &mut World, seconds: i64) {
    let queue = world.queue;
    let offset = 8 + offset_of!(QueueAccountData, node_timeout);
    world.corrupt(&queue, |account| put(account, offset, seconds));
}

fn set_last_heartbeat(world: &mut World, unix_timestamp: i64) {
    let oracle = world.oracles[0].account.pubkey();
    let offset = 8 + offset_of!(OracleAccountData, last_heartbeat);
    world.corrupt(&oracle, |account| put(account, offset, unix_timestamp));
}

#[test]
fn the_oracle_must_be_of_the_queue_and_attested() {
    let (mut world, oracle, request) = due();
    let original = world.account(&oracle);
    let queue_offset = 8 + offset_of!(OracleAccountData, queue);
    let enclave = 8 + offset_of!(OracleAccountData, enclave);
    let status = enclave + offset_of!(Quote, verification_status);
    let valid_until = enclave + offset_of!(Quote, valid_until);
    let now = world.now();

    let mut try_with = |change: &dyn Fn(&mut Account), expected| {
        world.corrupt(&oracle, |account| change(account));
        assert_refused(world.crank(request.clone()), expected);
        world.svm.set_account(oracle, original.clone()).unwrap();
    };
    try_with(&|a| a.owner = lottery::ID, LotteryError::OracleAccount);
    try_with(&|a| a.data[0] ^= 1, LotteryError::OracleAccount);
    try_with(&|a| a.data.truncate(1_000), LotteryError::OracleAccount);
    try_with(&|a| a.data[queue_offset] ^= 1, LotteryError::OracleAccount);
    for unattested in [0, 1, 2, 5, 255] {
        try_with(
            &|a| a.data[status] = unattested,
            LotteryError::OracleNotLive,
        );
    }
    let last_refused = now + ATTESTATION_MARGIN;
    for expires in [i64::MIN, 0, now, last_refused] {
        try_with(
            &|a| put(a, valid_until, expires),
            LotteryError::OracleNotLive,
        );
    }
    let on_queue = 8 + offset_of!(OracleAccountData, is_on_queue);
    try_with(&|a| a.data[on_queue] = 0, LotteryError::OracleNotLive);
    world.crank(request).unwrap();
}

#[test]
fn a_silent_oracle_is_not_asked() {
    let (mut world, _, request) = due();
    set_node_timeout(&mut world, 600);
    let now = world.now();
    for last in [now - 601, 0, i64::MIN] {
        set_last_heartbeat(&mut world, last);
        assert_refused(world.crank(request.clone()), LotteryError::OracleNotLive);
    }
    set_last_heartbeat(&mut world, now - 600);
    world.crank(request).unwrap();
}

#[test]
fn a_queue_without_a_limit_takes_silent_oracles() {
    for unlimited in [0, -1, i64::MIN] {
        let (mut world, _, request) = due();
        set_node_timeout(&mut world, unlimited);
        set_last_heartbeat(&mut world, i64::MIN);
        world.crank(request).unwrap();
    }
}

#[test]
fn extreme_limits_and_heartbeats_overflow_nothing() {
    for (timeout, last) in [(i64::MAX, i64::MAX), (i64::MAX, 1), (1, i64::MAX)] {
        let (mut world, _, request) = due();
        set_node_timeout(&mut world, timeout);
        set_last_heartbeat(&mut world, last);
        world.crank(request).unwrap();
    }
}

#[test]
fn an_oracle_that_falls_silent_may_still_answer() {
    let (mut world, _, request) = due();
    let id = world.lane().next_draw;
    world.crank(request).unwrap();
    set_node_timeout(&mut world, 1);
    world.pass(10_000);
    world.reveal(id, [1; 32]).unwrap();
}

#[test]
fn the_queue_is_one_of_switchboards() {
    let (mut world, _, request) = due();
    let queue = world.queue;
    let original = world.account(&queue);
    let changes: [fn(&mut Account); 3] = [
        |queue| queue.owner = lottery::ID,
        |queue| queue.data[0] ^= 1,
        |queue| queue.data.truncate(100),
    ];
    for change in changes {
        world.corrupt(&queue, change);
        assert_refused(world.crank(request.clone()), LotteryError::RandomnessQueue);
        world.svm.set_account(queue, original.clone()).unwrap();
    }
    world.crank(request).unwrap();
}
