//! What the ledger makes of instructions, batches and events.

use crate::common::{
    TestDatabase,
    chain::key,
    node::{Node, event_data, meta},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lottery::events::{EVENT_VERSION, Payment, PlayersPaid};
use lottery_client::{
    address,
    instruction::{self as ix, Batch, EntryKeys, Purchase, Token},
};
use lottery_indexer::store::U64;
use serde_json::{Value, json};
use solana_instruction::Instruction;

async fn read(database: &TestDatabase, node: &Node) {
    let rpc = node.serve().await;
    assert!(database.read_ledger(&rpc, false).await.unwrap());
}

fn keys(token: Option<Token>) -> EntryKeys {
    EntryKeys {
        house: key(2),
        game: key(3),
        entry: key(4),
        player: key(5),
        token,
    }
}

fn purchase() -> Purchase {
    Purchase {
        player: key(1),
        house: key(2),
        game: key(3),
        tickets: 7,
        nonce: 8,
        max_total: u64::MAX,
    }
}

/// Dead letters by kind.
async fn letters(database: &TestDatabase, kind: &str) -> Vec<(Vec<u8>, String)> {
    sqlx::query_as("SELECT bytes, reason FROM dead_letters WHERE kind = $1 ORDER BY id")
        .bind(kind)
        .fetch_all(&database.pool)
        .await
        .unwrap()
}

type Row = (
    i32,
    Option<i32>,
    String,
    Option<String>,
    Option<String>,
    Value,
    Option<Value>,
    Option<i64>,
);

async fn instructions(database: &TestDatabase, signature: &str) -> Vec<Row> {
    sqlx::query_as(
        "SELECT position, batch, name, game, player, accounts, arguments, result::int8
         FROM instructions i JOIN transactions t ON t.id = i.transaction_id
         WHERE t.signature = $1 ORDER BY position",
    )
    .bind(signature)
    .fetch_all(&database.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn instructions_are_kept_with_accounts_and_arguments() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let token = Token {
        mint: key(30),
        program: solana_pubkey::pubkey!("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
    };
    let both = [
        ix::join(&purchase(), None),
        ix::join(&purchase(), Some(token)),
    ];
    let signature = node.add(1, 5, key(1), &both, meta(Value::Null));
    read(&database, &node).await;
    let rows = instructions(&database, &signature).await;
    let (position, batch, name, game, player, accounts, arguments, result) = &rows[0];
    assert_eq!(
        (*position, *batch, name.as_str(), *result),
        (0, None, "join", None)
    );
    assert_eq!(game.as_deref(), Some(key(3).to_string().as_str()));
    assert_eq!(player.as_deref(), Some(key(1).to_string().as_str()));
    let order = json!({
        "tickets": 7, "nonce": 8, "max_total": "18446744073709551615",
        "bump": purchase().order().1.bump,
    });
    assert_eq!(arguments, &Some(json!({ "order": order })));
    assert_eq!(accounts["entry"], purchase().order().0.to_string());
    assert_eq!(
        (&accounts["mint"], &accounts["game_vault"]),
        (&Value::Null, &Value::Null)
    );
    let accounts = &rows[1].5;
    assert_eq!(accounts["mint"], key(30).to_string());
    assert_eq!(accounts["game_vault"], address::vault(&key(3)).to_string());
}

#[tokio::test]
async fn a_batch_is_taken_apart() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let mut batch = Batch::new(key(1));
    batch.join(&purchase(), None).unwrap();
    batch.claim(keys(None), 9).unwrap();
    batch.claim_jackpot(keys(None), 2).unwrap();
    batch.refund(keys(None)).unwrap();
    batch.close_entry(keys(None)).unwrap();
    let instruction = batch.build(false);
    let codes: Vec<u8> = [0u32, 7_061, 0, 7_055, 0]
        .iter()
        .flat_map(|c| c.to_le_bytes())
        .collect();
    let mut returned = meta(Value::Null);
    returned["returnData"] = json!({
        "programId": lottery::ID.to_string(), "data": [STANDARD.encode(&codes), "base64"],
    });
    let told = node.add(1, 5, key(1), std::slice::from_ref(&instruction), returned);
    // Without what it returned nobody knows which were done.
    let silent = node.add(2, 6, key(1), &[instruction], meta(Value::Null));
    read(&database, &node).await;
    let rows = instructions(&database, &told).await;
    let names: Vec<&str> = rows.iter().map(|row| row.2.as_str()).collect();
    let expected = [
        "player_batch",
        "join",
        "claim",
        "claim_jackpot",
        "refund",
        "close_entry",
    ];
    assert_eq!(names, expected);
    let results: Vec<Option<i64>> = rows.iter().map(|row| row.7).collect();
    assert_eq!(
        results,
        [None, Some(0), Some(7_061), Some(0), Some(7_055), Some(0)]
    );
    assert!(rows[1..].iter().all(|row| row.1 == Some(0)));
    assert_eq!(rows[0].6.as_ref().unwrap()["all_or_nothing"], false);
    assert_eq!(
        rows[0].6.as_ref().unwrap()["operations"][1]["operation"],
        "claim"
    );
    let player = |row: &Row| row.4.clone().unwrap();
    assert_eq!(
        player(&rows[1]),
        key(1).to_string(),
        "joins are the signer's"
    );
    assert_eq!(player(&rows[2]), key(5).to_string());
    assert!(
        rows[1..]
            .iter()
            .all(|row| row.3 == Some(key(3).to_string()))
    );
    assert_eq!(rows[1].5["house"], key(2).to_string());
    assert_eq!(rows[1].6.as_ref().unwrap()["order"]["tickets"], 7);
    assert_eq!(rows[2].6, Some(json!({"ticket": 9})));
    assert_eq!(
        rows[3].5["jackpot"],
        address::jackpot(&key(2), 2).to_string()
    );
    assert_eq!(rows[2].5["game_vault"], Value::Null);
    let rows = instructions(&database, &silent).await;
    assert!(rows.iter().all(|row| row.7.is_none()));
    let names: Vec<String> = database
        .value("SELECT instructions FROM transactions ORDER BY slot LIMIT 1")
        .await;
    assert_eq!(names, expected);
}

fn paid(amounts: [u64; 2]) -> PlayersPaid {
    let payment = |kind, index, amount| Payment {
        kind,
        index,
        ticket: if kind == Payment::AWARD { 6 } else { 0 },
        entry: key(4),
        player: key(5),
        amount,
    };
    PlayersPaid {
        version: EVENT_VERSION,
        game: key(3),
        payments: vec![
            payment(Payment::AWARD, 2, amounts[0]),
            payment(Payment::RENT, 0, amounts[1]),
        ],
        paid_out: amounts[0],
        refunded: 0,
        cranker: key(1),
        bounty: 9,
    }
}

#[tokio::test]
async fn events_are_kept_whole_and_their_payments_apart() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let two = [
        ix::claim_jackpot(key(1), keys(None), 2),
        ix::close_entry(key(1), keys(None)),
    ];
    let event = paid([u64::MAX, 3]);
    let events = [(1, event_data(&event)), (1, event_data(&paid([1, 2])))];
    let signature = node.tell(1, 5, key(1), &two, &events);
    read(&database, &node).await;
    type Event = (i16, i32, String, i16, String, String, U64, U64, Value);
    let row: Event = sqlx::query_as(
        "SELECT instruction, position, kind::text, version, game, cranker, amount, bounty, body
         FROM game_events e JOIN transactions t ON t.id = e.transaction_id
         WHERE t.signature = $1 AND position = 0",
    )
    .bind(&signature)
    .fetch_one(&database.pool)
    .await
    .unwrap();
    let body = row.8.clone();
    let text = |number: u8| key(number).to_string();
    assert_eq!(
        row,
        (
            1,
            0,
            "players_paid".to_owned(),
            1,
            text(3),
            text(1),
            U64(u64::MAX),
            U64(9),
            body.clone()
        )
    );
    let rest = json!({ "paid_out": "18446744073709551615", "refunded": "0" });
    assert_eq!(body, rest);
    type Paid = (
        i16,
        String,
        Option<i16>,
        Option<i16>,
        Option<i64>,
        String,
        U64,
    );
    let rows: Vec<Paid> = sqlx::query_as(
        "SELECT number, kind, place, tier, ticket, player, amount FROM payments
         WHERE position = 0 ORDER BY number",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let expected = [
        (
            0,
            "award".to_owned(),
            None,
            Some(2),
            Some(6),
            text(5),
            U64(u64::MAX),
        ),
        (1, "rent".to_owned(), None, None, None, text(5), U64(3)),
    ];
    assert_eq!(rows, expected);
    let by_game: i64 = sqlx::query_scalar("SELECT count(*) FROM game_events WHERE game = $1")
        .bind(text(3))
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(by_game, 2);
    assert!(letters(&database, "event").await.is_empty());
    // Read again, nothing comes twice.
    database.tamper("DELETE FROM ledger_cursor").await;
    read(&database, &node).await;
    let count: i64 = database.value("SELECT count(*) FROM game_events").await;
    let payments: i64 = database.value("SELECT count(*) FROM payments").await;
    assert_eq!((count, payments), (2, 4));
}

#[tokio::test]
async fn what_is_not_understood_is_kept_and_stops_nothing() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let close = ix::close_entry(key(1), keys(None));
    let mut unknown = close.clone();
    unknown.data = vec![9; 12];
    let mut cut = ix::claim(key(1), keys(None), 9);
    cut.data.truncate(10);
    let mut later = event_data(&paid([1, 2]));
    later[8] = EVENT_VERSION + 1;
    let events = [
        (0, vec![7; 20]),
        (0, later.clone()),
        (0, event_data(&paid([5, 6]))),
    ];
    let all: [Instruction; 3] = [close.clone(), unknown.clone(), cut.clone()];
    node.tell(1, 5, key(1), &all, &events);
    read(&database, &node).await;
    let kept = letters(&database, "event").await;
    let tag = anchor_lang::event::EVENT_IX_TAG_LE;
    let data: Vec<Vec<u8>> = kept.iter().map(|(bytes, _)| bytes.clone()).collect();
    assert_eq!(data, [[tag, &[7; 20]].concat(), [tag, &later].concat()]);
    assert!(
        kept[1].1.contains("players_paid of version 2"),
        "{}",
        kept[1].1
    );
    let data: Vec<Vec<u8>> = (letters(&database, "instruction").await.into_iter())
        .map(|(bytes, _)| bytes)
        .collect();
    assert_eq!(data, [unknown.data.clone(), cut.data.clone()]);
    let names: Vec<String> = database
        .value("SELECT instructions FROM transactions")
        .await;
    assert_eq!(names, ["close_entry", "unknown", "claim"]);
    // The event between is not lost.
    let events: i64 = database.value("SELECT count(*) FROM game_events").await;
    assert_eq!(events, 1);

    // Nonsense that failed is nobody's loss.
    let error = json!({"InstructionError": [1, {"Custom": 101}]});
    node.add(2, 6, key(1), &all, meta(error));
    read(&database, &node).await;
    assert_eq!(letters(&database, "instruction").await.len(), 2);
    let success: i64 = database
        .value("SELECT count(*) FROM instructions WHERE success")
        .await;
    let failed: i64 = database
        .value("SELECT count(*) FROM instructions WHERE NOT success")
        .await;
    assert_eq!((success, failed), (3, 3));

    // A node that does not tell inner instructions keeps events from us.
    let mut silent = meta(Value::Null);
    silent["innerInstructions"] = Value::Null;
    node.add(3, 7, key(1), &[close], silent);
    read(&database, &node).await;
    let kept = letters(&database, "transaction").await;
    assert_eq!(kept.len(), 1);
    assert!(kept[0].1.contains("events are missing"), "{}", kept[0].1);
}

/// Somebody else's instruction that looks like an event is none.
#[tokio::test]
async fn only_the_program_tells_events() {
    let database = TestDatabase::migrated().await;
    let node = Node::default();
    let mut forged = ix::close_entry(key(1), keys(None));
    let tag = anchor_lang::event::EVENT_IX_TAG_LE;
    forged.data = [tag, &event_data(&paid([1, 2]))].concat();
    node.add(1, 5, key(1), &[forged], meta(Value::Null));
    read(&database, &node).await;
    let events: i64 = database.value("SELECT count(*) FROM game_events").await;
    assert_eq!(events, 0);
}
