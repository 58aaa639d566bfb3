//! Jackpots: fed, rolled, awarded.

use lottery::{
    LotteryError,
    draw::{jackpot_hit, jackpot_ticket},
    events::{EVENT_VERSION, JackpotFunded},
    math::{bps_of, split},
    state::{Game, GameParams, HouseRules, Jackpot},
};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    events::{Event, event},
    rules,
    world::{SOL, World, assert_fails, assert_refused},
};
use solana_instruction::error::InstructionError;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// A game that four tickets sell out.
fn of_four(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.max_tickets = 4;
    params.max_tickets_per_entry = 4;
    params
}

/// A house in which every such game hits the tiers given.
fn hitting(tiers: &[usize]) -> World {
    World::with_house(|params| {
        let never = params.rules.jackpot_mean;
        rules::certain_hits(params, 4);
        for tier in (0..3).filter(|tier| !tiers.contains(tier)) {
            params.rules.jackpot_mean[tier] = never[tier];
        }
    })
}

/// A settled game of four players with one ticket each, by value.
fn settled_game(world: &mut World, value: u8) -> (Pubkey, Vec<Keypair>) {
    let sold = world.sell(of_four, &[1; 4]);
    world.play(&sold.game, value).unwrap();
    (sold.game, sold.players)
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
    // A contribution of the mean always hits.
    let mut world = hitting(&[0, 1, 2]);
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
        let claim = world.award_ix(&entry, tier);
        world.crank(claim.clone()).unwrap();
        assert_eq!(world.lamports(&winner), before + pot - reserve);
        assert_eq!(world.jackpot(tier).last_winner, winner);
        assert_refused(world.crank(claim), LotteryError::AlreadyPaid);
    }
}

