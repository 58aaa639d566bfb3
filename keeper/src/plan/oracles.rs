//! Which oracle is asked: by how it has answered so far, and by where the draw's
//! number falls. No floats and no chance: the same chain and the same past give the
//! same oracle.

use std::collections::BTreeSet;

use lottery_client::lottery::{draw::round_seed, state::Draw};
use solana_pubkey::Pubkey;

use crate::state::{ChainState, Oracle};

/// Slots after its seed's from which a draw counts against its oracle though nobody has
/// given up yet: values come within a few.
const LATE: u64 = 25;

/// Oracles that owe a value for longer than usual. Without this a mute one would be
/// asked for several draws before its first failure is known.
pub(super) fn late(state: &ChainState) -> BTreeSet<Pubkey> {
    let draws = state.draws.values().filter(|draw| {
        draw.state == Draw::PENDING && state.slot > draw.seed_slot.saturating_add(LATE)
    });
    draws.map(|draw| draw.oracle).collect()
}

/// Where a draw falls among the weights: evenly spread over all of `u64`, whatever the
/// ids of a lane's draws have in common.
pub(super) fn point(lane: &Pubkey, draw_id: u64) -> u64 {
    let mut id = [0; 32];
    for (to, from) in id.iter_mut().zip(draw_id.to_le_bytes()) {
        *to = from;
    }
    // A hash like any other, and one that is at hand.
    let [a, b, c, d, e, f, g, h, ..] = round_seed(&id, lane, 0);
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// The oracle at this point, of those that can be asked: each has a share as large as
/// its weight, but those that have just failed repeatedly, or are late, have none while
/// there is another. `None` only when there is none at all.
pub(super) fn choose<'a>(
    state: &ChainState,
    late: &BTreeSet<Pubkey>,
    oracles: &[&'a Oracle],
    point: u64,
) -> Option<&'a Oracle> {
    let now = state.now;
    let weighted = oracles.iter().map(|oracle| {
        let record = state.records.get(&oracle.address);
        let record = record.copied().unwrap_or_default();
        let rests = record.rests(now) || late.contains(&oracle.address);
        (*oracle, record.weight(now), rests)
    });
    let weighted: Vec<(&Oracle, u64, bool)> = weighted.collect();
    let all_rest = weighted.iter().all(|(_, _, rests)| *rests);
    let candidates = || {
        let candidates = weighted.iter().filter(|(_, _, rests)| all_rest || !rests);
        candidates.map(|(oracle, weight, _)| (*oracle, u128::from(*weight)))
    };
    let total = candidates().fold(0u128, |sum, (_, weight)| sum.saturating_add(weight));
    // Below the total, and evenly so.
    let mut at = u128::from(point).saturating_mul(total) >> u64::BITS;
    for (oracle, weight) in candidates() {
        if at < weight {
            return Some(oracle);
        }
        at -= weight;
    }
    None
}
