//! How much goes into one transaction.

use std::{collections::BTreeSet, iter::Peekable, sync::LazyLock};

use lottery_client::{
    address,
    instruction::{self, Batch, BatchError, DrawKeys, LaneKeys, Revelation, Token},
    sender::Format,
    token::create_associated,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use crate::actions::{Action, Push};

/// Compute units that the members of a packed transaction may need together:
/// the cluster's 1,400,000 less a margin for what is rounded off in estimates.
pub const PUSH_COMPUTE_UNITS: u32 = 1_250_000;

/// Instructions that one transaction may come to, those that its programs call
/// included (agave, `MAX_INSTRUCTION_TRACE_LENGTH`).
const MOST_INSTRUCTIONS: usize = 64;

/// Those among them that no member is the cause of: the limits and the price of
/// computing, what is sent itself, its own event, and one to spare.
const OWN_INSTRUCTIONS: usize = 6;

/// What bringing a value on chain may call: Switchboard, which may call others for its
/// fee, and its event.
const REVEAL_INSTRUCTIONS: usize = 8;

/// What it may cost (compute units): a signature is recovered.
const REVEAL_COMPUTE_UNITS: usize = 150_000;

/// What settling one game may call: the event of its settlement.
const SETTLE_INSTRUCTIONS: usize = 1;

/// The same in a house that plays for a token: also its shares for the treasury and three
/// jackpots, and three awards.
const SETTLE_TOKEN_INSTRUCTIONS: usize = 8;

/// What releasing one game may call: the event of its cancellation.
const RELEASE_INSTRUCTIONS: usize = 1;

/// What a payment, or a close, may call: the event of its game's payments.
const PUSH_INSTRUCTIONS: usize = 1;

/// What paying a token calls on top.
const PAY_TOKEN_INSTRUCTIONS: usize = 1;

/// What creating a token account is, and calls, where somebody sent lamports to its
/// address before: its size, the account in three steps instead of one, its owner
/// fixed, and its contents.
const CREATE_ACCOUNT_INSTRUCTIONS: usize = 7;

/// What settling one game may cost (compute units): the last round of a game
/// that feeds and hits all three jackpots, which is 4,000, and half as much again.
const SETTLE_COMPUTE_UNITS: usize = 6_000;

/// The same in a house that plays for a token: up to seven transfers more, which make it
/// 25,000 in all with Token-2022, and twice that with the first SPL Token program.
const SETTLE_TOKEN_COMPUTE_UNITS: usize = 150_000;

/// What paying a token costs on top (compute units): a transfer, and the search for
/// the player's associated token account.
const PAY_TOKEN_COMPUTE_UNITS: u32 = 20_000;

/// What creating a token account costs (compute units), its search for a bump included.
const CREATE_ACCOUNT_COMPUTE_UNITS: u32 = 35_000;

/// Bytes of a transaction that each game takes: its address, and its position twice.
const GAME_BYTES: usize = 33;

/// How many games one transaction holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// In a draw request.
    pub request: usize,
    /// In the release of an aborted draw.
    pub release: usize,
    /// In a settlement.
    pub settlement: usize,
    /// In a settlement of a house that plays for a token.
    pub token_settlement: usize,
    /// Beside the value that they settle with, in the transaction that brings it.
    pub reveal: usize,
    /// The same of a house that plays for a token.
    pub token_reveal: usize,
}

impl Capacity {
    /// What fits into the plainest transactions.
    pub fn of_transactions() -> Self {
        static CAPACITY: LazyLock<Capacity> = LazyLock::new(|| Capacity::of(&Format::Legacy));
        *CAPACITY
    }

