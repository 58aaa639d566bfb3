//! The ledger, against a scripted node.

use crate::common::{
    TestDatabase,
    chain::{World, key, value},
    node::{Node, event_data, meta},
};
use lottery::events::{
    DrawRequested, DrawRevealed, DrawSettled, EVENT_VERSION, GameCancelled, RoundSettled,
};
use lottery_client::instruction::{self as ix, DrawKeys, LaneKeys, Purchase, Revelation};
use lottery_indexer::{derive, source::Event, store::U64};
use serde_json::{Value, json};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// An instruction that leaves no event.
fn join() -> Instruction {
    let purchase = Purchase {
        player: key(1),
        house: key(2),
        game: key(3),
        tickets: 1,
        nonce: 0,
        max_total: 9,
    };
    ix::join(&purchase, None)
}

fn cancelled(house: Pubkey, game: Pubkey, owed: u64) -> GameCancelled {
    GameCancelled {
        version: EVENT_VERSION,
        house,
        game,
        reason: GameCancelled::TOO_FEW_TICKETS,
        owed,
        cranker: key(1),
        bounty: 0,
    }
}

#[tokio::test]
async fn transactions_are_kept_with_what_they_did_and_cost() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let (payer, house, game) = (key(1), key(2), key(3));
    let purchase = Purchase {
        player: payer,
        house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: 9,
    };
    let join = ix::join(&purchase, None);
    let cancel = ix::cancel_game(payer, game);
    let cancelled = event_data(&cancelled(house, game, 9));
    let both = [join.clone(), cancel.clone()];
    let first = node.tell(1, 5, payer, &both, &[(1, cancelled)]);
    let custom = json!({"InstructionError": [0, {"Custom": 6022}]});
    let second = node.add(2, 6, payer, &[cancel], meta(custom.clone()));
    let rpc = node.serve().await;
    assert!(database.read_ledger(&rpc, false).await.unwrap());

    type Row = (
        i64,
        Option<i64>,
        bool,
        Option<Value>,
        Option<i64>,
        U64,
        Option<U64>,
        Vec<String>,
        String,
    );
    let row = async |signature: &str| -> Row {
        sqlx::query_as(
            "SELECT slot, block_time, success, error, error_code, fee, compute_units, instructions,
                    signer
             FROM transactions WHERE signature = $1",
        )
        .bind(signature)
        .fetch_one(&database.pool)
        .await
        .unwrap()
    };
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (fee, units, signer) = (U64(5_000), Some(U64(1_234)), payer.to_string());
    assert_eq!(
        row(&first).await,
        (
            5,
            Some(1_700_000_005),
            true,
            None,
            None,
            fee,
            units,
            names(&["join", "cancel_game"]),
            signer.clone()
        )
    );
    assert_eq!(
        row(&second).await,
        (
            6,
            Some(1_700_000_006),
            false,
            Some(custom),
            Some(6022),
            fee,
            units,
            names(&["cancel_game"]),
            signer
        )
    );

    // A time that nobody knew is filled in when a node does.
    database
        .tamper("UPDATE transactions SET block_time = NULL WHERE slot = 5")
        .await;
    database.tamper("DELETE FROM ledger_cursor").await;
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    assert_eq!(row(&first).await.1, Some(1_700_000_005));
    let parts: i64 = database.value("SELECT count(*) FROM game_events").await;
    assert_eq!(parts, 1);

    // Only what is new is asked for afterwards.
    let asked = node.asked("getTransaction");
    node.add(3, 7, payer, &[join], meta(Value::Null));
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    assert_eq!(node.asked("getTransaction"), asked + 1);
    assert_eq!(
        database
            .value::<i64>("SELECT count(*) FROM transactions")
            .await,
        3
    );
}

#[tokio::test]
async fn a_transaction_not_served_yet_is_waited_for_and_at_last_set_aside() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    for number in 1..=3 {
        node.add(
            number,
            u64::from(number),
            key(1),
            &[join()],
            meta(Value::Null),
        );
    }
    let mut served = Value::Null;
    node.set(|script| served = std::mem::take(&mut script.transactions[1].2));
    let rpc = node.serve().await;
    let count = async || -> i64 { database.value("SELECT count(*) FROM transactions").await };
    assert!(!database.read_ledger(&rpc, false).await.unwrap());
    assert_eq!(count().await, 1, "those before it");
    node.set(|script| script.transactions[1].2 = served);
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    assert_eq!(count().await, 3);
    node.add(4, 4, key(1), &[join()], meta(Value::Null));
    node.set(|script| script.transactions[3].2 = Value::Null);
    assert!(!database.read_ledger(&rpc, false).await.unwrap());
    assert!(database.read_ledger(&rpc, true).await.unwrap());
    let letters: i64 = database
        .value("SELECT count(*) FROM dead_letters WHERE kind = 'transaction'")
        .await;
    assert_eq!((count().await, letters), (3, 1));
    // A node that fails is no reason to lose anything.
    node.set(|script| script.down = true);
    assert!(database.read_ledger(&rpc, false).await.is_err());
}

