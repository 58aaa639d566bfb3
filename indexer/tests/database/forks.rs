//! What a fork drops is taken back: rows end as the chain has them, and nothing stays
//! that was never on it.

use std::sync::Arc;

use crate::common::{
    TestDatabase,
    chain::{Rule, World, key},
    node::{Node, meta},
};
use lottery_client::instruction as ix;
use lottery_indexer::{
    derive,
    ledger::{Chunk, encoded, fetch},
    source::{AccountUpdate, Event, SlotStatus, SlotUpdate, Snapshot},
    store::transactions::{self, Cursor, Move},
    verify::{self, Vaults},
};
use serde_json::Value;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use tokio::sync::oneshot;

const RULE: Rule = Rule {
    rounds: 2,
    winners: 1,
    keep_bps: 5_000,
    entry_fee: 1_000,
};

/// A game that one player has joined, and then another.
fn joined(by: Option<u8>) -> World {
    let mut world = World::new();
    let game = world.open(RULE);
    world.join(game, 11, 0, 2);
    if let Some(player) = by {
        world.join(game, player, 0, 3);
    }
    world
}

/// What a source tells of what is new in a world.
fn changes(world: &World, before: &World, slot: i64) -> Vec<Event> {
    let known = before.accounts(0);
    let is_new = |now: &AccountUpdate| {
        !known
            .iter()
            .any(|then| then.address == now.address && then.data == now.data)
    };
    let changed = world.accounts(slot).into_iter().filter(is_new);
    changed.map(Event::Account).collect()
}

fn slot(slot: i64, parent: i64, status: SlotStatus) -> Event {
    Event::Slot(SlotUpdate {
        slot,
        parent: Some(parent),
        status,
    })
}

struct Forked {
    database: TestDatabase,
    rpc: Arc<RpcClient>,
    node: Node,
}

impl Forked {
    /// The tables at slot 10, and two blocks on it: in 11 player 12 joins, in 12 player 13.
    async fn new() -> Self {
        let database = TestDatabase::migrated().await;
        let node = Node::default();
        let rpc = node.serve().await;
        let forked = Self {
            database,
            rpc,
            node,
        };
        let base = joined(None);
        let mut events = crate::common::snapshot(Snapshot {
            slot: 10,
            accounts: base.accounts(10),
        });
        events.push(slot(10, 9, SlotStatus::Finalized));
        for (number, player) in [(11, 12), (12, 13)] {
            events.extend(changes(&joined(Some(player)), &base, number));
            events.push(slot(number, 10, SlotStatus::Processed));
        }
        forked.tell(events).await;
        forked
    }

    async fn tell(&self, events: Vec<Event>) {
        let writing = self.database.writer(Arc::clone(&self.rpc)).await;
        for event in events {
            writing.events.send(event).await.unwrap();
        }
        writing.end().await;
    }

    /// The chain is this world at that slot.
    fn chain(&self, world: &World, number: i64) {
        self.node.set(|script| {
            script.slot = u64::try_from(number).unwrap();
            script.accounts = world.accounts(number);
        });
    }

    /// The tables are what the chain is.
    async fn assert_is(&self, world: &World, number: i64) {
        derive::once(&self.database.pool).await.unwrap();
        let chain = Snapshot {
            slot: number,
            accounts: world.accounts(number),
        };
        let report = verify::pass(&self.database.pool, &chain, &Vaults::new())
            .await
            .unwrap();
        assert!(report.is_clean(), "{report}");
    }

    async fn dropped(&self) -> Vec<i64> {
        sqlx::query_scalar("SELECT slot::int8 FROM dropped_slots ORDER BY slot")
            .fetch_all(&self.database.pool)
            .await
            .unwrap()
    }
}