    /// What fits; found by building transactions of distinct addresses.
    pub fn of(format: &Format) -> Self {
        let payer = Pubkey::new_unique();
        let keys = LaneKeys {
            house: Pubkey::new_unique(),
            queue: Pubkey::new_unique(),
            index: 0,
        };
        // A value and its settlement share what they can.
        let lane = address::lane(&keys.house, keys.index);
        let draw = DrawKeys {
            house: keys.house,
            lane,
            draw: address::draw(&lane, 1),
            payer: Pubkey::new_unique(),
        };
        let token = Token {
            mint: Pubkey::new_unique(),
            program: Pubkey::new_unique(),
        };
        let oracle = Pubkey::new_unique();
        let revelation = Revelation {
            signature: [0; 64],
            recovery_id: 0,
            value: [0; 32],
        };
        let reveal = instruction::reveal_draw(payer, keys, 1, oracle, &revelation);
        let by_instructions = |each: usize| (MOST_INSTRUCTIONS - OWN_INSTRUCTIONS) / each;
        let settlement = |before: Option<&Instruction>, token: Option<Token>| {
            let by_size = most_games(format, &payer, |games| {
                let settle = instruction::settle_draw(payer, draw, games, token);
                before.cloned().into_iter().chain([settle]).collect()
            });
            let (compute, calls) = match token {
                None => (SETTLE_COMPUTE_UNITS, SETTLE_INSTRUCTIONS),
                Some(_) => (SETTLE_TOKEN_COMPUTE_UNITS, SETTLE_TOKEN_INSTRUCTIONS),
            };
            let (spent, called) = match before {
                None => (0, 0),
                Some(_) => (REVEAL_COMPUTE_UNITS, REVEAL_INSTRUCTIONS),
            };
            let most_compute = usize::try_from(PUSH_COMPUTE_UNITS).unwrap_or(0);
            let by_compute = (most_compute - spent) / compute;
            let by_calls = (MOST_INSTRUCTIONS - OWN_INSTRUCTIONS - called) / calls;
            by_size.min(by_compute).min(by_calls)
        };
        let release = most_games(format, &payer, |games| {
            vec![instruction::abort_draw(payer, draw, games)]
        });
        let request = most_games(format, &payer, |games| {
            vec![instruction::request_draw(payer, keys, 1, oracle, games)]
        });
        Self {
            request: request.max(1),
            release: release.min(by_instructions(RELEASE_INSTRUCTIONS)).max(1),
            settlement: settlement(None, None).max(1),
            token_settlement: settlement(None, Some(token)).max(1),
            reveal: settlement(Some(&reveal), None),
            token_reveal: settlement(Some(&reveal), Some(token)),
        }
    }
}

/// The most games with which a transaction still fits; 0 where it does not without any.
fn most_games(
    format: &Format,
    payer: &Pubkey,
    build: impl Fn(&[Pubkey]) -> Vec<Instruction>,
) -> usize {
    let bound = format.max_bytes() / GAME_BYTES;
    let games: Vec<Pubkey> = (0..bound).map(|_| Pubkey::new_unique()).collect();
    (1..=bound)
        .take_while(|count| {
            let games = games.get(..*count).unwrap_or_default();
            format.fits(&build(games), payer)
        })
        .last()
        .unwrap_or(0)
}

/// The instructions that do these operations at once, leaving out those that are
/// refused. Token accounts for which `is_missing` holds are created first.
pub fn instructions(
    pushes: &[Push],
    payer: &Pubkey,
    is_missing: impl Fn(&Pubkey) -> bool,
) -> Result<Vec<Instruction>, BatchError> {
    let mut batch = Batch::new(*payer);
    let mut created = BTreeSet::new();
    let mut instructions = Vec::new();
    for push in pushes {
        push.add_to(&mut batch)?;
        if let Some((token, account)) = push.token_account()
            && is_missing(&account)
            && created.insert(account)
        {
            instructions.push(create_associated(*payer, push.keys.player, token));
        }
    }
    instructions.push(batch.build(false));
    Ok(instructions)
}

impl Push {
    /// The token account that it pays to, of a house that plays for a token.
    pub fn token_account(&self) -> Option<(Token, Pubkey)> {
        let token = self.keys.token?;
        Some((token, token.associated(&self.keys.player)))
    }

    /// The most it may cost (compute units), the creation of a token account included.
    pub fn most_compute_units(&self) -> u32 {
        match self.keys.token {
            None => self.compute_units,
            Some(_) => self.compute_units + PAY_TOKEN_COMPUTE_UNITS + CREATE_ACCOUNT_COMPUTE_UNITS,
        }
    }

    /// The most instructions that it may come to, the creation of a token account included.
    fn most_instructions(&self) -> usize {
        match self.keys.token {
            None => PUSH_INSTRUCTIONS,
            Some(_) => PUSH_INSTRUCTIONS + PAY_TOKEN_INSTRUCTIONS + CREATE_ACCOUNT_INSTRUCTIONS,
        }
    }
}

