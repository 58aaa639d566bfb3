//! Houses and the rules of games.

use lottery::{
    LotteryError,
    state::{GameParams, HouseParams},
};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{Refusal, World, assert_fails, assert_refused},
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
        .crank(ix::create_house(authority, 7, params, None))
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
        house_with(|p| p.rules.prize_bps -= 1),
        LotteryError::SplitNotWhole,
    );
    assert_refused(
        house_with(|p| p.rules.treasury_bps += 1),
        LotteryError::SplitNotWhole,
    );
    assert_refused(
        house_with(|p| {
            // Sums to 10,000 in 16 bits only.
            p.rules.prize_bps = u16::MAX;
            p.rules.jackpot_bps = [10_001, 0, 0];
            p.rules.treasury_bps = 0;
        }),
        LotteryError::SplitNotWhole,
    );
    assert_refused(
        house_with(|p| p.rules.reserve_bps[1] = 10_000),
        LotteryError::ReserveNotBelowWhole,
    );
    assert_refused(
        house_with(|p| p.rules.jackpot_mean[2] = 0),
        LotteryError::JackpotMeanZero,
    );
    assert_refused(
        house_with(|p| p.rules.treasury_wallet = Pubkey::default()),
        LotteryError::AddressMissing,
    );
    assert_refused(
        house_with(|p| p.vrf_queue = Pubkey::default()),
        LotteryError::AddressMissing,
    );
    assert!(house_with(|p| p.rules.bounty = 1_000_000).is_ok());
    assert_refused(
        house_with(|p| p.rules.bounty = 1_000_001),
        LotteryError::BountyTooHigh,
    );
    for (window, allowed) in [
        (3_599, false),
        (3_600, true),
        (31_536_000, true),
        (31_536_001, false),
    ] {
        let created = house_with(|p| p.rules.claim_window = window);
        assert_checked(created, allowed, LotteryError::ClaimWindow);
    }
    for (timeout, allowed) in [(99, false), (100, true), (216_000, true), (216_001, false)] {
        let created = house_with(|p| p.draw_timeout = timeout);
        assert_checked(created, allowed, LotteryError::DrawTimeout);
    }
}

#[track_caller]
fn assert_checked(result: Result<(), Refusal>, allowed: bool, otherwise: LotteryError) {
    if allowed {
        result.unwrap();
    } else {
        assert_refused(result, otherwise);
    }
}

#[test]
fn a_house_is_created_once() {
    let mut world = World::new();
    let params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    let authority = world.authority.pubkey();
    assert!(
        world
            .crank(ix::create_house(authority, 0, params, None))
            .is_err()
    );
    assert_eq!(world.treasury().games_created, 0);
}

#[test]
fn games_are_the_authoritys_unless_the_house_is_open() {
    for open in [false, true] {
        let mut world = World::with_house(|params| params.rules.open_creation = open);
        let stranger = world.player();
        let params = rules::game(0, world.now());
        let create = ix::create_game(stranger.pubkey(), world.house, params, None);
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
            let mut create = ix::create_game(authority, world.house, rules::game(1, now), None);
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
            let create = ix::create_game(authority, world.house, rules::game(1, now), None);
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
fn a_sold_out_game_contributes_at_most_the_mean_to_each_jackpot() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 100));
    let mut with = |tickets| {
        world.create_game(|id, now| {
            let mut params = rules::game(id, now);
            params.max_tickets = tickets;
            params
        })
    };
    assert_refused(with(101), LotteryError::ContributionAboveMean);
    assert!(with(100).is_ok());
    for tier in 0..3 {
        let mut world = World::with_house(|params| {
            rules::certain_hits(params, 1_000);
            params.rules.jackpot_mean[tier] -= 1;
        });
        assert_refused(
            world.create_game(rules::game),
            LotteryError::ContributionAboveMean,
        );
    }
}
