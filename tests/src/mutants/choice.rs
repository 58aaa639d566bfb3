//! In which order mutants are tried, for those who have no time for all.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};

use super::{Kind, Mutant, SOURCES};

/// Where a mutant could cost somebody money.
const MONEY: [&str; 4] = ["instructions/", "money/", "state/", "switchboard.rs"];

/// Where rules are made: a creator's own, and checked in one place.
const CREATION: [&str; 4] = ["house_create", "game_create", "lane_open", "game_params"];

/// How late a mutant's turn is: checks that guard money, then all else about money,
/// then the rest.
fn rank(mutant: &Mutant) -> u8 {
    let file = mutant.path.strip_prefix(SOURCES).unwrap_or_default();
    let file = file.trim_start_matches('/');
    let guards = MONEY.iter().any(|part| file.starts_with(part))
        && !CREATION.iter().any(|part| file.contains(part));
    match mutant.kind {
        _ if !guards => 2,
        Kind::Equality | Kind::Change => 1,
        Kind::Mut => 2,
        _ => 0,
    }
}

/// Shuffles the mutants of each rank, and ranks them.
pub fn order(mutants: Vec<Mutant>, seed: u64) -> Vec<Mutant> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let mut keyed: Vec<_> = mutants
        .into_iter()
        .map(|mutant| ((rank(&mutant), random.next_u64()), mutant))
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, mutant)| mutant).collect()
}
