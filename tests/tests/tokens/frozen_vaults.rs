//! What the mint's freeze authority can hold up, and that it can do no more.

use lottery::{
    LotteryError,
    state::{DRAW_GRACE, Game, GameParams, GameStatus, Jackpot, MAX_ROUND_INTERVAL},
};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    payouts::Sold,
    refusal::{assert_fails, assert_refused},
    rules,
    tokens::Currency,
    world::World,
};
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::common::{second_house, ten_tickets, vaults, won, world_of_hits};

for_each_token! {
    any_vault_at_the_last_round
    only_that_games_money_waits
    house_vault_at_the_last_round
    games_that_wait_settle_in_any_order
    another_house_gets_nothing_of_it
    waiting_for_long
    claims
    refunds
    expiry
    joins_and_gifts
    treasury
    closing
    cancelling
}

/// What SPL Token and Token-2022 answer when an account is frozen.
const ACCOUNT_FROZEN: InstructionError = InstructionError::Custom(17);

/// Ten tickets, three rounds, three places.
fn three_rounds(id: u64, now: i64) -> GameParams {
    let mut params = ten_tickets(id, now);
    params.rounds = 3;
    params.winners = 3;
    params.min_tickets = 3;
    params.keep_bps[..2].copy_from_slice(&[6_000, 6_000]);
    params.place_bps[..3].copy_from_slice(&[5_000, 3_000, 2_000]);
    params
}

/// A sold-out game of the same seeds in every world.
fn sold_out(currency: Currency) -> (World, Sold) {
    let mut world = world_of_hits(currency);
    let sold = world.sell(three_rounds, &[5, 3, 2]);
    (world, sold)
}

fn settle(world: &mut World, game: &Pubkey) -> Result<(), lottery_tests::world::Refusal> {
    let settle = ix::settle_game(world.house, *game, world.token);
    world.crank(settle).map(drop)
}

/// How a game and its house ended, but for the time.
fn outcome(world: &World, game: &Pubkey) -> (Game, [Jackpot; 3], u64) {
    let jackpot = |tier| Jackpot {
        last_won_at: 0,
        last_modified_slot: 0,
        ..world.jackpot(tier)
    };
    let mut game = world.game(game);
    game.settled_at = 0;
    game.next_round_at = 0;
    (game, [0, 1, 2].map(jackpot), world.treasury().accrued)
}

/// All rounds are drawn and the money waits; after the thaw it goes where it would have
/// gone.
fn any_vault_at_the_last_round(currency: Currency) {
    let (mut world, sold) = sold_out(currency);
    world.play(&sold.game, 1).unwrap();
    let expected = outcome(&world, &sold.game);
    assert_ne!(expected.0.jackpot_awards, [0; 3]);

    for frozen in 0..5 {
        let (mut world, sold) = sold_out(currency);
        let mut vaults = vaults(&world.house).to_vec();
        vaults.push(address::vault(&sold.game));
        world.freeze(&vaults[frozen]);
        let value = world.tokens_in(&address::vault(&sold.game));
        world.play(&sold.game, 1).unwrap();

        let game = world.game(&sold.game);
        assert!(game.awaits_settlement());
        assert_eq!(game.round_seeds, expected.0.round_seeds);
        assert_eq!(world.treasury().accrued, 0);
        assert_eq!(world.held_by(&sold.game), value);
        let still = settle(&mut world, &sold.game);
        assert_refused(still, LotteryError::VaultFrozen);

        world.thaw(&vaults[frozen]);
        settle(&mut world, &sold.game).unwrap();
        assert_eq!(outcome(&world, &sold.game), expected);
        let again = settle(&mut world, &sold.game);
        assert_refused(again, LotteryError::NotAwaitingSettlement);

        // Winners have all of the claim window from here.
        assert_eq!(world.game(&sold.game).settled_at, world.now());
        pay_all(&mut world, &sold);
    }
}

/// Claims everything of a settled game; it owes nothing then, and its vault is empty.
fn pay_all(world: &mut World, sold: &Sold) {
    for place in 0..3 {
        world.claim_place(&sold.game, place).unwrap();
    }
    for tier in 0..3 {
        world.claim_award(&sold.game, tier).unwrap();
    }
    assert!(world.game(&sold.game).has(Game::FLAG_PAID));
    assert_eq!(world.held_by(&sold.game), 0);
}

