//! Wallets that a bounty or rent cannot be paid to: refused by name, and nothing happens.

use lottery::LotteryError;
use lottery_client::instruction as ix;
use lottery_tests::{
    rules,
    world::{World, assert_refused},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// Every step whose crank need not sign, with the same one.
fn every_crank(world: &mut World, cranker: Pubkey, mut step: impl FnMut(&mut World, Instruction)) {
    let (authority, house) = (world.authority.pubkey(), world.house);
    let pair = |id, now| {
        let mut params = rules::game(id, now);
        params.max_tickets = 2;
        params.max_tickets_per_entry = 2;
        params
    };
    let sold = world.sell(pair, &[2]);
    let id = world.request(&[sold.game]).unwrap();
    world.time_out(id);
    let keys = world.draw_keys(id);
    step(world, ix::abort_draw(cranker, keys, &[sold.game]));

    let id = world.request_of(1, &[sold.game]).unwrap();
    world.pass(0);
    let answer = world.answer(1, [1; 32]);
    world.crank(world.reveal_ix(id, 1, &answer)).unwrap();
    let keys = world.draw_keys(id);
    step(world, ix::settle_draw(cranker, keys, &[sold.game], None));

    let (entry, ticket) = world.winner(&sold.game, 0);
    let keys = world.entry_keys(&entry);
    step(world, ix::claim(cranker, keys, ticket));
    step(world, ix::claim_jackpot(cranker, keys, 0));
    world.pass_until(world.game(&sold.game).claims_end());
    let expire = ix::expire_prizes(cranker, house, sold.game, None);
    step(world, expire);
    step(world, ix::close_entry(cranker, keys));
    let close = ix::close_game(cranker, sold.game, authority, None);
    step(world, close);

    let unsold = world.sell(pair, &[1]);
    world.pass(3_600);
    step(world, ix::cancel_game(cranker, unsold.game));
    let keys = world.entry_keys(&unsold.entries[0]);
    step(world, ix::refund(cranker, keys));
}

/// The step is refused for this crank; then the authority takes it.
fn refused_for(cranker: Pubkey, expected: LotteryError) -> impl FnMut(&mut World, Instruction) {
    move |world, instruction| {
        assert_refused(world.crank(instruction.clone()), expected);
        let mut own = instruction;
        let first = &mut own.accounts[0];
        assert_eq!(first.pubkey, cranker);
        first.pubkey = world.authority.pubkey();
        world.crank(own).unwrap();
    }
}

#[test]
fn a_bounty_alone_keeps_no_wallet_alive() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 2));
    let nobody = Pubkey::new_unique();
    let refused = refused_for(nobody, LotteryError::PayoutBelowRentExemption);
    every_crank(&mut world, nobody, refused);
}

#[test]
fn no_program_gets_a_bounty() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 2));
    let program = randomness_stand_in::ID;
    let refused = refused_for(program, LotteryError::PayoutToProgram);
    every_crank(&mut world, program, refused);
}

#[test]
fn a_creator_that_became_a_program_gets_no_rent() {
    let mut world = World::with_house(|params| params.rules.open_creation = true);
    let creator = world.player();
    let params = rules::game(0, world.now());
    let create = ix::create_game(creator.pubkey(), world.house, params, None);
    world.send(&[create], &creator, &[]).unwrap();
    let game = lottery_client::address::game(&world.house, 0);
    world.pass(3_600);
    world.cancel(&game).unwrap();

    let wallet = world.account(&creator.pubkey());
    let program = world.account(&lottery::ID);
    world.svm.set_account(creator.pubkey(), program).unwrap();
    let close = ix::close_game(world.authority.pubkey(), game, creator.pubkey(), None);
    assert_refused(world.crank(close.clone()), LotteryError::PayoutToProgram);
    world.svm.set_account(creator.pubkey(), wallet).unwrap();
    world.crank(close).unwrap();
}
