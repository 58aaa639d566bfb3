//! The draw against others' work: Ethereum's specification, brute force, exact
//! 128-bit arithmetic.

use lottery::{
    draw::{
        Fate, Rules, fate, first_entries_hash, jackpot_hit, jackpot_ticket, next_entries_hash,
        round_seed, round_size, shuffled_index, unshuffled_index, winning_ticket,
    },
    math::{bps_of, ceil_bps_of, checked_mul, place_prize, split},
    state::Jackpot,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use solana_pubkey::Pubkey;

#[test]
fn shuffle_equals_the_consensus_specifications() {
    let text = include_str!("../../vectors/shuffle.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 14);
    for vector in vectors {
        let mut seed = [0; 32];
        hex::decode_to_slice(vector["seed"].as_str().unwrap(), &mut seed).unwrap();
        let number = |value: &serde_json::Value| u32::try_from(value.as_u64().unwrap()).unwrap();
        let count = number(&vector["count"]);
        let mapping = vector["mapping"].as_array().unwrap();
        let indices: Vec<u32> = match vector["indices"].as_array() {
            Some(indices) => indices.iter().map(number).collect(),
            None => (0..count).collect(),
        };
        assert_eq!(indices.len(), mapping.len());
        for (index, expected) in indices.iter().zip(mapping) {
            assert_eq!(
                shuffled_index(&seed, count, *index),
                number(expected),
                "index {index} of {count}"
            );
        }
    }
}

#[test]
fn seeds_and_hashes_are_the_documented_ones() {
    let game = Pubkey::new_from_array([5; 32]);
    let player = Pubkey::new_from_array([6; 32]);
    let seed: [u8; 32] = Sha256::new()
        .chain_update(b"draw")
        .chain_update([7; 32])
        .chain_update(game)
        .chain_update([3])
        .finalize()
        .into();
    assert_eq!(round_seed(&[7; 32], &game, 3), seed);

    assert_eq!(first_entries_hash(&game), game.to_bytes());
    let hash: [u8; 32] = Sha256::new()
        .chain_update([1; 32])
        .chain_update(player)
        .chain_update(9u16.to_le_bytes())
        .chain_update(70_000u32.to_le_bytes())
        .chain_update(3u32.to_le_bytes())
        .finalize()
        .into();
    assert_eq!(next_entries_hash(&[1; 32], &player, 9, 70_000, 3), hash);
}

/// The documented roll, written down a second time.
fn roll(tag: &[u8], seed: &[u8; 32], tier: u8, bound: u64) -> u64 {
    let mut hash: [u8; 32] = Sha256::new()
        .chain_update(tag)
        .chain_update(seed)
        .chain_update([tier])
        .finalize()
        .into();
    let accepted = (1u128 << 64) / u128::from(bound) * u128::from(bound);
    loop {
        for word in hash.chunks(8) {
            let word = u64::from_le_bytes(word.try_into().unwrap());
            if u128::from(word) < accepted {
                return word % bound;
            }
        }
        hash = Sha256::digest(hash).into();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shuffle_is_a_bijection(seed: [u8; 32], count in 1u32..300) {
        let mut seen = vec![false; count as usize];
        for index in 0..count {
            let to = shuffled_index(&seed, count, index);
            prop_assert!(to < count);
            prop_assert!(!std::mem::replace(&mut seen[to as usize], true));
            prop_assert_eq!(unshuffled_index(&seed, count, to), index);
        }
    }

    #[test]
    fn every_round_leaves_its_number_of_tickets_and_every_place_one_winner(
        seeds: [[u8; 32]; 4],
        tickets in 3u32..200,
        keep in prop::array::uniform3(1u16..=10_000),
        winners in 1u8..=3,
    ) {
        let mut keep_bps = [0; 8];
        keep_bps[..3].copy_from_slice(&keep);
        let rules = Rules { tickets, rounds: 4, winners, keep_bps: &keep_bps };
        let mut n = tickets;
        for round in 0..4u8 {
            n = round_size(n, round, 4, winners, &keep_bps);
            let done = &seeds[..=usize::from(round)];
            let alive = (0..tickets)
                .filter(|ticket| matches!(fate(&rules, done, *ticket), Fate::Alive(_)))
                .count();
            prop_assert_eq!(alive, n as usize);
        }
        prop_assert_eq!(n, u32::from(winners));
        let mut places: Vec<u32> = (0..tickets)
            .filter_map(|ticket| match fate(&rules, &seeds, ticket) {
                Fate::Alive(place) => Some(place),
                Fate::Eliminated(_) => None,
            })
            .collect();
        for ticket in 0..tickets {
            if let Fate::Alive(place) = fate(&rules, &seeds, ticket) {
                prop_assert_eq!(winning_ticket(&rules, &seeds, place), ticket);
            }
        }
        places.sort_unstable();
        prop_assert_eq!(places, (0..u32::from(winners)).collect::<Vec<_>>());
    }

    #[test]
    fn shares_are_exact(amount: u64, bps in 0u16..=10_000, n: u32) {
        let exact = u128::from(amount) * u128::from(bps) / 10_000;
        prop_assert_eq!(u128::from(bps_of(amount, bps)), exact);
        let exact = (u128::from(n) * u128::from(bps)).div_ceil(10_000);
        prop_assert_eq!(u128::from(ceil_bps_of(n, bps)), exact);
    }

    #[test]
    fn products_are_exact_or_refused(a: u64, b: u64, shift in 0u32..64) {
        prop_assert_eq!(checked_mul(a, b), a.checked_mul(b));
        prop_assert_eq!(checked_mul(a >> shift, b), (a >> shift).checked_mul(b));
        prop_assert_eq!(checked_mul(a, b >> shift), a.checked_mul(b >> shift));
    }

    #[test]
    fn nothing_of_the_takings_is_lost(gross: u64, jackpots in prop::array::uniform3(0u16..=3_000), treasury in 0u16..=1_000) {
        let parts = split(gross, &jackpots, treasury);
        let sum = u128::from(parts.prize_pool)
            + parts.jackpots.iter().map(|share| u128::from(*share)).sum::<u128>()
            + u128::from(parts.treasury);
        prop_assert_eq!(sum, u128::from(gross));
    }

    #[test]
    fn prizes_of_all_places_sum_to_the_pool(pool: u64, cuts in prop::collection::vec(1u16..300, 1..32)) {
        let mut place_bps = cuts.clone();
        place_bps.insert(0, 10_000 - cuts.iter().sum::<u16>());
        let sum: u128 = (0..place_bps.len())
            .map(|place| u128::from(place_prize(pool, &place_bps, place)))
            .sum();
        prop_assert_eq!(sum, u128::from(pool));
    }

    /// A hit of `contribution / mean` is worth at most the contribution.
    #[test]
    fn an_award_is_at_most_the_mean_and_leaves_the_reserve(amount: u64, mean in 1u64.., bps in 0u16..10_000) {
        let pot = Jackpot { amount, ..bytemuck::Zeroable::zeroed() };
        let award = pot.award(mean, bps);
        let above = u128::from(amount) - u128::from(amount) * u128::from(bps) / 10_000;
        prop_assert_eq!(u128::from(award), above.min(mean.into()));
    }

    #[test]
    fn jackpots_roll_as_documented(seed: [u8; 32], tier in 0u8..3, mean in 1u64.., contribution: u64, tickets in 1u32..) {
        prop_assert_eq!(
            jackpot_hit(&seed, tier, mean, contribution),
            roll(b"jackpot", &seed, tier, mean) < contribution
        );
        prop_assert_eq!(
            u64::from(jackpot_ticket(&seed, tier, tickets)),
            roll(b"jackpot winner", &seed, tier, u64::from(tickets))
        );
    }
}