/// Three games of a draw; the second one's vault is frozen. The draw ends, the others
/// are paid.
fn only_that_games_money_waits(currency: Currency) {
    let mut world = world_of_hits(currency);
    let games = [0; 3].map(|_| world.sell(ten_tickets, &[10]));
    let addresses = [0, 1, 2].map(|n: usize| games[n].game);
    let frozen = address::vault(&addresses[1]);
    world.freeze(&frozen);
    let id = world.request(&addresses).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    let draw = world.draw_keys(id).draw;
    world.settle(id, &addresses).unwrap();

    assert!(world.is_gone(&draw), "the draw waits for nobody");
    assert!(world.game(&addresses[1]).awaits_settlement());
    for settled in [0, 2] {
        assert!(world.game(&addresses[settled]).is(GameStatus::Settled));
        world.claim_place(&addresses[settled], 0).unwrap();
        for tier in 0..3 {
            world.claim_award(&addresses[settled], tier).unwrap();
        }
    }
    world.thaw(&frozen);
    settle(&mut world, &addresses[1]).unwrap();
    world.claim_place(&addresses[1], 0).unwrap();
}

/// With a vault of the house frozen the money of all its games waits, but no draw does.
fn house_vault_at_the_last_round(currency: Currency) {
    let mut world = world_of_hits(currency);
    let first = world.sell(ten_tickets, &[10]);
    let second = world.sell(three_rounds, &[5, 5]);
    let games = [first.game, second.game];
    let mega = vaults(&world.house)[3];
    world.freeze(&mega);
    let id = world.request(&games).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    // One transaction each: the first does not hold up the second.
    world.settle(id, &games[..1]).unwrap();
    world.settle(id, &games[1..]).unwrap();
    assert!(world.game(&first.game).awaits_settlement());
    assert_eq!(world.game(&second.game).rounds_settled, 1);

    world.pass(60);
    world.play_round(&games[1..], [2; 32]).unwrap();
    world.thaw(&mega);
    settle(&mut world, &first.game).unwrap();
    world.pass(60);
    world.play_round(&games[1..], [3; 32]).unwrap();
    assert!(world.game(&second.game).is(GameStatus::Settled));
    pay_all(&mut world, &second);
}

/// Winners and hits are drawn; only how full the jackpots are depends on the order.
fn games_that_wait_settle_in_any_order(currency: Currency) {
    let settled_in = |order: [usize; 2]| {
        let mut world = world_of_hits(currency);
        let games = [0; 2].map(|_| world.sell(ten_tickets, &[4, 6]).game);
        let treasury = vaults(&world.house)[0];
        world.freeze(&treasury);
        world.play_round(&games, [1; 32]).unwrap();
        world.thaw(&treasury);
        for next in order {
            settle(&mut world, &games[next]).unwrap();
        }
        let games = games.map(|game| world.game(&game));
        let fates = games.map(|game| (game.round_seeds, game.jackpot_tickets, game.prize_pool));
        (fates, games.map(|game| game.jackpot_awards[0]))
    };
    let (fates, awards) = settled_in([0, 1]);
    let (same_fates, other_awards) = settled_in([1, 0]);
    assert_eq!(fates, same_fates);
    // 1,000,000 less ten per cent, then 1,100,000 less ten per cent.
    assert_eq!(awards, [900_000, 990_000]);
    assert_eq!(other_awards, [990_000, 900_000]);
}

/// The other house plays for the same token, and all that is named of it is its own.
fn another_house_gets_nothing_of_it(currency: Currency) {
    let (mut world, sold) = sold_out(currency);
    let vault = address::vault(&sold.game);
    world.freeze(&vault);
    world.play(&sold.game, 1).unwrap();
    world.thaw(&vault);
    let house = world.house;
    second_house(&mut world);
    let elsewhere = settle(&mut world, &sold.game);
    assert_refused(elsewhere, LotteryError::ForeignHouse);
    world.house = house;
    settle(&mut world, &sold.game).unwrap();
}

/// Whatever time passes, its winners stand: nobody draws again, nobody cancels.
fn waiting_for_long(currency: Currency) {
    let (mut world, sold) = sold_out(currency);
    let vault = address::vault(&sold.game);
    world.freeze(&vault);
    world.play(&sold.game, 1).unwrap();
    let seeds = world.game(&sold.game).round_seeds;
    for wait in [0, DRAW_GRACE + 1, i64::from(MAX_ROUND_INTERVAL)] {
        world.pass(wait);
        let cancel = world.cancel(&sold.game);
        assert_refused(cancel, LotteryError::NotCancellable);
        let draw = world.request(&[sold.game]);
        assert_refused(draw, LotteryError::GameNotDrawable);
        let claim = world.claim_place(&sold.game, 0);
        assert_refused(claim, LotteryError::GameNotSettled);
        let expire = world.expire(&sold.game);
        assert_refused(expire, LotteryError::GameNotSettled);
        let refund = world.refund(&sold.entries[0]);
        assert_refused(refund, LotteryError::GameNotCancelled);
        let close = world.close_game(&sold.game);
        assert_refused(close, LotteryError::GameStillOwes);
        assert_refused(settle(&mut world, &sold.game), LotteryError::VaultFrozen);
    }
    world.thaw(&vault);
    settle(&mut world, &sold.game).unwrap();
    assert_eq!(world.game(&sold.game).round_seeds, seeds);
    pay_all(&mut world, &sold);
}

