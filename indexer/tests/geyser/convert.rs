//! Every field of accounts and transactions, and every way it can be wrong.

use lottery_indexer::source::{
    AccountUpdate, Call, TransactionUpdate,
    geyser::{
        Executed,
        convert::{self, Message},
    },
};
use lottery_indexer::store::dead_letters::DeadLetter;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;
use yellowstone_grpc_proto::{
    geyser::{
        SubscribeUpdate, SubscribeUpdateAccount, SubscribeUpdateAccountInfo,
        SubscribeUpdateTransaction, SubscribeUpdateTransactionInfo, subscribe_update::UpdateOneof,
    },
    prost::Message as _,
    solana::storage::confirmed_block as storage,
};

pub fn encode(update: UpdateOneof) -> Vec<u8> {
    let update = SubscribeUpdate {
        filters: vec!["lottery".to_owned()],
        update_oneof: Some(update),
        created_at: None,
    };
    update.encode_to_vec()
}

pub fn read(frame: &[u8]) -> Result<Message, Box<DeadLetter>> {
    convert::read(frame, i64::MAX)
}

/// Why a message is refused.
pub fn reason(update: UpdateOneof) -> String {
    let bytes = encode(update);
    let letter = read(&bytes).unwrap_err();
    assert_eq!(letter.bytes, bytes);
    letter.reason
}

pub fn account() -> SubscribeUpdateAccount {
    SubscribeUpdateAccount {
        account: Some(SubscribeUpdateAccountInfo {
            pubkey: vec![1; 32],
            lamports: u64::MAX,
            owner: vec![2; 32],
            executable: false,
            rent_epoch: u64::MAX,
            data: vec![3, 4],
            write_version: 5,
            txn_signature: None,
        }),
        slot: 6,
        is_startup: false,
        bank_id: None,
    }
}

#[test]
fn an_account() {
    let expected = AccountUpdate {
        address: Pubkey::new_from_array([1; 32]),
        slot: 6,
        write_version: 5,
        lamports: u64::MAX,
        owner: Pubkey::new_from_array([2; 32]),
        data: vec![3, 4],
    };
    let update = read(&encode(UpdateOneof::Account(account())));
    assert_eq!(update, Ok(Message::Account(expected)));
}

#[test]
fn accounts_that_are_wrong() {
    let address = Pubkey::new_from_array([1; 32]);
    type Spoil = fn(&mut SubscribeUpdateAccount);
    let cases: [(Spoil, String); 6] = [
        (|a| a.account = None, "account : it has no account".into()),
        (
            |a| a.account.as_mut().unwrap().pubkey = vec![],
            "account : its address has 0 bytes".into(),
        ),
        (
            |a| a.account.as_mut().unwrap().owner = vec![2; 33],
            format!("account {address}: its owner has 33 bytes"),
        ),
        (
            |a| a.slot = 1 << 63,
            format!(
                "account {address}: its slot is {}, which is out of range",
                1u64 << 63
            ),
        ),
        (
            |a| a.account.as_mut().unwrap().write_version = u64::MAX,
            format!(
                "account {address}: its write version is {}, which is out of range",
                u64::MAX
            ),
        ),
        (
            |a| a.account.as_mut().unwrap().pubkey = vec![0; 40],
            format!("account {}: its address has 40 bytes", "1".repeat(40)),
        ),
    ];
    for (spoil, expected) in cases {
        let mut account = account();
        spoil(&mut account);
        assert_eq!(reason(UpdateOneof::Account(account)), expected);
    }
}

pub fn transaction() -> SubscribeUpdateTransaction {
    // As the chain's own nodes encode it: instruction 0 failed (8) with its own code (25).
    let error = [
        &8u32.to_le_bytes()[..],
        &[0],
        &25u32.to_le_bytes(),
        &6_001u32.to_le_bytes(),
    ];
    SubscribeUpdateTransaction {
        transaction: Some(SubscribeUpdateTransactionInfo {
            signature: vec![7; 64],
            is_vote: false,
            transaction: Some(storage::Transaction {
                signatures: vec![vec![7; 64]],
                message: Some(storage::Message {
                    header: Some(storage::MessageHeader {
                        num_required_signatures: 1,
                        ..Default::default()
                    }),
                    account_keys: vec![vec![1; 32], vec![2; 32]],
                    recent_blockhash: vec![9; 32],
                    instructions: vec![storage::CompiledInstruction {
                        program_id_index: 1,
                        accounts: vec![0, 2, 3],
                        data: vec![8, 8],
                    }],
                    versioned: true,
                    ..Default::default()
                }),
            }),
            meta: Some(storage::TransactionStatusMeta {
                err: Some(storage::TransactionError {
                    err: error.concat(),
                }),
                fee: 5_000,
                pre_balances: vec![10_000, 1, 7, 0],
                post_balances: vec![5_000, 1, 0, 7],
                inner_instructions: vec![storage::InnerInstructions {
                    index: 0,
                    instructions: vec![storage::InnerInstruction {
                        program_id_index: 3,
                        accounts: vec![2],
                        data: vec![6],
                        stack_height: Some(2),
                    }],
                }],
                loaded_writable_addresses: vec![vec![3; 32]],
                loaded_readonly_addresses: vec![vec![4; 32]],
                return_data: Some(storage::ReturnData {
                    program_id: vec![2; 32],
                    data: vec![5],
                }),
                compute_units_consumed: Some(1_234),
                ..Default::default()
            }),
            index: 11,
        }),
        slot: 12,
        bank_id: 0,
    }
}

