//! A player whose token account is frozen waits alone.

use lottery::LotteryError;
use lottery_client::instruction::{self as ix, Batch};
use lottery_tests::{
    refusal::assert_refused,
    rules::FEE,
    tokens::{Currency, PLAYER_TOKENS},
    world::World,
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::{
    batches::codes,
    common::{swap, ten_tickets, won, world_of_hits},
};

for_each_token! {
    prize_waits_for_the_thaw
    award_waits_for_the_thaw
    refund_waits_for_the_thaw
    buys_nothing
    left_out_of_a_batch
    another_account_of_the_player
    treasury_wallet
    creator
    draws_and_expiry_go_on
}

/// The associated token account of an entry's player.
fn account(world: &World, entry: &Pubkey) -> Pubkey {
    world.tokens_of(&world.entry(entry).player)
}

fn prize_waits_for_the_thaw(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = won(&mut world);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let account = account(&world, &entry);
    let before = world.tokens_in(&account);
    world.freeze(&account);
    let claim = world.claim(&entry, ticket);
    assert_refused(claim, LotteryError::TokenAccountFrozen);
    assert_eq!(world.game(&sold.game).paid_out, 0);
    world.thaw(&account);
    world.claim(&entry, ticket).unwrap();
    assert_eq!(world.tokens_in(&account), before + 90_000_000);
}

fn award_waits_for_the_thaw(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = won(&mut world);
    for tier in 0..3 {
        let ticket = world.game(&sold.game).jackpot_tickets[usize::from(tier)];
        let account = account(&world, &world.holder(&sold.game, ticket));
        world.freeze(&account);
        let award = world.claim_award(&sold.game, tier);
        assert_refused(award, LotteryError::TokenAccountFrozen);
        assert_eq!(world.jackpot(tier).last_winner, Pubkey::default());
        world.thaw(&account);
        world.claim_award(&sold.game, tier).unwrap();
    }
}

fn refund_waits_for_the_thaw(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let sold = world.cancelled(&[1, 2, 3]);
    let frozen = account(&world, &sold.entries[1]);
    world.freeze(&frozen);
    let refund = world.refund(&sold.entries[1]);
    assert_refused(refund, LotteryError::TokenAccountFrozen);
    for other in [0, 2] {
        world.refund(&sold.entries[other]).unwrap();
    }
    world.thaw(&frozen);
    world.refund(&sold.entries[1]).unwrap();
    assert_eq!(world.tokens_in(&frozen), PLAYER_TOKENS);
}

fn buys_nothing(currency: Currency) {
    let mut world = world_of_hits(currency);
    let game = world.create_game(ten_tickets).unwrap();
    let (frozen, other) = (world.player(), world.player());
    let account = world.tokens_of(&frozen.pubkey());
    world.freeze(&account);
    let join = world.join(&game, &frozen, 1);
    assert_refused(join, LotteryError::TokenAccountFrozen);
    world.join(&game, &other, 1).unwrap();
}

/// The others are paid; the code says why one was not.
fn left_out_of_a_batch(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let sold = world.cancelled(&[1, 2, 3]);
    let frozen = account(&world, &sold.entries[1]);
    world.freeze(&frozen);
    let batch = |world: &World, all_or_nothing| {
        let mut batch = Batch::new(world.authority.pubkey());
        for entry in &sold.entries {
            batch.refund(world.entry_keys(entry)).unwrap();
        }
        batch.build(all_or_nothing)
    };
    let whole = batch(&world, true);
    let refusal = world.crank(whole);
    assert_refused(refusal, LotteryError::TokenAccountFrozen);
    assert_eq!(world.game(&sold.game).refunded, 0);

    let rest = batch(&world, false);
    let done = world.crank(rest.clone()).unwrap();
    let code = LotteryError::TokenAccountFrozen.code();
    assert_eq!(codes(&done), [0, code, 0]);
    assert_eq!(world.game(&sold.game).refunded, 4 * FEE);

    world.thaw(&frozen);
    let done = world.crank(rest).unwrap();
    let paid = LotteryError::AlreadyPaid.code();
    assert_eq!(codes(&done), [paid, 0, paid]);
    assert_eq!(world.tokens_in(&frozen), PLAYER_TOKENS);
    assert_eq!(world.held_by(&sold.game), 0);
}

/// The player signs, and has it paid elsewhere.
fn another_account_of_the_player(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = won(&mut world);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let key = world.entry(&entry).player;
    let player = sold.players.iter().find(|p| p.pubkey() == key).unwrap();
    let frozen = account(&world, &entry);
    world.freeze(&frozen);
    let other = world.another_account(&key, 61);
    let claim = ix::claim(key, world.entry_keys(&entry), ticket);
    let claim = swap(&claim, &frozen, &other);
    world.send(&[claim], player, &[]).unwrap();
    assert_eq!(world.tokens_in(&other), 90_000_000);
}

fn treasury_wallet(currency: Currency) {
    let mut world = world_of_hits(currency);
    won(&mut world);
    let wallet = world.treasury_wallet.pubkey();
    let account = world.tokens_of(&wallet);
    let authority = world.authority.pubkey();
    let withdraw = ix::withdraw_treasury(authority, world.house, wallet, 5, world.token);
    world.freeze(&account);
    let refusal = world.crank(withdraw.clone());
    assert_refused(refusal, LotteryError::TokenAccountFrozen);
    assert_eq!(world.treasury().total_withdrawn, 0);
    world.thaw(&account);
    world.crank(withdraw).unwrap();
}

/// Matters only if there is something for the creator to get.
fn creator(currency: Currency) {
    for donated in [0, 1] {
        let mut world = World::in_currency(currency, |_| ());
        let sold = world.cancelled(&[1]);
        world.refund(&sold.entries[0]).unwrap();
        world.close_entry(&sold.entries[0]).unwrap();
        let account = world.tokens_of(&world.authority.pubkey());
        world.freeze(&account);
        if donated > 0 {
            world.mint_to(&lottery_client::address::vault(&sold.game), donated);
            let close = world.close_game(&sold.game);
            assert_refused(close, LotteryError::TokenAccountFrozen);
            world.thaw(&account);
        }
        world.close_game(&sold.game).unwrap();
    }
}

/// All players frozen: rounds are drawn, money divided, prizes expire. Rent returns.
fn draws_and_expiry_go_on(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = world.sell(ten_tickets, &[4, 6]);
    for entry in &sold.entries {
        let account = account(&world, entry);
        world.freeze(&account);
    }
    world.play(&sold.game, 1).unwrap();
    world.pass_until(world.game(&sold.game).claims_end());
    world.expire(&sold.game).unwrap();
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.close_game(&sold.game).unwrap();
}