/// A settled game's vault is frozen: prizes and awards wait. The house's vaults do not
/// matter any more: awards are in the game.
fn claims(currency: Currency) {
    let (mut world, sold) = sold_out(currency);
    world.play(&sold.game, 1).unwrap();
    for vault in vaults(&world.house) {
        world.freeze(&vault);
    }
    world.claim_place(&sold.game, 0).unwrap();
    world.claim_award(&sold.game, 0).unwrap();
    let vault = address::vault(&sold.game);
    world.freeze(&vault);
    let claim = world.claim_place(&sold.game, 1);
    assert_refused(claim, LotteryError::VaultFrozen);
    let award = world.claim_award(&sold.game, 1);
    assert_refused(award, LotteryError::VaultFrozen);
    world.thaw(&vault);
    for place in [1, 2] {
        world.claim_place(&sold.game, place).unwrap();
    }
    for tier in [1, 2] {
        world.claim_award(&sold.game, tier).unwrap();
    }
    assert_eq!(world.held_by(&sold.game), 0);
}

fn refunds(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let sold = world.cancelled(&[1, 2]);
    let vault = address::vault(&sold.game);
    world.freeze(&vault);
    let refund = world.refund(&sold.entries[0]);
    assert_refused(refund, LotteryError::VaultFrozen);
    assert_eq!(world.entry(&sold.entries[0]).refunded, 0);
    world.thaw(&vault);
    for entry in &sold.entries {
        world.refund(entry).unwrap();
    }
    assert_eq!(world.held_by(&sold.game), 0);
}

fn expiry(currency: Currency) {
    let (mut world, sold) = sold_out(currency);
    world.play(&sold.game, 1).unwrap();
    world.pass_until(world.game(&sold.game).claims_end());
    for vault in [address::vault(&sold.game), vaults(&world.house)[3]] {
        world.freeze(&vault);
        let expire = world.expire(&sold.game);
        assert_refused(expire, LotteryError::VaultFrozen);
        world.thaw(&vault);
    }
    // The others have nothing to do with it.
    for vault in &vaults(&world.house)[..3] {
        world.freeze(vault);
    }
    world.expire(&sold.game).unwrap();
}

/// No entry is sold for money that could not arrive.
fn joins_and_gifts(currency: Currency) {
    let mut world = world_of_hits(currency);
    let game = world.create_game(ten_tickets).unwrap();
    let player = world.player();
    let vault = address::vault(&game);
    world.freeze(&vault);
    let join = world.join(&game, &player, 1);
    assert_refused(join, LotteryError::VaultFrozen);
    world.thaw(&vault);
    world.join(&game, &player, 1).unwrap();

    let mega = vaults(&world.house)[3];
    world.freeze(&mega);
    let fund = ix::fund_jackpot(player.pubkey(), world.house, 2, 1, world.token);
    assert_fails(world.send(&[fund], &player, &[]), &ACCOUNT_FROZEN);
    assert_eq!(world.jackpot(2).amount, 0);
}

fn treasury(currency: Currency) {
    let mut world = world_of_hits(currency);
    won(&mut world);
    let vault = vaults(&world.house)[0];
    let withdraw = ix::withdraw_treasury(
        world.authority.pubkey(),
        world.house,
        world.treasury_wallet.pubkey(),
        1,
        world.token,
    );
    world.freeze(&vault);
    let refusal = world.crank(withdraw.clone());
    assert_refused(refusal, LotteryError::VaultFrozen);
    assert_eq!(world.treasury().total_withdrawn, 0);
    world.thaw(&vault);
    world.crank(withdraw).unwrap();
}

/// An empty vault can be closed though it is frozen; tokens that were donated to it
/// would have to move first.
fn closing(currency: Currency) {
    for donated in [0, 1] {
        let mut world = World::in_currency(currency, |_| ());
        let sold = world.cancelled(&[1]);
        world.refund(&sold.entries[0]).unwrap();
        world.close_entry(&sold.entries[0]).unwrap();
        let vault = address::vault(&sold.game);
        if donated > 0 {
            world.mint_to(&vault, donated);
        }
        world.freeze(&vault);
        if donated > 0 {
            let close = world.close_game(&sold.game);
            assert_refused(close, LotteryError::VaultFrozen);
            world.thaw(&vault);
        }
        world.close_game(&sold.game).unwrap();
        assert!(world.is_gone(&vault));
    }
}

/// Too few tickets: cancelled with the vault frozen, refunded after the thaw.
fn cancelling(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let sold = world.sell(rules::game, &[1]);
    let vault = address::vault(&sold.game);
    world.freeze(&vault);
    world.pass(3_600);
    world.cancel(&sold.game).unwrap();
    world.thaw(&vault);
    world.refund(&sold.entries[0]).unwrap();
}