#[tokio::test]
async fn a_draw_that_no_account_ever_showed_is_filled_in() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let mut world = World::new();
    let rule = crate::common::chain::Rule {
        rounds: 1,
        winners: 1,
        keep_bps: 0,
        entry_fee: 100,
    };
    let index = world.open(rule);
    world.join(index, 20, 0, 9);
    let payer = world.house.creator;
    let game = world.games[index].0;
    let keys = LaneKeys {
        house: world.house_address,
        queue: key(3),
        index: 0,
    };
    let id = world.lane.next_draw;
    let oracle = key(5);
    let draw = world.request(&[index]);
    // A game that is not due is left out of the draw.
    let idle = key(77);
    let request = ix::request_draw(payer, keys, id, oracle, &[idle, game]);
    let told = event_data(&DrawRequested {
        version: EVENT_VERSION,
        house: world.house_address,
        draw,
        oracle,
        games: vec![game],
        cranker: payer,
        bounty: 1,
        reveal_bounty: 2,
    });
    node.tell(1, 100, payer, &[request], &[(0, told)]);
    world.reveal(value(1));
    let revelation = Revelation {
        signature: [7; 64],
        recovery_id: 1,
        value: value(1),
    };
    let reveal = ix::reveal_draw(payer, keys, id, oracle, &revelation);
    let told = event_data(&DrawRevealed {
        version: EVENT_VERSION,
        draw,
        value: value(1),
        cranker: payer,
        bounty: 2,
    });
    node.tell(2, 101, payer, &[reveal], &[(0, told)]);
    world.settle(index);
    let draw_keys = DrawKeys {
        house: world.house_address,
        lane: world.lane_address(),
        draw,
        payer,
    };
    let settle = ix::settle_draw(payer, draw_keys, &[game], None);
    let told = event_data(&DrawSettled {
        version: EVENT_VERSION,
        house: world.house_address,
        draw,
        rounds: vec![RoundSettled {
            game,
            round: 0,
            survivors: 1,
            seed: world.games[index].1.round_seeds[0],
        }],
        cranker: payer,
        bounty: 1,
    });
    node.tell(3, 102, payer, &[settle], &[(0, told)]);
    // A reveal that failed says nothing.
    let lie = Revelation {
        value: value(9),
        ..revelation
    };
    let reveal = ix::reveal_draw(payer, keys, id, oracle, &lie);
    node.add(4, 103, payer, &[reveal], meta(json!("AccountNotFound")));

    // The accounts' stream saw the end alone: no draw in it.
    database.snapshot(110, world.accounts(110)).await;
    assert!(
        database
            .read_ledger(&node.serve().await, false)
            .await
            .unwrap()
    );
    derive::once(&database.pool).await.unwrap();
    let row: (String, String, String, Vec<u8>, U64, bool, i32) = sqlx::query_as(
        "SELECT address, lane, oracle, value, seed_slot, closed_at_slot IS NOT NULL, settled
         FROM draws",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    let lane = world.lane_address().to_string();
    let expected = (
        draw.to_string(),
        lane,
        oracle.to_string(),
        value(1).to_vec(),
        U64(99),
        true,
        1,
    );
    assert_eq!(row, expected);
    let proven: Option<String> = database.value("SELECT draw FROM game_rounds").await;
    assert_eq!(proven, Some(draw.to_string()));

    // A late word of the pending account does not take the value away.
    let mut pending = World::new();
    let again = pending.open(rule);
    pending.request(&[again]);
    let old = pending
        .accounts(100)
        .into_iter()
        .find(|a| a.address == draw)
        .unwrap();
    database.ingest(vec![Event::Account(old)]).await;
    assert!(
        database
            .value::<bool>("SELECT value IS NOT NULL FROM draws")
            .await
    );
}

#[tokio::test]
async fn a_long_history_is_read_page_by_page_oldest_first() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let template = node.add(1, 1, key(1), &[join()], meta(Value::Null));
    node.set(|script| {
        let (.., answer) = script.transactions.pop().unwrap();
        for number in 0..2_300u64 {
            let mut signature = [7; 64];
            signature[..8].copy_from_slice(&number.to_be_bytes());
            let signature = solana_signature::Signature::from(signature).to_string();
            let mut answer = answer.clone();
            answer["slot"] = number.into();
            script.transactions.push((signature, number, answer));
        }
    });
    assert!(!template.is_empty());
    let rpc = node.serve().await;
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    assert_eq!(
        database
            .value::<i64>("SELECT count(*) FROM transactions")
            .await,
        2_300
    );
    assert_eq!(
        database
            .value::<i64>("SELECT slot::int8 FROM ledger_cursor")
            .await,
        2_299
    );
    // Three pages, each asked for once.
    assert_eq!(node.asked("getSignaturesForAddress"), 3);
    let slots: Vec<i64> = sqlx::query_scalar("SELECT slot::int8 FROM transactions ORDER BY id")
        .fetch_all(&database.pool)
        .await
        .unwrap();
    assert!(
        slots
            .chunks(1_000)
            .is_sorted_by_key(|chunk| chunk.iter().min())
    );
}

#[tokio::test]
async fn a_node_that_forgot_where_the_ledger_stands_is_read_by_slot() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let add = |number: u8, slot: u64| {
        let instructions = [join()];
        node.add(number, slot, key(1), &instructions, meta(Value::Null))
    };
    add(1, 10);
    add(2, 20);
    let rpc = node.serve().await;
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    // The node purges what it had, and goes on.
    node.set(|script| script.transactions.clear());
    add(3, 15);
    add(4, 20);
    add(5, 30);
    assert!(database.read_ledger(&rpc, false).await.unwrap());
    let slots: Vec<i64> = sqlx::query_scalar("SELECT slot::int8 FROM transactions ORDER BY slot")
        .fetch_all(&database.pool)
        .await
        .unwrap();
    // From the cursor's slot on: what is older was read when it was new.
    assert_eq!(slots, [10, 20, 20, 30]);
}
