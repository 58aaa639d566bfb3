//! A vault that holds less than is owed, as no token program leaves one: whatever would
//! move its tokens is refused until it holds enough again.

use lottery::LotteryError;
use lottery_client::{
    address,
    instruction::{self as ix, Batch},
};
use lottery_tests::{payouts::send_batch, refusal::assert_refused, tokens::Currency, world::World};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::common::{ten_tickets, vaults, world_of_hits};

for_each_token! {
    a_games_vault
    a_cancelled_games_vault
    vaults_at_the_last_round
    vaults_of_a_game_that_waited
    vaults_of_gifts_and_withdrawals
}

/// Takes a token away for as long as this takes.
fn without_a_token<T>(world: &mut World, vault: &Pubkey, act: impl FnOnce(&mut World) -> T) -> T {
    let put = |world: &mut World, amount: u64| {
        world.corrupt(vault, |account| {
            account.data[64..72].copy_from_slice(&amount.to_le_bytes());
        });
    };
    let before = world.tokens_in(vault);
    put(world, before - 1);
    let done = act(world);
    assert_eq!(world.tokens_in(vault), before - 1, "it was refused");
    put(world, before);
    done
}

#[track_caller]
fn refused_without_a_token(world: &mut World, vault: &Pubkey, instruction: &Instruction) {
    let lacking = without_a_token(world, vault, |world| world.crank(instruction.clone()));
    assert_refused(lacking, LotteryError::Insolvent);
}

/// Refused while the vault lacks a token, and done then.
#[track_caller]
fn waits_for(world: &mut World, vault: &Pubkey, instruction: Instruction) {
    refused_without_a_token(world, vault, &instruction);
    world.crank(instruction).unwrap();
}

fn a_games_vault(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = world.sell(ten_tickets, &[4]);
    let vault = address::vault(&sold.game);
    let player = world.player();
    let join = |world: &mut World| world.join(&sold.game, &player, 6);
    let lacking = without_a_token(&mut world, &vault, join);
    assert_refused(lacking, LotteryError::Insolvent);
    join(&mut world).unwrap();

    let id = world.request(&[sold.game]).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    let settle = world.settle_ix(id, &[sold.game]);
    waits_for(&mut world, &vault, settle);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let claim = world.claim_ix(&entry, ticket);
    waits_for(&mut world, &vault, claim);
    let entry = world.holder(&sold.game, world.game(&sold.game).jackpot_tickets[0]);
    let award = world.award_ix(&entry, 0);
    waits_for(&mut world, &vault, award);

    // What expires goes to the mega jackpot.
    world.pass_until(world.game(&sold.game).claims_end());
    let expire = ix::expire_prizes(
        world.authority.pubkey(),
        world.house,
        sold.game,
        world.token,
    );
    let mega = vaults(&world.house)[3];
    waits_for(&mut world, &mega, expire);
}

fn a_cancelled_games_vault(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let sold = world.cancelled(&[1, 2]);
    let cranker = world.player();
    let mut batch = Batch::new(cranker.pubkey());
    batch.refund(world.entry_keys(&sold.entries[0])).unwrap();
    let vault = address::vault(&sold.game);
    let lacking = without_a_token(&mut world, &vault, |world| {
        send_batch(world, &cranker, batch, false)
    });
    assert_refused(lacking, LotteryError::Insolvent);
    let refund = world.refund_ix(&sold.entries[0]);
    waits_for(&mut world, &vault, refund);
}

fn vaults_at_the_last_round(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    // So that there is something to lack.
    world.settled(ten_tickets, &[10]);
    for vault in vaults(&world.house) {
        let game = world.sell(ten_tickets, &[10]).game;
        let id = world.request(&[game]).unwrap();
        world.reveal(id, [1; 32]).unwrap();
        let settle = world.settle_ix(id, &[game]);
        waits_for(&mut world, &vault, settle);
    }
}

fn vaults_of_a_game_that_waited(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    world.settled(ten_tickets, &[10]);
    let game = world.sell(ten_tickets, &[10]).game;
    let own = address::vault(&game);
    world.freeze(&own);
    world.play(&game, 1).unwrap();
    world.thaw(&own);
    let settle = ix::settle_game(world.house, game, world.token);
    for vault in vaults(&world.house) {
        refused_without_a_token(&mut world, &vault, &settle);
    }
    waits_for(&mut world, &own, settle);
}

fn vaults_of_gifts_and_withdrawals(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    world.settled(ten_tickets, &[10]);
    let (authority, house) = (world.authority.pubkey(), world.house);
    let [treasury, _, major, _] = vaults(&house);
    world.give_tokens(&authority, 1_000);
    let fund = ix::fund_jackpot(authority, house, 1, 1_000, world.token);
    waits_for(&mut world, &major, fund);
    let wallet = world.treasury_wallet.pubkey();
    let withdraw = ix::withdraw_treasury(authority, house, wallet, 1, world.token);
    waits_for(&mut world, &treasury, withdraw);
}
