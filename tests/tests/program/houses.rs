//! Houses, lanes and the rules of games.

use lottery::{
    LotteryError,
    state::{GameParams, HouseParams, Lane},
};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{LANE, Refusal, World, assert_fails, assert_refused},
};
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

fn house_with(vary: impl FnOnce(&mut HouseParams)) -> Result<(), Refusal> {
    let mut world = World::without_house();
    let mut params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    vary(&mut params);
    let authority = world.authority.pubkey();
    world
        .crank(ix::create_house(authority, 7, params))
        .map(drop)
}

#[test]
fn a_house_starts_as_ordered() {
    let world = World::new();
    let house = world.house();
    assert_eq!(house.authority, world.authority.pubkey());
    assert_eq!(house.treasury_wallet, world.treasury_wallet.pubkey());
    assert_eq!(house.vrf_queue, world.queue);
    assert_eq!(house.jackpot_bps, [100, 200, 300]);
    assert_eq!(world.treasury().house, world.house);
    for tier in 0..3 {
        let jackpot = world.jackpot(tier);
        assert_eq!((jackpot.tier, jackpot.house), (tier, world.house));
        assert_eq!((jackpot.amount, jackpot.hits), (0, 0));
    }
}

#[test]
fn house_rules_are_checked() {
    assert!(house_with(|_| ()).is_ok());
    assert_refused(
        house_with(|p| p.prize_bps -= 1),
        LotteryError::SplitNotWhole,
    );
    assert_refused(
        house_with(|p| p.treasury_bps += 1),
        LotteryError::SplitNotWhole,
    );
    assert_refused(
        house_with(|p| {
            // Sums to 10,000 in 16 bits only.
            p.prize_bps = u16::MAX;
            p.jackpot_bps = [10_001, 0, 0];
            p.treasury_bps = 0;
        }),
        LotteryError::SplitNotWhole,
    );
    assert_refused(
        house_with(|p| p.reserve_bps[1] = 10_000),
        LotteryError::ReserveNotBelowWhole,
    );
    assert_refused(
        house_with(|p| p.jackpot_mean[2] = 0),
        LotteryError::JackpotMeanZero,
    );
    assert_refused(
        house_with(|p| p.treasury_wallet = Pubkey::default()),
        LotteryError::AddressMissing,
    );
    assert_refused(
        house_with(|p| p.vrf_queue = Pubkey::default()),
        LotteryError::AddressMissing,
    );
}

#[test]
fn a_house_is_created_once() {
    let mut world = World::new();
    let params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    let authority = world.authority.pubkey();
    assert!(world.crank(ix::create_house(authority, 0, params)).is_err());
    assert_eq!(world.treasury().games_created, 0);
}

#[test]
fn pausing_stops_games_and_joins_only_and_is_the_authoritys() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    world.join(&game, &player, 2).unwrap();

    let stranger = ix::set_pause(player.pubkey(), world.house, true, true);
    assert_refused(
        world.send(&[stranger], &player, &[]),
        LotteryError::NotAuthority,
    );
    let authority = world.authority.pubkey();
    let house = world.house;
    world
        .crank(ix::set_pause(authority, house, true, true))
        .unwrap();
    assert_refused(world.create_game(rules::game), LotteryError::GamesPaused);
    assert_refused(
        world.join_with(&game, &player, 1, 1, u64::MAX),
        LotteryError::JoinsPaused,
    );

    // Every exit stays open.
    world.pass(3_600);
    world.play(&game, 1).unwrap();
    let entry = address::entry(&game, &player.pubkey(), 0);
    let winner = (0..2)
        .find(|ticket| {
            lottery::draw::shuffled_index(&world.game(&game).round_seeds[0], 2, *ticket) == 0
        })
        .unwrap();
    world
        .crank(ix::claim(game, entry, player.pubkey(), winner))
        .unwrap();

    world
        .crank(ix::set_pause(authority, house, false, false))
        .unwrap();
    assert!(world.create_game(rules::game).is_ok());
}

#[test]
fn games_are_the_authoritys_unless_the_house_is_open() {
    for open in [false, true] {
        let mut world = World::with_house(|params| params.open_creation = open);
        let stranger = world.player();
        let params = rules::game(0, world.now());
        let create = ix::create_game(stranger.pubkey(), world.house, params);
        let result = world.send(&[create], &stranger, &[]);
        if open {
            assert_eq!(
                world.game(&address::game(&world.house, 0)).creator,
                stranger.pubkey()
            );
        } else {
            assert_refused(result, LotteryError::NotAuthority);
        }
    }
}