/// Whoever asks for what is confirmed is told less than a stream of what is processed tells.
#[tokio::test]
async fn what_is_newer_than_the_nodes_answer_stays() {
    let forked = Forked::new().await;
    let before = joined(Some(13));
    // The chain has the fork's join as well, in a block that is not confirmed yet.
    let mut chain = joined(Some(13));
    chain.join(0, 12, 0, 3);
    let mut events = changes(&chain, &before, 13);
    events.push(slot(13, 12, SlotStatus::Processed));
    forked.tell(events).await;
    forked.chain(&before, 12);
    let writing = forked.database.writer(Arc::clone(&forked.rpc)).await;
    let again = Arc::clone(&writing.again);
    let confirmed = slot(12, 10, SlotStatus::Confirmed);
    writing.events.send(confirmed).await.unwrap();
    writing.end().await;
    forked.assert_is(&chain, 13).await;
    assert_eq!(forked.dropped().await, [11]);
    // What the ledger had of the fork may be in those rows: they are looked at again.
    let patience = std::time::Duration::from_secs(1);
    tokio::time::timeout(patience, again.notified())
        .await
        .unwrap();
    // That block is dropped, too.
    forked.chain(&before, 14);
    let other = [
        slot(14, 12, SlotStatus::Processed),
        slot(14, 12, SlotStatus::Confirmed),
    ];
    forked.tell(other.to_vec()).await;
    forked.assert_is(&before, 14).await;
    let entries: i64 = forked.database.value("SELECT count(*) FROM entries").await;
    assert_eq!(entries, 2);
}

#[tokio::test]
async fn the_earlier_of_two_blocks_is_dropped() {
    let forked = Forked::new().await;
    let chain = joined(Some(13));
    forked.chain(&chain, 13);
    forked.tell(vec![slot(12, 10, SlotStatus::Confirmed)]).await;
    forked.assert_is(&chain, 13).await;
    assert_eq!(forked.dropped().await, [11]);
    // Player 12 never joined: there is not even a closed entry.
    let entries: i64 = forked.database.value("SELECT count(*) FROM entries").await;
    assert_eq!(entries, 2);
    let settled: (i64, i64) =
        sqlx::query_as("SELECT confirmed_slot::int8, finalized_slot::int8 FROM watermark")
            .fetch_one(&forked.database.pool)
            .await
            .unwrap();
    assert_eq!(settled, (12, 10));
}

#[tokio::test]
async fn the_later_of_two_blocks_is_dropped_and_rows_go_back() {
    let forked = Forked::new().await;
    let chain = joined(Some(12));
    forked.chain(&chain, 13);
    forked
        .tell(vec![
            slot(13, 11, SlotStatus::Processed),
            slot(13, 11, SlotStatus::Confirmed),
        ])
        .await;
    // What is dropped is dropped once.
    forked.tell(vec![slot(12, 10, SlotStatus::Dead)]).await;
    forked.assert_is(&chain, 13).await;
    assert_eq!(forked.dropped().await, [12]);
}

/// All of it arrives at once: what happened after the drop is written after what it took back.
#[tokio::test]
async fn what_comes_behind_a_drop_is_not_taken_back_with_it() {
    let forked = Forked::new().await;
    let (voted, mut later) = (joined(Some(13)), joined(Some(13)));
    later.join(0, 14, 0, 1);
    forked.chain(&voted, 13);
    let mut events = vec![slot(12, 10, SlotStatus::Confirmed)];
    events.extend(changes(&later, &voted, 14));
    events.push(slot(14, 12, SlotStatus::Processed));
    events.push(slot(14, 12, SlotStatus::Confirmed));
    events.push(Event::Progress {
        applied: 14,
        chain: 14,
    });
    forked.tell(events).await;
    forked.assert_is(&later, 14).await;
    assert_eq!(forked.dropped().await, [11]);
    let marks: (i64, i64) =
        sqlx::query_as("SELECT confirmed_slot::int8, applied_slot::int8 FROM watermark")
            .fetch_one(&forked.database.pool)
            .await
            .unwrap();
    assert_eq!(marks, (14, 14));
}

#[tokio::test]
async fn where_parents_are_not_told_a_node_is_asked_for_its_blocks() {
    let forked = Forked::new().await;
    let chain = joined(Some(13));
    forked.chain(&chain, 20);
    forked.node.set(|script| script.blocks = vec![10, 12, 20]);
    let finalized = SlotUpdate {
        slot: 20,
        parent: None,
        status: SlotStatus::Finalized,
    };
    forked.tell(vec![Event::Slot(finalized)]).await;
    forked.assert_is(&chain, 20).await;
    assert_eq!(forked.dropped().await, [11]);
    let finality: Vec<String> = sqlx::query_scalar(
        "SELECT finality(s)::text FROM UNNEST(ARRAY[10, 20, 21]) AS s ORDER BY s",
    )
    .fetch_all(&forked.database.pool)
    .await
    .unwrap();
    assert_eq!(finality, ["finalized", "finalized", "processed"]);
}

