//! Instruction data that is too short, too long, or something else.

use std::collections::BTreeSet;

use anchor_lang::event::EVENT_IX_TAG_LE;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};

use super::{
    attack::Attack,
    stage::{Case, instructions},
};

/// Random bodies per call.
const RANDOM: usize = 48;

/// All variations of a call's data.
pub fn data(case: &Case, attacks: &mut Vec<Attack>) {
    let honest = &case.call.data;
    let mut add = |kind: &'static str, data: Vec<u8>| {
        if data != *honest {
            let mut call = case.call.clone();
            call.data = data;
            attacks.push(Attack::new("data", kind, call));
        }
    };
    for length in 0..honest.len() {
        add("cut off", honest[..length].to_vec());
    }
    for more in [1, 2, 8, 100] {
        add("longer", [honest.as_slice(), &vec![0; more]].concat());
    }
    for at in 0..honest.len() {
        let kind = match at {
            0..8 => "discriminator",
            8..12 if case.instruction == "player_batch" => "the count changed",
            _ => "a byte changed",
        };
        let byte = honest[at];
        // Other tickets, other amounts; in a batch, every position there is.
        let positions = 0..if case.instruction == "player_batch" {
            16
        } else {
            2
        };
        let near = (1..8).flat_map(|by: u8| [byte.wrapping_add(by), byte.wrapping_sub(by)]);
        let far = [byte ^ 0x80, byte ^ 0xff, u8::MAX];
        let changed: BTreeSet<_> = near.chain(positions).chain(far).collect();
        for changed in changed {
            let mut data = honest.clone();
            data[at] = changed;
            add(kind, data);
        }
    }
    for (name, tag) in instructions() {
        if name != case.instruction {
            let body = honest.get(8..).unwrap_or_default();
            add("another instruction", [tag.as_slice(), body].concat());
            add("another instruction", tag);
        }
    }
    add("an event", EVENT_IX_TAG_LE.to_vec());
    add("an event", [EVENT_IX_TAG_LE, &[0; 100]].concat());
    let mut random = ChaCha8Rng::from_seed([3; 32]);
    for _ in 0..RANDOM {
        let mut data = honest.clone();
        random.fill_bytes(&mut data[8..]);
        add("random", data.clone());
        random.fill_bytes(&mut data);
        add("random", data);
    }
}