#[test]
fn hits_follow_the_documented_roll() {
    // Each tier's chance is a half: 4 tickets contribute 400,000 lamports to minor.
    const MEANS: [u64; 3] = [800_000, 1_600_000, 2_400_000];
    let mut world = World::with_house(|params| params.rules.jackpot_mean = MEANS);
    let mut hits = 0;
    for value in 0..12 {
        let (game, _) = settled_game(&mut world, value);
        let settled = world.game(&game);
        for tier in 0..3u8 {
            let index = usize::from(tier);
            let expected = jackpot_hit(
                &settled.round_seeds[0],
                tier,
                MEANS[index],
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
    let mut world = hitting(&[0, 2]);
    let (game, players) = settled_game(&mut world, 1);
    let ticket = world.game(&game).jackpot_tickets[0] as usize;
    let loser = players[(ticket + 1) % 4].pubkey();
    let winner = players[ticket].pubkey();
    let entry = |player: &Pubkey| address::entry(&game, player, 0);
    let house = world.house;

    let other = world.award_ix(&entry(&loser), 0);
    assert_refused(world.crank(other), LotteryError::TicketNotInEntry);
    let missed = world.award_ix(&entry(&winner), 1);
    assert_refused(world.crank(missed), LotteryError::NoAward);
    // The tier is that of the jackpot given: another one's ticket is another.
    let mut mixed = world.award_ix(&entry(&winner), 0);
    let position = mixed
        .accounts
        .iter()
        .position(|meta| meta.pubkey == address::jackpot(&house, 0));
    mixed.accounts[position.unwrap()].pubkey = address::jackpot(&house, 1);
    assert_refused(world.crank(mixed), LotteryError::NoAward);
    let mut stolen = world.entry_keys(&entry(&winner));
    stolen.player = loser;
    assert_refused(
        world.crank(ix::claim_jackpot(loser, stolen, 0)),
        LotteryError::ForeignPlayer,
    );
}

#[test]
fn a_later_hit_keeps_its_own_winner() {
    let mut world = hitting(&[0]);
    let (first, players) = settled_game(&mut world, 1);
    let (second, _) = settled_game(&mut world, 2);
    let winner = players[world.game(&first).jackpot_tickets[0] as usize].pubkey();
    let entry = address::entry(&first, &winner, 0);
    world.crank(world.award_ix(&entry, 0)).unwrap();
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
    let claim = world.award_ix(&entry, 0);
    assert_refused(world.crank(claim), LotteryError::GameNotSettled);
}

#[test]
fn anybody_may_give_to_a_jackpot() {
    let mut world = hitting(&[1]);
    let giver = world.player();
    let before = world.lamports(&giver.pubkey());
    let give = ix::fund_jackpot(giver.pubkey(), world.house, 1, SOL, None);
    let meta = world.send(&[give], &giver, &[]).unwrap();
    assert_eq!(world.lamports(&giver.pubkey()), before - SOL - 5_000);
    let pot = world.jackpot(1);
    assert_eq!((pot.amount, pot.total_contributions), (SOL, SOL));
    assert_eq!((pot.revision, pot.last_modified_slot), (1, world.slot()));
    let address = address::jackpot(&world.house, 1);
    assert_eq!(world.lamports(&address), pot.rent_reserve + SOL);
    let told = Event::JackpotFunded(JackpotFunded {
        version: EVENT_VERSION,
        house: world.house,
        tier: 1,
        from: giver.pubkey(),
        amount: SOL,
        pot: SOL,
        total_contributions: SOL,
    });
    assert_eq!(event(&meta), told);

    let (game, _) = settled_game(&mut world, 1);
    let settled = world.game(&game);
    // The mean is what the game contributed, and the most that a hit pays.
    let award = settled.jackpot_mean[1];
    assert_eq!(settled.jackpot_awards[1], award);
    assert_eq!(
        world.jackpot(1).amount,
        SOL + settled.jackpot_contributions[1] - award
    );
    world.claim_award(&game, 1).unwrap();
}

/// Whoever makes the rules could otherwise empty a full pot by a game of their own,
/// which contributes next to nothing and hits for certain.
#[test]
fn a_hit_pays_at_most_the_mean_however_full_the_pot() {
    let mut world = World::new();
    let giver = world.player();
    for tier in 0..3 {
        let give = ix::fund_jackpot(giver.pubkey(), world.house, tier, SOL, None);
        world.send(&[give], &giver, &[]).unwrap();
    }
    let rules = HouseRules {
        prize_bps: 9_997,
        jackpot_bps: [1; 3],
        treasury_bps: 0,
        reserve_bps: [0; 3],
        jackpot_mean: [1; 3],
        ..rules::house(world.treasury_wallet.pubkey(), world.queue).rules
    };
    let update = ix::update_house(world.authority.pubkey(), world.house, rules);
    world.crank(update).unwrap();
    let sold = world.sell(
        |id, now| {
            let mut params = of_four(id, now);
            params.entry_fee = 2_500;
            params
        },
        &[1; 4],
    );
    world.play(&sold.game, 1).unwrap();
    let settled = world.game(&sold.game);
    for tier in 0..3 {
        assert_eq!(settled.jackpot_contributions[tier], 1);
        assert_eq!(settled.jackpot_awards[tier], 1);
        assert_eq!(world.jackpot(tier as u8).amount, SOL);
    }
}

#[test]
fn a_gift_of_nothing_or_of_more_than_there_is_is_refused() {
    let mut world = World::new();
    let giver = world.player();
    let house = world.house;
    let mut give = |amount| {
        let give = ix::fund_jackpot(giver.pubkey(), house, 0, amount, None);
        world.send(&[give], &giver, &[])
    };
    assert_refused(give(0), LotteryError::AmountZero);
    // System: insufficient lamports.
    assert_fails(give(101 * SOL), &InstructionError::Custom(1));
    assert_fails(give(u64::MAX), &InstructionError::Custom(1));
    assert_eq!(world.jackpot(0).amount, 0);
}

#[test]
fn a_gift_that_leaves_64_bits_is_refused() {
    let mut world = World::new();
    let jackpot = address::jackpot(&world.house, 0);
    let amount = 8 + std::mem::offset_of!(Jackpot, amount);
    world.corrupt(&jackpot, |account| {
        account.data[amount..amount + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    });
    let give = ix::fund_jackpot(world.authority.pubkey(), world.house, 0, 1, None);
    assert_refused(world.crank(give), LotteryError::Overflow);
}

#[test]
fn a_tier_that_no_house_has_is_refused() {
    let mut world = hitting(&[0]);
    let (game, _) = settled_game(&mut world, 1);
    let jackpot = address::jackpot(&world.house, 0);
    let tier = 8 + std::mem::offset_of!(Jackpot, tier);
    world.corrupt(&jackpot, |account| account.data[tier] = 3);
    assert_refused(world.claim_award(&game, 0), LotteryError::UnknownTier);
}