fn executed(update: SubscribeUpdateTransaction) -> Executed {
    match read(&encode(UpdateOneof::Transaction(update))) {
        Ok(Message::Transaction(executed)) => *executed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_transaction() {
    let key = |number| Pubkey::new_from_array([number; 32]);
    let failed = r#"{"InstructionError": [0, {"Custom": 6001}]}"#;
    let expected = Executed {
        vote: false,
        // It failed: nothing was closed.
        emptied: vec![],
        update: TransactionUpdate {
            signature: Signature::from([7; 64]),
            slot: 12,
            index: Some(11),
            block_time: None,
            error: Some(serde_json::from_str::<TransactionError>(failed).unwrap()),
            fee: 5_000,
            compute_units: Some(1_234),
            keys: vec![key(1), key(2), key(3), key(4)],
            instructions: vec![Call {
                program: 1,
                accounts: vec![0, 2, 3],
                data: vec![8, 8],
            }],
            inner: Some(vec![(
                0,
                Call {
                    program: 3,
                    accounts: vec![2],
                    data: vec![6],
                },
            )]),
            returned: Some((key(2), vec![5])),
        },
    };
    assert_eq!(executed(transaction()), expected);
}

#[test]
fn a_transaction_tells_what_it_emptied_and_what_the_node_does_not_tell() {
    let mut update = transaction();
    let meta = update.transaction.as_mut().unwrap().meta.as_mut().unwrap();
    meta.err = None;
    meta.inner_instructions_none = true;
    meta.return_data_none = true;
    meta.compute_units_consumed = None;
    let Executed {
        update, emptied, ..
    } = executed(update);
    let key = |number| Pubkey::new_from_array([number; 32]);
    assert_eq!(emptied, [(key(3), true), (key(4), false)]);
    assert_eq!((update.inner, update.returned), (None, None));
    assert_eq!((update.error, update.compute_units), (None, None));
}

#[test]
fn transactions_that_are_wrong() {
    type Spoil = fn(&mut SubscribeUpdateTransactionInfo);
    fn message(info: &mut SubscribeUpdateTransactionInfo) -> &mut storage::Message {
        let transaction = info.transaction.as_mut().unwrap();
        transaction.message.as_mut().unwrap()
    }
    fn meta(info: &mut SubscribeUpdateTransactionInfo) -> &mut storage::TransactionStatusMeta {
        info.meta.as_mut().unwrap()
    }
    let cases: [(Spoil, &str); 17] = [
        (|t| t.signature.truncate(63), "its signature has 63 bytes"),
        (|t| t.meta = None, "it has no status"),
        (|t| t.transaction = None, "it has no message"),
        (
            |t| t.transaction.as_mut().unwrap().message = None,
            "it has no message",
        ),
        (
            |t| t.index = 1 << 31,
            "its index is 2147483648, which is out of range",
        ),
        (
            |t| message(t).account_keys[1] = vec![],
            "its account key has 0 bytes",
        ),
        (
            |t| {
                message(t).account_keys.clear();
                meta(t).loaded_writable_addresses.clear();
                meta(t).loaded_readonly_addresses.clear();
            },
            "it has no accounts",
        ),
        (
            |t| message(t).instructions[0].program_id_index = 4,
            "its instruction's account is 4, which is out of range",
        ),
        (
            |t| message(t).instructions[0].program_id_index = u32::MAX,
            "its instruction's account is 4294967295, which is out of range",
        ),
        (
            |t| message(t).instructions[0].accounts.push(4),
            "its instruction's account is 4, which is out of range",
        ),
        (
            |t| meta(t).loaded_writable_addresses[0].push(0),
            "its loaded address has 33 bytes",
        ),
        (
            |t| meta(t).loaded_readonly_addresses[0].clear(),
            "its loaded address has 0 bytes",
        ),
        (
            |t| meta(t).inner_instructions[0].index = 1,
            "its caller's index is 1, which is out of range",
        ),
        (
            |t| meta(t).inner_instructions[0].instructions[0].program_id_index = 4,
            "its instruction's account is 4, which is out of range",
        ),
        (
            |t| meta(t).inner_instructions[0].instructions[0].accounts = vec![200],
            "its instruction's account is 200, which is out of range",
        ),
        (
            |t| meta(t).return_data.as_mut().unwrap().program_id.clear(),
            "its returning program has 0 bytes",
        ),
        (
            |t| meta(t).err.as_mut().unwrap().err = vec![255; 4],
            "its error could not be read: ",
        ),
    ];
    for (spoil, expected) in cases {
        let mut update = transaction();
        spoil(update.transaction.as_mut().unwrap());
        let reason = reason(UpdateOneof::Transaction(update));
        let (what, why) = reason.split_once(": ").unwrap();
        assert!(what.starts_with("transaction "), "{reason}");
        assert!(why.starts_with(expected), "{reason}");
    }
    let nothing = SubscribeUpdateTransaction::default();
    let reason = reason(UpdateOneof::Transaction(nothing));
    assert_eq!(reason, "transaction : it has no transaction");
}