#[test]
fn game_rules_are_checked() {
    let mut world = World::new();
    let mut refuse = |expected, vary: fn(&mut GameParams)| {
        let result = world.create_game(|id, now| {
            let mut params = rules::five_rounds(id, now);
            vary(&mut params);
            params
        });
        assert_refused(result, expected);
    };
    refuse(LotteryError::FeeZero, |p| p.entry_fee = 0);
    refuse(LotteryError::GrossOverflow, |p| {
        p.entry_fee = u64::MAX / 1_000 + 1;
    });
    refuse(LotteryError::GameTimes, |p| p.closes_at = p.opens_at);
    refuse(LotteryError::GameTimes, |p| {
        p.opens_at -= 100;
        p.closes_at = p.opens_at + 100;
    });
    refuse(LotteryError::GameTimes, |p| p.closes_at = i64::MAX);
    refuse(LotteryError::GameTimes, |p| {
        p.closes_at = p.opens_at + 31_536_001;
    });
    refuse(LotteryError::RoundCount, |p| p.rounds = 0);
    refuse(LotteryError::RoundCount, |p| p.rounds = 9);
    refuse(LotteryError::WinnerCount, |p| p.winners = 0);
    refuse(LotteryError::WinnerCount, |p| p.winners = 33);
    refuse(LotteryError::TicketBounds, |p| p.min_tickets = 2);
    refuse(LotteryError::TicketBounds, |p| p.min_tickets = 1_001);
    refuse(LotteryError::TicketBounds, |p| p.max_tickets_per_entry = 0);
    refuse(LotteryError::TicketBounds, |p| {
        p.max_tickets_per_entry = 1_001;
    });
    refuse(LotteryError::RoundInterval, |p| {
        p.round_interval = 31_536_001;
    });
    refuse(LotteryError::KeepBps, |p| p.keep_bps[0] = 0);
    refuse(LotteryError::KeepBps, |p| p.keep_bps[3] = 10_001);
    refuse(LotteryError::KeepBps, |p| p.keep_bps[4] = 1);
    refuse(LotteryError::PrizeBps, |p| p.place_bps[0] -= 1);
    refuse(LotteryError::PrizeBps, |p| {
        p.place_bps[0] += p.place_bps[2];
        p.place_bps[2] = 0;
    });
    refuse(LotteryError::PrizeBps, |p| {
        p.place_bps[0] -= 1;
        p.place_bps[3] = 1;
    });
}

#[test]
fn rules_at_their_limits_are_allowed() {
    let mut world = World::new();
    let game = world
        .create_game(|id, now| {
            let mut params = rules::game(id, now);
            params.max_tickets = u32::MAX;
            params.max_tickets_per_entry = u32::MAX;
            params.entry_fee = u64::MAX / u64::from(u32::MAX);
            params.winners = 32;
            params.min_tickets = 32;
            params.rounds = 8;
            params.keep_bps = [10_000; 8];
            params.keep_bps[7] = 0;
            params.place_bps = [312; 32];
            params.place_bps[0] = 10_000 - 31 * 312;
            params
        })
        .unwrap();
    assert_eq!(world.game(&game).max_tickets, u32::MAX);
}

#[test]
fn game_ids_come_in_order_and_never_twice() {
    let mut world = World::new();
    assert_refused(
        {
            let now = world.now();
            let authority = world.authority.pubkey();
            let mut create = ix::create_game(authority, world.house, rules::game(1, now));
            // The address of the id that is next, with the id that is not.
            create.accounts[3].pubkey = address::game(&world.house, 0);
            world.crank(create)
        },
        LotteryError::GameIdNotNext,
    );
    assert_fails(
        {
            let now = world.now();
            let authority = world.authority.pubkey();
            let create = ix::create_game(authority, world.house, rules::game(1, now));
            world.crank(create)
        },
        &InstructionError::InvalidSeeds,
    );
    for id in 0..3 {
        let game = world.create_game(rules::game).unwrap();
        assert_eq!(world.game(&game).id, id);
    }
}

#[test]
fn a_lane_owns_its_randomness() {
    let mut world = World::new();
    let address = address::lane(&world.house, LANE);
    let lane = world.lane();
    assert_eq!(lane.randomness, address::randomness(&address));
    assert_eq!((lane.state, lane.next_draw), (Lane::IDLE, world.slot()));
    let data = world.account(&lane.randomness).data;
    let randomness = lottery::switchboard::parse_randomness(&data).unwrap();
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
