//! What operators have done when rows are not as they should be.

use std::sync::Arc;

use crate::common::{
    TestDatabase,
    chain::{World, key},
    ledger::Chain,
    node::{Node, event_data, meta},
};
use lottery::events::{EVENT_VERSION, GameCancelled};
use lottery_client::instruction as ix;
use lottery_indexer::{
    derive,
    repair::{
        backfill::{self, Backfilled},
        letters,
        resync::{self, ResyncError, Wanted},
    },
    source::Snapshot,
    store::dead_letters::{self, DeadLetter, LetterKind},
    verify::{self, Vaults},
};
use serde_json::Value;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

const COMMITMENT: CommitmentConfig = CommitmentConfig::confirmed();

fn only(only: &[Pubkey]) -> Wanted<'_> {
    Wanted {
        only,
        is_back: false,
    }
}

/// A chain that was played, the node that has it, and the tables that mirror it.
async fn mirrored() -> (TestDatabase, World, Node, Arc<RpcClient>) {
    let database = TestDatabase::migrated().await;
    let (world, told) = World::played();
    let mut events: Vec<_> = told
        .into_iter()
        .map(lottery_indexer::source::Event::Account)
        .collect();
    events.extend(crate::common::snapshot(Snapshot {
        slot: 60,
        accounts: world.accounts(60),
    }));
    database.ingest(events).await;
    let node = Node::default();
    node.set(|script| {
        script.slot = 70;
        script.accounts = world.accounts(70);
    });
    let rpc = node.serve().await;
    (database, world, node, rpc)
}

async fn assert_verifies(database: &TestDatabase, world: &World) {
    derive::once(&database.pool).await.unwrap();
    let chain = Snapshot {
        slot: 70,
        accounts: world.accounts(70),
    };
    let report = verify::pass(&database.pool, &chain, &Vaults::new())
        .await
        .unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn rows_that_somebody_changed_are_written_anew() {
    let (database, world, _node, rpc) = mirrored().await;
    let options = database.pool.connect_options().as_ref().clone();
    let game = world.games[0].0;
    // With a slot that no update will ever reach.
    let tamper = "UPDATE games SET paid_out = 1, slot = 9000000000 WHERE id = 0";
    database.tamper(tamper).await;
    let done = resync::resync(options.clone(), &rpc, COMMITMENT, only(&[game]))
        .await
        .unwrap();
    assert_eq!((done.slot, done.accounts, done.closed), (70, 1, 0));
    assert_verifies(&database, &world).await;

    database.tamper(tamper).await;
    database
        .tamper("UPDATE houses SET authority = creator, closed_at_slot = 3")
        .await;
    database
        .tamper("UPDATE entries SET paid = paid + 1 WHERE first_ticket = 40 AND tickets = 1")
        .await;
    let done = resync::resync(options, &rpc, COMMITMENT, only(&[]))
        .await
        .unwrap();
    assert_eq!(done.accounts, world.accounts(70).len() as u64);
    assert_verifies(&database, &world).await;
}

#[tokio::test]
async fn accounts_that_are_gone_are_closed() {
    let (database, world, node, rpc) = mirrored().await;
    let options = database.pool.connect_options().as_ref().clone();
    let entry = world.entries[0].0;
    node.set(|script| script.accounts.retain(|account| account.address != entry));
    let done = resync::resync(options, &rpc, COMMITMENT, only(&[entry]))
        .await
        .unwrap();
    assert_eq!((done.accounts, done.closed), (0, 1));
    let closed: i64 = database
        .value("SELECT closed_at_slot::int8 FROM entries WHERE closed_at_slot IS NOT NULL")
        .await;
    assert_eq!(closed, 70);
}

#[tokio::test]
async fn nothing_is_resynced_beside_an_indexer_that_writes() {
    let (database, _world, _node, rpc) = mirrored().await;
    let options = database.pool.connect_options().as_ref().clone();
    let writing = database.writer(Arc::clone(&rpc)).await;
    let refused = resync::resync(options.clone(), &rpc, COMMITMENT, only(&[]))
        .await
        .unwrap_err();
    assert!(matches!(refused, ResyncError::Taken), "{refused}");
    writing.end().await;
    resync::resync(options, &rpc, COMMITMENT, only(&[]))
        .await
        .unwrap();
}

#[tokio::test]
async fn history_is_filled_in_and_the_ledger_stays_where_it_stands() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let rpc = node.serve().await;
    let cancel = ix::cancel_game(key(1), key(3));
    for (number, slot) in [(1, 10), (2, 20), (3, 30), (4, 40)] {
        node.add(
            number,
            slot,
            key(1),
            std::slice::from_ref(&cancel),
            meta(Value::Null),
        );
    }
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    for sql in [
        "DELETE FROM instructions WHERE slot IN (10, 20)",
        "DELETE FROM transactions WHERE slot IN (10, 20)",
    ] {
        sqlx::query(sql).execute(&database.pool).await.unwrap();
    }
    node.set(|script| script.slot = 100);
    let fill = |slots| backfill::backfill(&database.pool, Arc::clone(&rpc), COMMITMENT, slots);
    let filled = fill(15..=u64::MAX).await.unwrap();
    assert_eq!(
        filled,
        Backfilled {
            transactions: 1,
            rows: 2,
            // It left no event, which a cancelled game would.
            letters: 1
        }
    );
    // Again, nothing is missing of these slots.
    assert_eq!(fill(15..=u64::MAX).await.unwrap().transactions, 0);
    let slots: Vec<i64> = sqlx::query_scalar("SELECT slot::int8 FROM transactions ORDER BY slot")
        .fetch_all(&database.pool)
        .await
        .unwrap();
    assert_eq!(slots, [20, 30, 40]);
    let cursor: i64 = database.value("SELECT slot::int8 FROM ledger_cursor").await;
    assert_eq!(cursor, 40);
}

