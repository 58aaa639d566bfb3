//! A token of which there are as many as 64 bits count.

use lottery::{
    LotteryError,
    math::bps_of,
    state::{GameParams, GameStatus},
};
use lottery_client::instruction as ix;
use lottery_tests::{
    refusal::assert_refused,
    rules,
    tokens::{Currency, MintRules},
    world::World,
};
use solana_keypair::Keypair;
use solana_signer::Signer as _;

for_each_token! {
    counters_saturate
    the_whole_supply
    fees_that_do_not_fit
}

/// Half of all tokens a ticket, two tickets.
const FEE: u64 = u64::MAX / 2;

fn half_of_all(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.entry_fee = FEE;
    params.max_tickets = 2;
    params.max_tickets_per_entry = 2;
    params
}

/// A house that puts 60 % of everything into the mega jackpot, which keeps nothing back,
/// and 30 % into the treasury, and whose full games all hit. One player has all tokens.
fn world_of_one_owner(currency: Currency) -> (World, Keypair) {
    let mut world = World::without_house();
    let rules = MintRules::plain(currency.program().unwrap());
    let token = world.create_mint(&rules).unwrap();
    world.token = Some(token);
    let wallet = world.treasury_wallet.pubkey();
    world.open_tokens(&wallet);
    world.found_house(|params| {
        params.rules.prize_bps = 1_000;
        params.rules.jackpot_bps = [0, 0, 6_000];
        params.rules.treasury_bps = 3_000;
        params.rules.reserve_bps = [0; 3];
        params.rules.jackpot_mean = [1, 1, bps_of(2 * FEE, 6_000)];
    });
    let owner = Keypair::new_from_array([71; 32]);
    world.svm.airdrop(&owner.pubkey(), 1_000_000_000).unwrap();
    world.give_tokens(&owner.pubkey(), u64::MAX);
    (world, owner)
}

/// One game after another of nearly all tokens there are. What was ever paid in, won,
/// accrued and withdrawn leaves 64 bits; no game notices.
fn counters_saturate(currency: Currency) {
    let (mut world, owner) = world_of_one_owner(currency);
    let (authority, house, token) = (world.authority.pubkey(), world.house, world.token);
    let wallet = world.treasury_wallet.insecure_clone();
    let account = world.tokens_of(&owner.pubkey());
    let (share, award) = (bps_of(2 * FEE, 3_000), bps_of(2 * FEE, 6_000));
    for games in 1..=5 {
        assert_eq!(world.tokens_in(&account), u64::MAX);
        let game = world.create_game(half_of_all).unwrap();
        world.join(&game, &owner, 2).unwrap();
        world.play(&game, 1).unwrap();
        assert!(world.game(&game).is(GameStatus::Settled));
        assert_eq!(world.game(&game).jackpot_awards, [0, 0, award]);
        world.claim_place(&game, 0).unwrap();
        world.claim_award(&game, 2).unwrap();

        assert_eq!(world.treasury().accrued, share);
        let withdraw = ix::withdraw_treasury(authority, house, wallet.pubkey(), share, token);
        world.crank(withdraw).unwrap();
        let from = world.tokens_of(&wallet.pubkey());
        world.move_tokens(&wallet, &from, &account, share).unwrap();

        let ever = |part: u64| part.saturating_mul(games);
        assert_eq!(world.treasury().total_accrued, ever(share));
        assert_eq!(world.treasury().total_withdrawn, ever(share));
        assert_eq!(world.jackpot(2).total_contributions, ever(award));
        assert_eq!(world.jackpot(2).total_won, ever(award));
    }
    assert_eq!(world.treasury().total_accrued, u64::MAX);
    assert_eq!(world.treasury().total_withdrawn, u64::MAX);
    assert_eq!(world.jackpot(2).total_contributions, u64::MAX);
    assert_eq!(world.jackpot(2).total_won, u64::MAX);
}

/// A jackpot of all tokens but those of one game, which wins it.
fn the_whole_supply(currency: Currency) {
    let (mut world, owner) = world_of_one_owner(currency);
    // Full games of this fee hit for certain.
    let mut rules = rules::house(world.treasury_wallet.pubkey(), world.queue);
    rules::certain_hits(&mut rules, 10);
    let authority = world.authority.pubkey();
    let update = ix::update_house(authority, world.house, rules.rules);
    world.crank(update).unwrap();
    let price = 10 * rules::FEE;
    for part in [1, u64::MAX - price - 1] {
        let fund = ix::fund_jackpot(owner.pubkey(), world.house, 2, part, world.token);
        world.send(&[fund], &owner, &[]).unwrap();
    }
    assert_eq!(world.jackpot(2).amount, u64::MAX - price);
    let game = world.create_game(crate::common::ten_tickets).unwrap();
    world.join(&game, &owner, 10).unwrap();
    assert_eq!(world.money_of(&owner.pubkey()), 0);
    world.play(&game, 1).unwrap();
    world.claim_place(&game, 0).unwrap();
    for tier in 0..3 {
        world.claim_award(&game, tier).unwrap();
    }
    // What is not the owner's again is in the reserves and in the treasury.
    let held: u64 = crate::common::vaults(&world.house)
        .iter()
        .map(|vault| world.tokens_in(vault))
        .sum();
    assert_eq!(world.money_of(&owner.pubkey()), u64::MAX - held);
    assert_eq!(world.held_by(&game), 0);
    let total = world.jackpot(2).total_contributions;
    assert_eq!(total, u64::MAX - price + 3_000_000);
}

fn fees_that_do_not_fit(currency: Currency) {
    let (mut world, owner) = world_of_one_owner(currency);
    let refusal = world.create_game(|id, now| GameParams {
        entry_fee: FEE + 1,
        ..half_of_all(id, now)
    });
    assert_refused(refusal, LotteryError::GrossOverflow);
    // The most that two tickets can cost is one less than there is.
    let game = world.create_game(half_of_all).unwrap();
    let poor = Keypair::new_from_array([72; 32]);
    world.svm.airdrop(&poor.pubkey(), 1_000_000_000).unwrap();
    world.open_tokens(&poor.pubkey());
    let join = world.join(&game, &poor, 1);
    assert_refused(join, LotteryError::InsufficientFunds);
    world.join(&game, &owner, 2).unwrap();
    assert_eq!(world.money_of(&owner.pubkey()), 1);
    assert_eq!(world.held_by(&game), u64::MAX - 1);
}