#[tokio::test]
async fn a_round_that_was_settled_on_a_fork_alone_is_undone() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let rpc = node.serve().await;
    let forked = Forked {
        database,
        rpc,
        node,
    };
    let (base, mut draws) = (joined(Some(12)), joined(Some(12)));
    draws.request(&[0]);
    draws.reveal(crate::common::chain::value(1));
    draws.settle(0);
    let mut events = crate::common::snapshot(Snapshot {
        slot: 10,
        accounts: base.accounts(10),
    });
    events.extend(changes(&draws, &base, 11));
    events.push(slot(11, 10, SlotStatus::Processed));
    forked.tell(events).await;
    derive::once(&forked.database.pool).await.unwrap();
    let rounds = || {
        forked
            .database
            .value::<i64>("SELECT count(*) FROM game_rounds")
    };
    assert_eq!(rounds().await, 1);
    forked.chain(&base, 12);
    forked.tell(vec![slot(11, 10, SlotStatus::Dead)]).await;
    derive::once(&forked.database.pool).await.unwrap();
    assert_eq!(rounds().await, 0);
    forked.assert_is(&base, 12).await;
}

/// The same transaction may land in both forks, and the ledger moves back to before them.
#[tokio::test]
async fn transactions_of_a_dropped_slot_are_deleted_and_read_again() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let rpc = node.serve().await;
    let cancel = ix::cancel_game(key(1), key(3));
    for (number, slot) in [(1, 9), (2, 11)] {
        node.add(
            number,
            slot,
            key(1),
            std::slice::from_ref(&cancel),
            meta(Value::Null),
        );
    }
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    let slots = async || -> Vec<i64> {
        sqlx::query_scalar("SELECT slot::int8 FROM transactions ORDER BY slot")
            .fetch_all(&database.pool)
            .await
            .unwrap()
    };
    assert_eq!(slots().await, [9, 11]);
    let writing = database.writer(Arc::clone(&rpc)).await;
    let dead = slot(11, 10, SlotStatus::Dead);
    writing.events.send(dead).await.unwrap();
    writing.end().await;
    assert_eq!(slots().await, [9]);
    assert_eq!(
        database
            .value::<i64>("SELECT count(*) FROM instructions")
            .await,
        1
    );
    let cursor = transactions::cursor(&database.pool).await.unwrap().unwrap();
    assert_eq!(cursor.slot, 9);
    // On the chain it is in slot 12.
    node.set(|script| {
        let (_, slot, answer) = script.transactions.last_mut().unwrap();
        *slot = 12;
        answer["slot"] = 12.into();
    });
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    assert_eq!(slots().await, [9, 12]);
}

/// The ledger looked before the drop, and comes to write after it.
#[tokio::test]
async fn a_transaction_that_was_known_and_is_dropped_meanwhile_is_read_again() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let rpc = node.serve().await;
    let cancel = ix::cancel_game(key(1), key(3));
    let add = |number, slot| {
        let cancel = std::slice::from_ref(&cancel);
        node.add(number, slot, key(1), cancel, meta(Value::Null))
    };
    add(1, 9);
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    let cursor = transactions::cursor(&database.pool).await.unwrap();
    let known = add(2, 11);
    let told = fetch(&rpc, CommitmentConfig::confirmed(), &known.parse().unwrap()).await;
    let told = encoded::read(known.parse().unwrap(), &told.unwrap().unwrap()).unwrap();
    let newest = add(3, 12);
    let writing = database.writer(Arc::clone(&rpc)).await;
    let told = Event::Transaction(Box::new(told));
    for event in [told, slot(11, 10, SlotStatus::Dead)] {
        writing.events.send(event).await.unwrap();
    }
    writing.end().await;
    let writing = database.writer(Arc::clone(&rpc)).await;
    let (done, written) = oneshot::channel();
    let to = Cursor {
        signature: newest,
        slot: 12,
    };
    let chunk = Chunk {
        transactions: Vec::new(),
        letters: Vec::new(),
        cursor: Some(Move {
            from: cursor.clone(),
            to,
            known: vec![known],
        }),
        done,
    };
    writing.chunks.send(chunk).await.unwrap();
    written.await.unwrap();
    writing.end().await;
    let stays = transactions::cursor(&database.pool).await.unwrap();
    assert_eq!(stays, cursor);
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    let count: i64 = database.value("SELECT count(*) FROM transactions").await;
    assert_eq!(count, 3);
}