#[tokio::test]
async fn letters_that_are_understood_now_are_replayed() {
    let (database, world, node, rpc) = mirrored().await;
    let mut connection = database.pool.acquire().await.unwrap();
    // An account whose row was lost, and bytes that are none.
    let entry = &world
        .accounts(65)
        .into_iter()
        .find(|a| a.address == world.entries[0].0)
        .unwrap();
    database
        .tamper("DELETE FROM entries WHERE first_ticket = 0 AND tickets = 40")
        .await;
    for data in [entry.data.clone(), vec![1, 2, 3]] {
        let letter = DeadLetter {
            kind: LetterKind::Account,
            key: entry.address.to_string(),
            slot: 65,
            lamports: Some(entry.lamports.into()),
            owner: Some(entry.owner.to_string()),
            bytes: data,
            reason: "not understood then".to_owned(),
        };
        dead_letters::insert_all(&mut connection, [&letter])
            .await
            .unwrap();
    }
    // A transaction whose events a node did not tell.
    let game = world.games[2].0;
    let cancel = ix::cancel_game(key(1), game);
    let mut silent = meta(Value::Null);
    silent["innerInstructions"] = Value::Null;
    let signature = node.add(1, 5, key(1), std::slice::from_ref(&cancel), silent);
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    let events = || database.value::<i64>("SELECT count(*) FROM game_events");
    assert_eq!(events().await, 0);
    // Now it does.
    node.set(|script| script.transactions.clear());
    let cancelled = event_data(&GameCancelled {
        version: EVENT_VERSION,
        house: world.house_address,
        game,
        reason: GameCancelled::TOO_FEW_TICKETS,
        owed: 0,
        cranker: key(1),
        bounty: 0,
    });
    assert_eq!(
        node.tell(1, 5, key(1), &[cancel], &[(0, cancelled)]),
        signature
    );

    // Nothing of a slot that a fork may drop is touched.
    let replay = || letters::replay(&database.pool, &rpc, COMMITMENT);
    assert_eq!(replay().await.unwrap().understood, 1);
    crate::common::ledger::finalize(&database, 100).await;
    let mut replayed = replay().await.unwrap();
    replayed.understood += 1;
    assert_eq!(replayed.understood, 2);
    assert_eq!(replayed.waiting.values().sum::<u64>(), 1);
    assert_eq!(events().await, 1);
    let entries: i64 = database.value("SELECT count(*) FROM entries").await;
    assert_eq!(entries, world.entries.len() as i64);
    let waiting: i64 = database
        .value("SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL")
        .await;
    assert_eq!(waiting, 1);
    // What was understood is not tried again.
    let again = letters::replay(&database.pool, &rpc, COMMITMENT)
        .await
        .unwrap();
    assert_eq!(again.understood, 0);
}

#[tokio::test]
async fn a_node_that_is_behind_the_tables_rewrites_them_only_when_told_to() {
    let (database, world, _node, rpc) = mirrored().await;
    database
        .tamper("UPDATE watermark SET snapshot_slot = 90, applied_slot = 90")
        .await;
    database.tamper("UPDATE houses SET slot = 95").await;
    let options = database.pool.connect_options().as_ref().clone();
    let refused = resync::resync(options.clone(), &rpc, COMMITMENT, only(&[]))
        .await
        .unwrap_err();
    let behind = ResyncError::Behind {
        slot: 70,
        known: 90,
    };
    assert_eq!(refused.to_string(), behind.to_string());
    let back = Wanted {
        only: &[],
        is_back: true,
    };
    resync::resync(options, &rpc, COMMITMENT, back)
        .await
        .unwrap();
    let snapshot: i64 = database
        .value("SELECT snapshot_slot::int8 FROM watermark")
        .await;
    assert_eq!(snapshot, 70);
    assert_verifies(&database, &world).await;
}

/// The ledger may have what that node's chain has not.
#[tokio::test]
async fn rows_that_go_back_say_what_the_chain_says_and_not_the_ledger() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::told();
    let back = chain.world.clone();
    database.snapshot(2, chain.snapshot(2).accounts).await;
    chain.world.cancel(0);
    chain.world.refund_all(0);
    chain.land(150);
    chain.world.close_entries(0);
    chain.world.close_game(0);
    chain.land(180);
    chain.read(&database).await;
    let closed = "SELECT count(*) FROM games WHERE closed_at_slot IS NOT NULL";
    assert_eq!(database.value::<i64>(closed).await, 1);
    let node = Node::default();
    node.set(|script| {
        script.slot = 100;
        script.accounts = back.accounts(100);
    });
    let options = database.pool.connect_options().as_ref().clone();
    let wanted = Wanted {
        only: &[],
        is_back: true,
    };
    let rpc = node.serve().await;
    resync::resync(options, &rpc, COMMITMENT, wanted)
        .await
        .unwrap();
    derive::once(&database.pool).await.unwrap();
    let now = Snapshot {
        slot: 100,
        accounts: back.accounts(100),
    };
    let report = verify::pass(&database.pool, &now, &Vaults::new())
        .await
        .unwrap();
    assert!(report.is_clean(), "{report}");
}
