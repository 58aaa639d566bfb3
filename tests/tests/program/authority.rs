//! What a house's authority may change, and how it hands itself over.

use lottery::{
    LotteryError,
    events::{EVENT_VERSION, HouseChanged},
    state::{Game, House, HouseRules},
};
use lottery_client::instruction as ix;
use lottery_tests::{
    events::{Event, event},
    rules,
    world::{World, assert_refused},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// Rules that differ from those of [`rules::house`] in every field.
fn other_rules() -> HouseRules {
    HouseRules {
        treasury_wallet: Pubkey::new_unique(),
        jackpot_mean: [SOME_MEAN, SOME_MEAN + 1, SOME_MEAN + 2],
        bounty: 7,
        claim_window: 3_600,
        prize_bps: 8_000,
        jackpot_bps: [300, 400, 500],
        treasury_bps: 800,
        reserve_bps: [1, 2, 3],
        open_creation: true,
    }
}

const SOME_MEAN: u64 = 1_000_000_000_000;

#[test]
fn new_rules_are_all_taken_over_and_nothing_else_changes() {
    let mut world = World::new();
    let before = world.house();
    let rules = other_rules();
    let authority = world.authority.pubkey();
    let meta = world
        .crank(ix::update_house(authority, world.house, rules))
        .unwrap();
    let expected = House {
        treasury_wallet: rules.treasury_wallet,
        jackpot_mean: rules.jackpot_mean,
        bounty: rules.bounty,
        claim_window: rules.claim_window,
        prize_bps: rules.prize_bps,
        jackpot_bps: rules.jackpot_bps,
        treasury_bps: rules.treasury_bps,
        reserve_bps: rules.reserve_bps,
        flags: House::FLAG_OPEN_CREATION,
        ..before
    };
    assert_eq!(world.house(), expected);
    let told = Event::HouseChanged(HouseChanged {
        version: EVENT_VERSION,
        house: world.house,
        authority,
        pending_authority: Pubkey::default(),
        treasury_wallet: rules.treasury_wallet,
        vrf_queue: before.vrf_queue,
        mint: Pubkey::default(),
        jackpot_mean: rules.jackpot_mean,
        bounty: rules.bounty,
        draw_timeout: before.draw_timeout,
        claim_window: rules.claim_window,
        prize_bps: rules.prize_bps,
        treasury_bps: rules.treasury_bps,
        jackpot_bps: rules.jackpot_bps,
        reserve_bps: rules.reserve_bps,
        flags: House::FLAG_OPEN_CREATION,
    });
    assert_eq!(event(&meta), told);
}

#[test]
fn new_rules_keep_pauses_and_an_offer() {
    let mut world = World::new();
    let (authority, house) = (world.authority.pubkey(), world.house);
    let successor = Pubkey::new_unique();
    for instruction in [
        ix::set_pause(authority, house, true, true),
        ix::propose_authority(authority, house, successor),
        ix::update_house(authority, house, other_rules()),
    ] {
        world.crank(instruction).unwrap();
    }
    let state = world.house();
    assert_eq!(state.flags, House::PAUSE_FLAGS | House::FLAG_OPEN_CREATION);
    assert_eq!(state.pending_authority, successor);
    let closed = HouseRules {
        open_creation: false,
        ..other_rules()
    };
    world
        .crank(ix::update_house(authority, house, closed))
        .unwrap();
    assert_eq!(world.house().flags, House::PAUSE_FLAGS);
}

#[test]
fn a_game_keeps_the_rules_it_was_created_under_to_its_end() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    let before = world.game(&sold.game);
    let authority = world.authority.pubkey();
    world
        .crank(ix::update_house(authority, world.house, other_rules()))
        .unwrap();
    assert_eq!(world.game(&sold.game), before, "not a byte of it changed");

    // Entries, settlement, claims and their bounties go by the old rules.
    let late = world.player();
    let entry = world.join(&sold.game, &late, 1).unwrap();
    assert_eq!(world.entry(&entry).bounty, 10_000);
    world.pass(3_600);
    world.play(&sold.game, 1).unwrap();
    let settled = world.game(&sold.game);
    assert_eq!(settled.prize_pool, settled.gross() / 10_000 * 9_000);
    assert_eq!(world.treasury().accrued, settled.gross() / 10_000 * 400);
    assert_eq!(settled.claims_end(), settled.settled_at + 86_400);
    rules_of(
        &settled,
        &rules::house(Pubkey::default(), Pubkey::default()).rules,
    );

    let later = world.create_game(rules::game).unwrap();
    rules_of(&world.game(&later), &other_rules());
}

/// Asserts that a game goes by these rules of its house.
#[track_caller]
fn rules_of(game: &Game, rules: &HouseRules) {
    assert_eq!(game.jackpot_mean, rules.jackpot_mean);
    assert_eq!(game.bounty, rules.bounty);
    assert_eq!(game.claim_window, rules.claim_window);
    assert_eq!(game.prize_bps, rules.prize_bps);
    assert_eq!(game.jackpot_bps, rules.jackpot_bps);
    assert_eq!(game.treasury_bps, rules.treasury_bps);
    assert_eq!(game.reserve_bps, rules.reserve_bps);
}

