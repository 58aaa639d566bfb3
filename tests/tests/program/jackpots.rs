//! Jackpots: fed, rolled, awarded.

use lottery::{
    LotteryError,
    draw::{jackpot_hit, jackpot_ticket},
    math::{bps_of, split},
    state::Game,
};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{World, assert_refused},
};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// A settled game of four players with one ticket each, by value.
fn settled_game(world: &mut World, value: u8) -> (Pubkey, Vec<Keypair>) {
    let game = world.create_game(rules::game).unwrap();
    let players: Vec<_> = (0..4).map(|_| world.player()).collect();
    for player in &players {
        world.join(&game, player, 1).unwrap();
    }
    world.pass(3_600);
    world.play(&game, value).unwrap();
    (game, players)
}

#[test]
fn misses_accumulate() {
    let mut world = World::new();
    for n in 1..=3u64 {
        settled_game(&mut world, u8::try_from(n).unwrap());
        for tier in 0..3u8 {
            let jackpot = world.jackpot(tier);
            let gross = 4 * 10_000_000;
            let share = split(gross, &[100, 200, 300], 400).jackpots[usize::from(tier)];
            assert_eq!(jackpot.amount, n * share);
            assert_eq!(jackpot.total_contributions, n * share);
            assert_eq!((jackpot.hits, jackpot.total_won), (0, 0));
            assert_eq!(jackpot.revision, n);
            assert_eq!(
                world.lamports(&address::jackpot(&world.house, tier)),
                jackpot.rent_reserve + jackpot.amount
            );
        }
    }
}

#[test]
fn a_hit_pays_all_but_the_reserve_to_the_drawn_ticket() {
    // A contribution above the mean always hits.
    let mut world = World::with_house(|params| params.jackpot_mean = [1; 3]);
    let (game, players) = settled_game(&mut world, 1);
    let settled = world.game(&game);
    assert!(settled.has(Game::FLAG_JACKPOT_HIT));
    for tier in 0..3u8 {
        let index = usize::from(tier);
        let pot = settled.jackpot_contributions[index];
        let reserve = bps_of(pot, settled.reserve_bps[index]);
        let jackpot = world.jackpot(tier);
        assert_eq!(settled.jackpot_awards[index], pot - reserve);
        assert_eq!((jackpot.amount, jackpot.hits), (reserve, 1));
        assert_eq!(jackpot.total_won, pot - reserve);
        assert_eq!(jackpot.last_won_amount, pot - reserve);
        assert_eq!(
            (jackpot.last_game, jackpot.last_winner),
            (game, Pubkey::default())
        );
        let ticket = settled.jackpot_tickets[index];
        assert_eq!(ticket, jackpot_ticket(&settled.round_seeds[0], tier, 4));
        assert_eq!(jackpot.last_ticket, ticket);

        let winner = players[ticket as usize].pubkey();
        let entry = address::entry(&game, &winner, 0);
        let before = world.lamports(&winner);
        let claim = ix::claim_jackpot(world.house, game, entry, winner, tier);
        world.crank(claim.clone()).unwrap();
        assert_eq!(world.lamports(&winner), before + pot - reserve);
        assert_eq!(world.jackpot(tier).last_winner, winner);
        assert_refused(world.crank(claim), LotteryError::AlreadyPaid);
    }
}

#[test]
fn hits_follow_the_documented_roll() {
    // A chance of about a half: 4 tickets contribute 400,000 lamports to minor.
    let mut world = World::with_house(|params| params.jackpot_mean = [800_000; 3]);
    let mut hits = 0;
    for value in 0..12 {
        let (game, _) = settled_game(&mut world, value);
        let settled = world.game(&game);
        for tier in 0..3u8 {
            let index = usize::from(tier);
            let expected = jackpot_hit(
                &settled.round_seeds[0],
                tier,
                800_000,
                settled.jackpot_contributions[index],
            );
            assert_eq!(settled.jackpot_awards[index] > 0, expected);
        }
        hits += u32::from(settled.jackpot_awards[0] > 0);
    }
    assert_eq!(u64::from(hits), world.jackpot(0).hits);
    assert!((1..12).contains(&hits), "{hits} of 12 at one half");
}

#[test]
fn awards_are_the_winning_tickets_alone() {
    let mut world = World::with_house(|params| params.jackpot_mean = [1, u64::MAX, 1]);
    let (game, players) = settled_game(&mut world, 1);
    let ticket = world.game(&game).jackpot_tickets[0] as usize;
    let loser = players[(ticket + 1) % 4].pubkey();
    let winner = players[ticket].pubkey();
    let entry = |player: &Pubkey| address::entry(&game, player, 0);
    let house = world.house;

    let other = ix::claim_jackpot(house, game, entry(&loser), loser, 0);
    assert_refused(world.crank(other), LotteryError::TicketNotInEntry);
    let missed = ix::claim_jackpot(house, game, entry(&winner), winner, 1);
    assert_refused(world.crank(missed), LotteryError::NoAward);
    let mut unknown = ix::claim_jackpot(house, game, entry(&winner), winner, 0);
    *unknown.data.last_mut().unwrap() = 3;
    assert_refused(world.crank(unknown), LotteryError::UnknownTier);
    let mut mixed = ix::claim_jackpot(house, game, entry(&winner), winner, 0);
    mixed.accounts[3].pubkey = address::jackpot(&house, 2);
    assert_refused(world.crank(mixed), LotteryError::UnknownTier);
    let stolen = ix::claim_jackpot(house, game, entry(&winner), loser, 0);
    assert_refused(world.crank(stolen), LotteryError::ForeignPlayer);
}

#[test]
fn a_later_hit_keeps_its_own_winner() {
    let mut world = World::with_house(|params| params.jackpot_mean = [1, u64::MAX, u64::MAX]);
    let (first, players) = settled_game(&mut world, 1);
    let (second, _) = settled_game(&mut world, 2);
    let winner = players[world.game(&first).jackpot_tickets[0] as usize].pubkey();
    let entry = address::entry(&first, &winner, 0);
    world
        .crank(ix::claim_jackpot(world.house, first, entry, winner, 0))
        .unwrap();
    let jackpot = world.jackpot(0);
    assert_eq!(jackpot.last_game, second);
    assert_eq!(jackpot.last_winner, Pubkey::default());
}

#[test]
fn awards_wait_for_the_settlement() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let entry = world.join(&game, &player, 2).unwrap();
    let claim = ix::claim_jackpot(world.house, game, entry, player.pubkey(), 0);
    assert_refused(world.crank(claim), LotteryError::GameNotSettled);
}
