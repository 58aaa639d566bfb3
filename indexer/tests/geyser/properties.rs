//! Nothing that a server may send is fatal.

use lottery_indexer::source::geyser::convert::{Message, read};
use proptest::{collection::vec, option, prelude::*};
use yellowstone_grpc_proto::{
    geyser::{
        SubscribeUpdateAccount, SubscribeUpdateAccountInfo, SubscribeUpdateBlockMeta,
        SubscribeUpdateSlot, SubscribeUpdateTransaction, SubscribeUpdateTransactionInfo,
        subscribe_update::UpdateOneof,
    },
    solana::storage::confirmed_block as storage,
};

use crate::convert::{encode, transaction};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..80)
}

/// Mostly as long as a key.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![9 => vec(any::<u8>(), 32), 1 => bytes()]
}

fn index() -> impl Strategy<Value = u32> {
    prop_oneof![9 => 0..8u32, 1 => any::<u32>()]
}

fn account() -> impl Strategy<Value = UpdateOneof> {
    let info = (key(), key(), bytes(), any::<u64>(), any::<u64>());
    let info = info.prop_map(|(pubkey, owner, data, lamports, write_version)| {
        SubscribeUpdateAccountInfo {
            pubkey,
            owner,
            data,
            lamports,
            write_version,
            ..Default::default()
        }
    });
    (option::of(info), any::<u64>()).prop_map(|(account, slot)| {
        UpdateOneof::Account(SubscribeUpdateAccount {
            account,
            slot,
            ..Default::default()
        })
    })
}

fn slot() -> impl Strategy<Value = UpdateOneof> {
    let parts = (any::<u64>(), any::<Option<u64>>(), any::<i32>(), 0..9i32);
    (parts, any::<bool>()).prop_map(|((slot, parent, wild, status), tame)| {
        UpdateOneof::Slot(SubscribeUpdateSlot {
            slot,
            parent,
            status: if tame { status } else { wild },
            ..Default::default()
        })
    })
}

fn block() -> impl Strategy<Value = UpdateOneof> {
    (any::<u64>(), any::<Option<i64>>()).prop_map(|(slot, time)| {
        UpdateOneof::BlockMeta(SubscribeUpdateBlockMeta {
            slot,
            block_time: time.map(|timestamp| storage::UnixTimestamp { timestamp }),
            ..Default::default()
        })
    })
}

fn message() -> impl Strategy<Value = storage::Message> {
    let instruction = (index(), bytes(), bytes()).prop_map(|(program_id_index, accounts, data)| {
        storage::CompiledInstruction {
            program_id_index,
            accounts,
            data,
        }
    });
    let header = any::<u32>().prop_map(|signatures| storage::MessageHeader {
        num_required_signatures: signatures,
        ..Default::default()
    });
    (vec(key(), 0..6), vec(instruction, 0..3), option::of(header)).prop_map(
        |(account_keys, instructions, header)| storage::Message {
            header,
            account_keys,
            instructions,
            ..Default::default()
        },
    )
}

fn meta() -> impl Strategy<Value = storage::TransactionStatusMeta> {
    let inner =
        (index(), bytes()).prop_map(|(program_id_index, accounts)| storage::InnerInstruction {
            program_id_index,
            accounts,
            ..Default::default()
        });
    let inner =
        (index(), vec(inner, 0..3)).prop_map(|(index, instructions)| storage::InnerInstructions {
            index,
            instructions,
        });
    let returned =
        (key(), bytes()).prop_map(|(program_id, data)| storage::ReturnData { program_id, data });
    let balances = vec(prop_oneof![Just(0), any::<u64>()], 0..8);
    let error = bytes().prop_map(|err| storage::TransactionError { err });
    let parts = (
        option::of(error),
        (balances.clone(), balances),
        vec(inner, 0..3),
        (vec(key(), 0..3), vec(key(), 0..3)),
        option::of(returned),
        any::<(bool, bool)>(),
    );
    parts.prop_map(|(err, balances, inner, loaded, return_data, none)| {
        storage::TransactionStatusMeta {
            err,
            pre_balances: balances.0,
            post_balances: balances.1,
            inner_instructions: inner,
            inner_instructions_none: none.0,
            loaded_writable_addresses: loaded.0,
            loaded_readonly_addresses: loaded.1,
            return_data,
            return_data_none: none.1,
            ..Default::default()
        }
    })
}

fn any_transaction() -> impl Strategy<Value = UpdateOneof> {
    let signature = prop_oneof![9 => vec(any::<u8>(), 64), 1 => bytes()];
    let body = option::of(message()).prop_map(|message| storage::Transaction {
        message,
        ..Default::default()
    });
    let info = (
        signature,
        any::<bool>(),
        option::of(body),
        option::of(meta()),
        any::<u64>(),
    );
    let info = info.prop_map(|(signature, is_vote, transaction, meta, index)| {
        SubscribeUpdateTransactionInfo {
            signature,
            is_vote,
            transaction,
            meta,
            index,
        }
    });
    (option::of(info), any::<u64>()).prop_map(|(transaction, slot)| {
        UpdateOneof::Transaction(SubscribeUpdateTransaction {
            transaction,
            slot,
            bank_id: 0,
        })
    })
}

fn any_update() -> impl Strategy<Value = UpdateOneof> {
    prop_oneof![account(), slot(), block(), any_transaction()]
}

/// It is understood, or kept as it came.
fn check(frame: &[u8]) -> Result<Option<Message>, TestCaseError> {
    match read(frame, i64::MAX) {
        Ok(message) => Ok(Some(message)),
        Err(letter) => {
            prop_assert_eq!(&letter.bytes[..], frame);
            prop_assert!(!letter.reason.is_empty() && letter.slot >= 0);
            Ok(None)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes(frame in vec(any::<u8>(), 0..300)) {
        check(&frame)?;
    }

    #[test]
    fn any_message(update in any_update()) {
        let message = check(&encode(update))?;
        // Whatever indices there are can be followed.
        if let Some(Message::Transaction(executed)) = message {
            let update = executed.update;
            let inner = update.inner.iter().flatten().map(|(caller, call)| {
                assert!(usize::from(*caller) < update.instructions.len());
                call
            });
            for call in update.instructions.iter().chain(inner) {
                let mut named = call.accounts.iter().chain([&call.program]);
                prop_assert!(named.all(|index| usize::from(*index) < update.keys.len()));
            }
        }
    }

    #[test]
    fn a_message_with_a_flipped_bit(bit in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>()) {
        let mut frame = encode(UpdateOneof::Transaction(transaction()));
        let at = bit.index(frame.len() * 8);
        frame[at / 8] ^= 1 << (at % 8);
        check(&frame)?;
        frame.truncate(cut.index(frame.len()));
        check(&frame)?;
    }
}
