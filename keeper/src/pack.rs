//! How much goes into one transaction, and which part of it is to blame when it
//! fails.

use std::{iter::Peekable, sync::LazyLock};

use lottery_client::{
    instruction::{self, LaneKeys},
    sender::{MAX_TRANSACTION_BYTES, packed_size},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use crate::actions::{Action, Push};

/// Compute units that the members of a packed transaction may need together:
/// the cluster's 1,400,000 less a margin for what is rounded off in estimates.
pub const PUSH_COMPUTE_UNITS: u32 = 1_250_000;

/// What settling one game may cost (compute units): the last round of a game
/// that feeds and hits all three jackpots, rounded up.
const SETTLE_COMPUTE_UNITS: usize = 40_000;

/// Most games that any transaction could name: each takes 33 bytes.
const GAMES_BOUND: usize = MAX_TRANSACTION_BYTES / 33;

/// How many games one transaction holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// In a draw request.
    pub request: usize,
    /// In a settlement.
    pub settlement: usize,
}

impl Capacity {
    /// What fits; found by building transactions of distinct addresses.
    pub fn of_transactions() -> Self {
        static CAPACITY: LazyLock<Capacity> = LazyLock::new(Capacity::measure);
        *CAPACITY
    }

    fn measure() -> Self {
        let payer = Pubkey::new_unique();
        let keys = LaneKeys {
            house: Pubkey::new_unique(),
            queue: Pubkey::new_unique(),
            index: 0,
        };
        let (oracle, draw, draw_payer) = (
            Pubkey::new_unique(),
            Pubkey::new_unique(),
            Pubkey::new_unique(),
        );
        let request = most_games(&payer, |games| {
            instruction::request_draw(payer, keys, 1, oracle, games)
        });
        let settlement = most_games(&payer, |games| {
            instruction::settle_draw(keys.house, draw, draw_payer, games)
        });
        let by_compute = usize::try_from(PUSH_COMPUTE_UNITS).unwrap_or(0) / SETTLE_COMPUTE_UNITS;
        Self {
            request,
            settlement: settlement.min(by_compute),
        }
    }
}

fn most_games(payer: &Pubkey, build: impl Fn(&[Pubkey]) -> Instruction) -> usize {
    let games: Vec<Pubkey> = (0..GAMES_BOUND).map(|_| Pubkey::new_unique()).collect();
    (1..=GAMES_BOUND)
        .take_while(|count| {
            let games = games.get(..*count).unwrap_or_default();
            packed_size(&[build(games)], payer) <= MAX_TRANSACTION_BYTES
        })
        .last()
        .unwrap_or(1)
}

/// Takes actions that are pushed together off the front, as many as fit one
/// transaction by size and compute; at least one. Ends before one that goes
/// alone.
pub fn next_batch<I: Iterator<Item = Action>>(
    actions: &mut Peekable<I>,
    payer: &Pubkey,
) -> Vec<Action> {
    let mut batch = Vec::new();
    let mut instructions = Vec::new();
    let mut compute_units = 0u32;
    while let Some(Push {
        instruction,
        compute_units: more,
    }) = actions.peek().and_then(Action::push)
    {
        compute_units = compute_units.saturating_add(more);
        instructions.push(instruction);
        let full = compute_units > PUSH_COMPUTE_UNITS
            || packed_size(&instructions, payer) > MAX_TRANSACTION_BYTES;
        if full && !batch.is_empty() {
            break;
        }
        batch.extend(actions.next());
    }
    batch
}

/// A packed transaction being taken apart: halves of what failed are tried
/// again until each failing member stands alone.
#[derive(Debug)]
pub struct Bisection<T> {
    pending: Vec<Vec<T>>,
}

impl<T> Bisection<T> {
    pub fn new(members: Vec<T>) -> Self {
        Self {
            pending: vec![members],
        }
    }

    /// What to try next.
    pub fn next_try(&mut self) -> Option<Vec<T>> {
        self.pending.pop().filter(|members| !members.is_empty())
    }

    /// Gives back what failed together; a single member comes back as it is:
    /// it is the one to blame.
    pub fn split(&mut self, mut failed: Vec<T>) -> Option<T> {
        if failed.len() <= 1 {
            return failed.pop();
        }
        let second = failed.split_off(failed.len() / 2);
        // The first half is tried first.
        self.pending.push(second);
        self.pending.push(failed);
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::actions::{Claim, GameRef, Refund};

    #[test]
    fn a_draw_serves_about_twenty_games() {
        let capacity = Capacity::of_transactions();
        assert!((18..=24).contains(&capacity.request), "{capacity:?}");
        assert!(capacity.settlement >= capacity.request, "{capacity:?}");
    }

    fn claim(game: Pubkey, place: u8, rounds: u8) -> Action {
        Action::Claim(Claim {
            game: GameRef {
                id: 1,
                address: game,
            },
            entry: Pubkey::new_unique(),
            player: Pubkey::new_unique(),
            ticket: place.into(),
            place,
            rounds,
        })
    }

    fn refund(game: Pubkey) -> Action {
        Action::Refund(Refund {
            game: GameRef {
                id: 1,
                address: game,
            },
            entry: Pubkey::new_unique(),
            player: Pubkey::new_unique(),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn batches_fit_and_lose_nothing(kinds in prop::collection::vec((any::<bool>(), 1u8..=8), 0..60)) {
            let game = Pubkey::new_unique();
            let actions: Vec<Action> = kinds
                .iter()
                .map(|(is_claim, rounds)| if *is_claim { claim(game, 0, *rounds) } else { refund(game) })
                .collect();
            let payer = Pubkey::new_unique();
            let mut left = actions.clone().into_iter().peekable();
            let mut packed = Vec::new();
            while left.peek().is_some() {
                let batch = next_batch(&mut left, &payer);
                prop_assert!(!batch.is_empty());
                let pushes: Vec<Push> = batch.iter().filter_map(Action::push).collect();
                let compute: u32 = pushes.iter().map(|push| push.compute_units).sum();
                let instructions: Vec<_> = pushes.into_iter().map(|push| push.instruction).collect();
                prop_assert!(compute <= PUSH_COMPUTE_UNITS);
                prop_assert!(packed_size(&instructions, &payer) <= MAX_TRANSACTION_BYTES);
                packed.extend(batch);
            }
            prop_assert_eq!(packed, actions);
        }

        #[test]
        fn bisection_blames_exactly_the_failing_members(bad in prop::collection::vec(any::<bool>(), 1..40)) {
            let mut bisection = Bisection::new((0..bad.len()).collect::<Vec<_>>());
            let (mut passed, mut blamed) = (Vec::new(), Vec::new());
            while let Some(members) = bisection.next_try() {
                if members.iter().any(|member| bad[*member]) {
                    blamed.extend(bisection.split(members));
                } else {
                    passed.extend(members);
                }
            }
            prop_assert!(blamed.iter().all(|member| bad[*member]));
            prop_assert!(passed.iter().all(|member| !bad[*member]));
            prop_assert_eq!(passed.len() + blamed.len(), bad.len());
        }
    }
}
