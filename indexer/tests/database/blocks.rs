//! The ledger reads a block where it wants much of it.

use crate::common::{
    TestDatabase,
    chain::key,
    node::{Node, meta},
};
use lottery_client::instruction as ix;
use lottery_indexer::ledger::blocks::WORTH;
use serde_json::Value;
use solana_signature::Signature;

/// As many transactions of slot 9 as make its block worth asking for, and one of slot 10.
fn busy() -> Node {
    let node = Node::default();
    let cancel = ix::cancel_game(key(1), key(3));
    for number in 0..=WORTH {
        let slot = if number < WORTH { 9 } else { 10 };
        let number = u8::try_from(number).unwrap();
        node.add(
            number,
            slot,
            key(1),
            std::slice::from_ref(&cancel),
            meta(Value::Null),
        );
    }
    node
}

/// How often it was asked for blocks, and for transactions.
fn asked(node: &Node) -> (u32, usize) {
    let transactions = node.asked("getTransaction");
    (
        node.asked("getBlock"),
        usize::try_from(transactions).unwrap(),
    )
}

#[tokio::test]
async fn many_transactions_of_a_slot_come_with_its_block() {
    let (database, node) = (TestDatabase::migrated().await, busy());
    node.set(|script| script.blocks = vec![9, 10]);
    let rpc = node.serve().await;
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    assert_eq!(asked(&node), (1, 1));
    // Each with its place in the block, where a vote came first.
    let rows: Vec<(String, i64, Option<i32>, Option<i64>)> = sqlx::query_as(
        "SELECT signature, slot::int8, block_index, block_time FROM transactions
         ORDER BY slot, block_index",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let listed = node.0.lock().unwrap().transactions.clone();
    assert_eq!(rows.len(), listed.len());
    for (number, (row, (signature, slot, _))) in (1i32..).zip(rows.iter().zip(&listed)) {
        let slot = i64::try_from(*slot).unwrap();
        let index = (slot == 9).then_some(number);
        let time = Some(1_700_000_000 + slot);
        assert_eq!(*row, (signature.clone(), slot, index, time));
    }
    // Those that are there already are not asked for again.
    database.tamper("DELETE FROM ledger_cursor").await;
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    assert_eq!(asked(&node), (1, 1));
}

#[tokio::test]
async fn a_block_that_ends_on_another_page_is_read_once() {
    const ALL: u64 = 1_100;
    let (database, node) = (TestDatabase::migrated().await, Node::default());
    let cancel = [ix::cancel_game(key(1), key(3))];
    for number in 0..ALL {
        let bytes = [number.to_le_bytes(); 8].concat();
        let signature = Signature::try_from(bytes).unwrap();
        node.add_signed(signature, 9, key(1), &cancel, meta(Value::Null));
    }
    node.set(|script| script.blocks = vec![9]);
    let rpc = node.serve().await;
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    assert_eq!(asked(&node), (1, 0));
    let rows: i64 = database.value("SELECT count(*) FROM transactions").await;
    assert_eq!(u64::try_from(rows).unwrap(), ALL);
}

#[tokio::test]
async fn where_a_node_has_no_block_its_transactions_are_asked_for() {
    let (database, node) = (TestDatabase::migrated().await, busy());
    let rpc = node.serve().await;
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    assert_eq!(asked(&node), (1, WORTH + 1));
    let rows: i64 = database.value("SELECT count(*) FROM transactions").await;
    assert_eq!(usize::try_from(rows).unwrap(), WORTH + 1);
}