#[test]
fn new_rules_are_checked_like_the_first_ones() {
    let mut world = World::new();
    let before = world.house();
    let mut refuse = |expected, vary: fn(&mut HouseRules)| {
        let mut rules = other_rules();
        vary(&mut rules);
        let update = ix::update_house(world.authority.pubkey(), world.house, rules);
        assert_refused(world.crank(update), expected);
    };
    refuse(LotteryError::SplitNotWhole, |r| r.prize_bps += 1);
    refuse(LotteryError::ReserveNotBelowWhole, |r| {
        r.reserve_bps[2] = 10_000;
    });
    refuse(LotteryError::JackpotMeanZero, |r| r.jackpot_mean[0] = 0);
    refuse(LotteryError::AddressMissing, |r| {
        r.treasury_wallet = Pubkey::default();
    });
    refuse(LotteryError::BountyTooHigh, |r| r.bounty = 1_000_001);
    refuse(LotteryError::ClaimWindow, |r| r.claim_window = 3_599);
    refuse(LotteryError::ClaimWindow, |r| r.claim_window = 31_536_001);
    assert_eq!(world.house(), before);
}

#[test]
fn nobody_but_the_authority_administers_a_house() {
    let mut world = World::new();
    let stranger = world.player();
    let (key, house) = (stranger.pubkey(), world.house);
    let wallet = world.treasury_wallet.pubkey();
    for instruction in [
        ix::update_house(key, house, other_rules()),
        ix::set_pause(key, house, true, true),
        ix::propose_authority(key, house, key),
        ix::withdraw_treasury(key, house, wallet, 1, None),
    ] {
        assert_refused(
            world.send(std::slice::from_ref(&instruction), &stranger, &[]),
            LotteryError::NotAuthority,
        );
        // Nor does the authority's name without its signature do.
        let mut unsigned = instruction;
        unsigned.accounts[0].pubkey = world.authority.pubkey();
        unsigned.accounts[0].is_signer = false;
        assert!(world.send(&[unsigned], &stranger, &[]).is_err());
    }
}

#[test]
fn an_authority_that_handed_itself_over_can_do_nothing_any_more() {
    let mut world = World::new();
    let successor = world.player();
    let (old, house) = (world.authority.pubkey(), world.house);
    world
        .crank(ix::propose_authority(old, house, successor.pubkey()))
        .unwrap();
    assert_eq!(world.house().authority, old, "an offer changes nothing yet");
    let accept = ix::accept_authority(successor.pubkey(), house);
    let meta = world
        .send(std::slice::from_ref(&accept), &successor, &[])
        .unwrap();
    let state = world.house();
    assert_eq!(state.authority, successor.pubkey());
    assert_eq!(state.pending_authority, Pubkey::default());
    assert!(matches!(
        event(&meta),
        Event::HouseChanged(HouseChanged { authority, pending_authority, .. })
            if authority == successor.pubkey() && pending_authority == Pubkey::default()
    ));

    let wallet = world.treasury_wallet.pubkey();
    for instruction in [
        ix::update_house(old, house, other_rules()),
        ix::set_pause(old, house, true, true),
        ix::propose_authority(old, house, old),
        ix::withdraw_treasury(old, house, wallet, 1, None),
        ix::create_game(old, house, rules::game(0, world.now()), None),
    ] {
        assert_refused(world.crank(instruction), LotteryError::NotAuthority);
    }
    // The offer was used up.
    assert_refused(
        world.send(&[accept], &successor, &[]),
        LotteryError::NotPendingAuthority,
    );
    let create = ix::create_game(successor.pubkey(), house, rules::game(0, world.now()), None);
    world.send(&[create], &successor, &[]).unwrap();
}

#[test]
fn an_offer_is_its_addressees_and_can_be_replaced_and_withdrawn() {
    let mut world = World::new();
    let (first, second, stranger) = (world.player(), world.player(), world.player());
    let (authority, house) = (world.authority.pubkey(), world.house);
    let accept = |world: &mut World, who: &solana_keypair::Keypair| {
        world
            .send(&[ix::accept_authority(who.pubkey(), house)], who, &[])
            .map(drop)
    };
    // There is no offer: not even the authority can take it over again.
    assert_refused(
        world.crank(ix::accept_authority(authority, house)),
        LotteryError::NotPendingAuthority,
    );
    let offer = |world: &mut World, to| {
        world
            .crank(ix::propose_authority(authority, house, to))
            .unwrap();
    };
    offer(&mut world, first.pubkey());
    assert_refused(
        accept(&mut world, &stranger),
        LotteryError::NotPendingAuthority,
    );
    offer(&mut world, second.pubkey());
    assert_refused(
        accept(&mut world, &first),
        LotteryError::NotPendingAuthority,
    );
    offer(&mut world, Pubkey::default());
    for who in [&first, &second] {
        assert_refused(accept(&mut world, who), LotteryError::NotPendingAuthority);
    }
    offer(&mut world, second.pubkey());
    // The addressee signs.
    let mut unsigned = ix::accept_authority(second.pubkey(), house);
    unsigned.accounts[0].is_signer = false;
    assert!(world.send(&[unsigned], &stranger, &[]).is_err());
    accept(&mut world, &second).unwrap();
    assert_eq!(world.house().authority, second.pubkey());
}