/// Takes actions that are done together off the front, as many as fit one
/// transaction by size, compute and instructions even if a token account must be created
/// for each; at least one. Ends before one that is done alone.
pub fn next_batch<I: Iterator<Item = Action>>(
    actions: &mut Peekable<I>,
    payer: &Pubkey,
    format: &Format,
) -> Vec<Action> {
    let mut batch = Vec::new();
    let mut pushes = Vec::new();
    let mut compute_units = 0u32;
    let mut calls = OWN_INSTRUCTIONS;
    while let Some(push) = actions.peek().and_then(Action::push) {
        compute_units = compute_units.saturating_add(push.most_compute_units());
        calls += push.most_instructions();
        pushes.push(push);
        let fits = compute_units <= PUSH_COMPUTE_UNITS
            && calls <= MOST_INSTRUCTIONS
            && instructions(&pushes, payer, |_| true).is_ok_and(|built| format.fits(&built, payer));
        if !fits && !batch.is_empty() {
            break;
        }
        batch.extend(actions.next());
    }
    batch
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::actions::{Claim, CloseEntry, GameRef, Refund};

    #[test]
    fn a_draw_serves_about_twenty_games() {
        let capacity = Capacity::of_transactions();
        assert!((18..=24).contains(&capacity.request), "{capacity:?}");
        assert!(capacity.release >= capacity.request, "{capacity:?}");
        assert!((14..=24).contains(&capacity.settlement), "{capacity:?}");
        assert!((3..=8).contains(&capacity.token_settlement), "{capacity:?}");
        assert!((5..=10).contains(&capacity.reveal), "{capacity:?}");
        assert!(capacity.token_reveal <= 6, "{capacity:?}");
    }

    #[test]
    fn larger_transactions_hold_more() {
        let (legacy, v1) = (Capacity::of_transactions(), Capacity::of(&Format::V1));
        assert!(v1.request > 2 * legacy.request, "{v1:?}");
        assert!(v1.settlement >= legacy.settlement, "{v1:?}");
        assert!(v1.reveal > 4 * legacy.reveal, "{v1:?}");
    }

    /// One of each sort of operation, of native and token houses.
    fn push(kind: u8, game: Pubkey, rounds: u8) -> Action {
        let reference = GameRef {
            id: 1,
            address: game,
        };
        let (entry, player) = (Pubkey::new_unique(), Pubkey::new_unique());
        let token = (kind >= 3).then_some(Token {
            mint: Pubkey::new_from_array([kind; 32]),
            program: Pubkey::new_from_array([1; 32]),
        });
        match kind {
            0 | 3 => Action::Claim(Claim {
                house: Pubkey::default(),
                game: reference,
                entry,
                player,
                ticket: 0,
                place: 0,
                rounds,
                token,
            }),
            1 | 4 => Action::Refund(Refund {
                house: Pubkey::default(),
                game: reference,
                entry,
                player,
                token,
            }),
            _ => Action::CloseEntry(CloseEntry {
                game,
                entry,
                player,
            }),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn batches_fit_and_lose_nothing(
            kinds in prop::collection::vec((0u8..5, 1u8..=8), 0..60),
            is_v1: bool,
        ) {
            let format = if is_v1 { Format::V1 } else { Format::Legacy };
            let game = Pubkey::new_unique();
            let actions: Vec<Action> = kinds
                .iter()
                .map(|(kind, rounds)| push(*kind, game, *rounds))
                .collect();
            let payer = Pubkey::new_unique();
            let mut left = actions.clone().into_iter().peekable();
            let mut packed = Vec::new();
            while left.peek().is_some() {
                let batch = next_batch(&mut left, &payer, &format);
                prop_assert!(!batch.is_empty());
                let pushes: Vec<Push> = batch.iter().filter_map(Action::push).collect();
                let compute: u32 = pushes.iter().map(Push::most_compute_units).sum();
                // Whether or not token accounts have to be created, and of one token.
                for create in [true, false] {
                    let built = instructions(&pushes, &payer, |_| create);
                    prop_assert!(built.is_ok_and(|built| format.fits(&built, &payer)));
                }
                prop_assert!(compute <= PUSH_COMPUTE_UNITS);
                packed.extend(batch);
            }
            prop_assert_eq!(packed, actions);
        }
    }
}
