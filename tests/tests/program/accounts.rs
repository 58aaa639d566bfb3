//! Accounts that belong to another house, game or entry.

use lottery::LotteryError;
use lottery_client::{
    address,
    instruction::{self as ix, Purchase},
};
use lottery_tests::{
    rules,
    world::{LANE, World, assert_refused, replaced},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// Two houses with a game each; the second's keys stand in for the first's.
pub struct Two {
    pub world: World,
    /// Second house of the same authority.
    pub other: Pubkey,
    pub game: Pubkey,
    pub other_game: Pubkey,
    pub entry: Pubkey,
    pub other_entry: Pubkey,
    pub player: Pubkey,
}

pub fn two_houses() -> Two {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let entry = world.join(&game, &player, 2).unwrap();

    let authority = world.authority.pubkey();
    let params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    world
        .crank(ix::create_house(authority, 1, params, None))
        .unwrap();
    let (house, other) = (world.house, address::house(&authority, 1));
    world.house = other;
    world.pass(1);
    world.open_lane(LANE).unwrap();
    let other_game = world.create_game(rules::game).unwrap();
    let other_entry = world.join(&other_game, &player, 2).unwrap();
    world.house = house;
    Two {
        player: player.pubkey(),
        world,
        other,
        game,
        other_game,
        entry,
        other_entry,
    }
}

#[test]
fn a_join_names_the_games_own_house() {
    let mut two = two_houses();
    let player = two.world.player();
    let purchase = Purchase {
        player: player.pubkey(),
        house: two.other,
        game: two.game,
        tickets: 1,
        nonce: 0,
        max_total: u64::MAX,
    };
    assert_refused(
        two.world.send(&[ix::join(&purchase, None)], &player, &[]),
        LotteryError::ForeignHouse,
    );
}

#[test]
fn games_are_counted_by_their_own_treasury() {
    let mut two = two_houses();
    let authority = two.world.authority.pubkey();
    let params = rules::game(1, two.world.now());
    let house = two.world.house;
    let create = ix::create_game(authority, house, params, None);
    let foreign = replaced(
        &create,
        &address::treasury(&house),
        address::treasury(&two.other),
    );
    assert_refused(two.world.crank(foreign), LotteryError::ForeignHouse);
}

#[test]
fn a_treasury_pays_by_its_own_houses_rules() {
    let mut two = two_houses();
    two.world.pass(3_600);
    two.world.play(&two.game, 1).unwrap();
    let world = &mut two.world;
    let wallet = world.treasury_wallet.pubkey();
    let withdraw = ix::withdraw_treasury(world.authority.pubkey(), world.house, wallet, 1, None);
    let foreign = replaced(
        &withdraw,
        &address::treasury(&world.house),
        address::treasury(&two.other),
    );
    assert_refused(world.crank(foreign), LotteryError::ForeignHouse);
    let foreign = replaced(&withdraw, &world.house.clone(), two.other);
    assert_refused(world.crank(foreign), LotteryError::ForeignHouse);
}

#[test]
fn a_draw_takes_games_and_lanes_of_its_house_only() {
    let mut two = two_houses();
    two.world.pass(3_600);
    assert_refused(
        two.world.request(&[two.other_game]),
        LotteryError::ForeignHouse,
    );
    let other_lane = address::lane(&two.other, LANE);
    let id = two.world.lane().next_draw;
    let mut request = two.world.request_ix(id, 0, &[two.game]);
    let other: lottery::state::Lane = two.world.get(&other_lane);
    request.accounts[2].pubkey = other_lane;
    request.accounts[3].pubkey = address::draw(&other_lane, other.next_draw);
    assert_refused(two.world.crank(request), LotteryError::ForeignHouse);

    let id = two.world.request(&[two.game, two.other_game]).unwrap();
    assert_eq!(two.world.draw(id).games, 1, "the foreign game is left out");
    two.world.pass(0);
    let answer = two.world.answer(0, [1; 32]);
    let mut reveal = two.world.reveal_ix(id, 0, &answer);
    reveal.accounts[1].pubkey = two.other;
    assert_refused(two.world.crank(reveal), LotteryError::ForeignHouse);
}

#[test]
fn a_draw_is_aborted_with_its_own_lane_and_payer() {
    let mut two = two_houses();
    two.world.pass(3_600);
    let id = two.world.request(&[two.game]).unwrap();
    two.world.time_out(id);
    let (world, other) = (&mut two.world, two.other);
    let abort = world.abort_ix(id, &[two.game]);
    let own_lane = address::lane(&world.house, LANE);
    let foreign = replaced(&abort, &own_lane, address::lane(&other, LANE));
    assert_refused(world.crank(foreign), LotteryError::ForeignLane);
    let thief = world.player();
    let mut stolen = abort.clone();
    stolen.accounts[3].pubkey = thief.pubkey();
    assert_refused(world.crank(stolen), LotteryError::ForeignPayer);
    // Another draw's games are not released.
    let others = world.abort_ix(id, &[two.other_game]);
    assert_refused(world.crank(others), LotteryError::NoGames);
    world.crank(abort).unwrap();
}

#[test]
fn a_settlement_takes_the_houses_own_treasury_jackpots_and_draw() {
    let mut two = two_houses();
    two.world.pass(3_600);
    let id = two.world.request(&[two.game]).unwrap();
    two.world.reveal(id, [1; 32]).unwrap();
    let settle = two.world.settle_ix(id, &[two.game]);
    let (house, other) = (two.world.house, two.other);
    let mut with = |from, to, expected| {
        assert_refused(two.world.crank(replaced(&settle, &from, to)), expected);
    };
    let foreign = LotteryError::ForeignHouse;
    with(
        address::treasury(&house),
        address::treasury(&other),
        foreign,
    );
    for tier in 0..3u8 {
        let jackpot = |house| address::jackpot(house, tier);
        with(jackpot(&house), jackpot(&other), foreign);
    }
    with(house, other, foreign);
    // Jackpots in another order.
    let [minor, major] = [0, 1].map(|tier| address::jackpot(&house, tier));
    let swapped = replaced(&settle, &minor, Pubkey::default());
    let swapped = replaced(&swapped, &major, minor);
    let swapped = replaced(&swapped, &Pubkey::default(), major);
    assert_refused(two.world.crank(swapped), LotteryError::UnknownTier);
    two.world.crank(settle).unwrap();
}

#[test]
fn a_settlement_takes_nothing_to_another_house() {
    let mut two = two_houses();
    two.world.pass(3_600);
    let id = two.world.request(&[two.game]).unwrap();
    two.world.reveal(id, [1; 32]).unwrap();
    let settle = two.world.settle_ix(id, &[two.game]);
    // All that is the house's, so that each of the other's accounts fits the others.
    let (house, other) = (two.world.house, two.other);
    let mut foreign = replaced(&settle, &house, other);
    let treasury = [&house, &other].map(address::treasury);
    let jackpots = [0, 1, 2].map(|tier| [&house, &other].map(|it| address::jackpot(it, tier)));
    for [own, others] in [treasury].into_iter().chain(jackpots) {
        foreign = replaced(&foreign, &own, others);
    }
    assert_refused(two.world.crank(foreign), LotteryError::ForeignHouse);
    two.world.crank(settle).unwrap();
}

#[test]
fn payouts_name_the_games_own_entry_and_jackpot() {
    let mut two = two_houses();
    two.world.pass(3_600);
    two.world.play(&two.game, 1).unwrap();
    let world = &mut two.world;
    let cranker = world.authority.pubkey();
    let mut foreign = world.entry_keys(&two.entry);
    foreign.entry = two.other_entry;
    for instruction in [
        ix::claim(cranker, foreign, 0),
        ix::claim_jackpot(cranker, foreign, 0),
        ix::refund(cranker, foreign),
        ix::close_entry(cranker, foreign),
    ] {
        assert_refused(world.crank(instruction), LotteryError::ForeignGame);
    }
    let mut mixed = world.entry_keys(&two.entry);
    mixed.house = two.other;
    assert_refused(
        world.crank(ix::claim_jackpot(cranker, mixed, 0)),
        LotteryError::ForeignHouse,
    );
    let own = world.entry_keys(&two.entry);
    let thief = Pubkey::new_unique();
    for instruction in [
        ix::claim(cranker, own, 0),
        ix::claim_jackpot(cranker, own, 0),
        ix::refund(cranker, own),
        ix::close_entry(cranker, own),
    ] {
        let stolen = replaced(&instruction, &two.player, thief);
        assert_refused(world.crank(stolen), LotteryError::ForeignPlayer);
    }
}

#[test]
fn prizes_expire_into_the_houses_own_mega_jackpot() {
    let mut two = two_houses();
    two.world.pass(3_600);
    two.world.play(&two.game, 1).unwrap();
    two.world.pass(86_400);
    let world = &mut two.world;
    let cranker = world.authority.pubkey();
    let expire = ix::expire_prizes(cranker, world.house, two.game, None);
    let mega = address::jackpot(&world.house, 2);
    let foreign = replaced(&expire, &mega, address::jackpot(&two.other, 2));
    assert_refused(world.crank(foreign), LotteryError::ForeignHouse);
    for tier in 0..2 {
        let lower = replaced(&expire, &mega, address::jackpot(&world.house, tier));
        assert_refused(world.crank(lower), LotteryError::UnknownTier);
    }
    world.crank(expire).unwrap();
}
