//! Whatever a node sends, the decoders answer: with rows, or with why not.

use crate::common::chain::{World, key};
use anchor_lang::Discriminator as _;
use lottery::{events::AUTHORITY, instruction as ix};
use lottery_client::account;
use lottery_indexer::{
    ledger::{decode, encoded},
    source::{AccountUpdate, Call, TransactionUpdate},
    store::{batch::Batch, column::Time},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use solana_signature::Signature;

/// The beginnings of all instructions and of events, so that random bytes get further.
fn beginnings() -> Vec<Vec<u8>> {
    macro_rules! discriminators {
        ($($kind:ident)*) => { vec![$(ix::$kind::DISCRIMINATOR.to_vec()),*] };
    }
    let mut all = discriminators! {
        CreateGame Join RequestDraw RevealDraw SettleDraw AbortDraw Claim ClaimJackpot Refund
        CloseEntry CloseGame ExpirePrizes CancelGame PlayerBatch FundJackpot
    };
    let mut world = World::new();
    let rule = crate::common::chain::Rule {
        rounds: 1,
        winners: 1,
        keep_bps: 0,
        entry_fee: 5,
    };
    let game = world.open(rule);
    world.tell_created(game);
    world.join(game, 11, 0, 1);
    world.request(&[game]);
    world.reveal(crate::common::chain::value(1));
    world.settle(game);
    world.pay_winners(game, 1);
    world.close_entries(game);
    world.close_game(game);
    for event in world.take_told() {
        all.push([anchor_lang::event::EVENT_IX_TAG_LE, &event[..]].concat());
    }
    all
}

/// Data that begin like something known, whole or cut, with whatever behind.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let known = proptest::sample::select(beginnings());
    let tail = prop::collection::vec(any::<u8>(), 0..200);
    (known, any::<prop::sample::Index>(), tail, any::<bool>()).prop_map(
        |(known, cut, tail, whole)| {
            let keep = if whole {
                known.len()
            } else {
                cut.index(known.len() + 1)
            };
            [&known[..keep], &tail].concat()
        },
    )
}

fn call() -> impl Strategy<Value = Call> {
    // Mostly of the program, which is the second key, and of its authority, the third.
    let program = prop_oneof![4 => Just(1u8), 1 => any::<u8>()];
    let accounts = prop::collection::vec(prop_oneof![3 => 0u8..8, 1 => any::<u8>()], 0..20);
    let first = prop_oneof![1 => Just(Some(2u8)), 1 => Just(None)];
    (program, first, accounts, data()).prop_map(|(program, first, accounts, data)| Call {
        program,
        accounts: first.into_iter().chain(accounts).collect(),
        data,
    })
}

fn transaction() -> impl Strategy<Value = TransactionUpdate> {
    let instructions = prop::collection::vec(call(), 0..5);
    let inner = prop::option::of(prop::collection::vec((0u8..6, call()), 0..8));
    let returned = prop::option::of((any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)));
    let keys = prop_oneof![9 => Just(8usize), 1 => 0usize..4];
    (
        (instructions, inner, returned, keys),
        (any::<i64>(), any::<Option<i64>>(), any::<u64>()),
    )
        .prop_map(
            |((instructions, inner, returned, keys), (slot, block_time, fee))| {
                let all = [
                    key(1),
                    lottery::ID,
                    AUTHORITY,
                    key(3),
                    key(4),
                    key(5),
                    key(6),
                    key(7),
                ];
                TransactionUpdate {
                    signature: Signature::from([7; 64]),
                    slot,
                    index: None,
                    block_time,
                    error: None,
                    fee,
                    compute_units: None,
                    keys: all.into_iter().take(keys).collect(),
                    instructions,
                    inner,
                    returned: returned
                        .map(|(ours, data)| (if ours { lottery::ID } else { key(9) }, data)),
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn transactions(transaction in transaction()) {
        let Ok(decoded) = decode::decode(&transaction, Time::now()) else {
            prop_assert!(transaction.keys.is_empty());
            return Ok(());
        };
        // What a transaction told and what was not understood add up to its calls.
        prop_assert!(decoded.instructions.len() >= decoded.row.instructions.len());
        for (position, row) in (0..).zip(&decoded.instructions) {
            prop_assert_eq!(row.position, position);
        }
        prop_assert!(decoded.events.len() >= decoded.told.len());
        // The same twice.
        prop_assert_eq!(&decode::decode(&transaction, Time(0)).unwrap().instructions, &decoded.instructions);
    }

    #[test]
    fn accounts(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
        lamports: u64,
        slot: i64,
    ) {
        let (world, _) = World::played();
        let accounts = world.accounts(1);
        let mut update = accounts[which.index(accounts.len())].clone();
        for (at, byte) in changes {
            let at = at.index(update.data.len());
            update.data[at] = byte;
        }
        if let Some(cut) = cut {
            update.data.truncate(cut.index(update.data.len() + 1));
        }
        let _ = account::decode_any(&update.owner, &update.data);
        let batch = Batch::decode([AccountUpdate { lamports, slot, ..update }]);
        prop_assert!(!batch.is_empty());
    }

    /// As RPC sends them: a whole answer in which one part is something else.
    #[test]
    fn encoded_transactions(
        part in 0usize..8,
        value in prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
            prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| json!(bytes)),
            Just(json!({})),
        ],
    ) {
        let node = crate::common::node::Node::default();
        let cancel = lottery_client::instruction::cancel_game(key(1), key(3));
        node.tell(1, 5, key(1), &[cancel], &[(0, vec![1, 2, 3])]);
        let mut answer = node.0.lock().unwrap().transactions[0].2.clone();
        match part {
            0 => answer["slot"] = value,
            1 => answer["blockTime"] = value,
            2 => answer["transaction"] = value,
            3 => answer["transaction"][0] = value,
            4 => answer["meta"] = value,
            5 => answer["meta"]["innerInstructions"] = value,
            6 => answer["meta"]["innerInstructions"][0]["instructions"][0]["data"] = value,
            _ => answer["meta"]["returnData"] = value,
        }
        if let Ok(answer) = serde_json::from_value(answer)
            && let Ok(update) = encoded::read(Signature::default(), &answer)
        {
            let _ = decode::decode(&update, Time::now());
        }
    }
}
