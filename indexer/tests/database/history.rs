//! Games that ended, and were closed, while nobody looked: the ledger tells the rest.

use crate::common::{
    TestDatabase,
    chain::{key, value},
    ledger::Chain,
    serve,
};
use lottery::{
    events::{EVENT_VERSION, JackpotFunded},
    state::GameStatus,
};
use lottery_client::instruction as ix;
use lottery_indexer::{
    derive,
    source::Snapshot,
    store::{games::GameBody, table},
    verify::{self, Vaults},
};
use serde_json::Value;

async fn see(database: &TestDatabase, snapshot: Snapshot) {
    database.ingest(crate::common::snapshot(snapshot)).await;
    derive::once(&database.pool).await.unwrap();
}

async fn stored(database: &TestDatabase, chain: &Chain) -> GameBody {
    let mut connection = database.pool.acquire().await.unwrap();
    table::find(&mut connection, &chain.world.games[0].0)
        .await
        .unwrap()
        .map(|row| row.body)
        .unwrap()
}

/// The row says what the game was in the end, as far as players and sums go.
async fn assert_ended(database: &TestDatabase, chain: &Chain) {
    let mut expected = GameBody::from(&chain.world.games[0].1);
    let found = stored(database, chain).await;
    // What nobody can tell any more.
    expected.bounty_escrow = found.bounty_escrow;
    expected.entries_closed = found.entries_closed;
    expected.next_round_at = found.next_round_at;
    expected.draw_index = found.draw_index;
    // The time of the transaction, which the world invents.
    assert!(found.settled_at > 1_700_000_000);
    expected.settled_at = found.settled_at;
    assert_eq!(found, expected);
    let closed: bool = database
        .value("SELECT bool_and(closed_at_slot IS NOT NULL) FROM games")
        .await;
    let entries: i64 = database
        .value("SELECT count(*) FROM entries WHERE closed_at_slot IS NULL")
        .await;
    assert_eq!((closed, entries), (true, 0));
}

/// In whichever order the snapshot and the ledger come.
#[tokio::test]
async fn a_game_settled_paid_and_closed_unseen_is_brought_to_its_end() {
    for ledger_first in [true, false] {
        let database = TestDatabase::migrated().await;
        let mut chain = Chain::new();
        chain.play_round(10, 1);
        chain.request(20);
        see(&database, chain.snapshot(21)).await;
        chain.world.reveal(value(2));
        chain.world.settle(0);
        chain.world.pay_winners(0, 3);
        chain.world.close_entries(0);
        chain.world.close_game(0);
        chain.land(22);
        if ledger_first {
            chain.read(&database).await;
            see(&database, chain.snapshot(23)).await;
        } else {
            see(&database, chain.snapshot(23)).await;
            chain.read(&database).await;
        }
        assert_ended(&database, &chain).await;
        let report = chain.verify(&database, 23).await;
        assert_eq!((report.checked.rounds, report.checked.winners), (2, 3));
        assert_eq!(
            (report.checked.unseen_games, report.checked.unseen_entries),
            (0, 0)
        );
        // Draws whose reveal and settlement nobody saw.
        let draws: i64 = database
            .value(
                "SELECT count(*) FROM draws WHERE closed_at_slot IS NOT NULL AND settled = games",
            )
            .await;
        assert_eq!(draws, 2);
        // Read again, or late, it says the same.
        database.tamper("DELETE FROM ledger_cursor").await;
        let before = stored(&database, &chain).await;
        chain.read(&database).await;
        assert_eq!(stored(&database, &chain).await, before);
    }
}

#[tokio::test]
async fn a_game_cancelled_refunded_and_closed_unseen_is_brought_to_its_end() {
    for ledger_first in [true, false] {
        let database = TestDatabase::migrated().await;
        let mut chain = Chain::new();
        see(&database, chain.snapshot(2)).await;
        chain.world.cancel(0);
        chain.world.refund_all(0);
        chain.world.close_entries(0);
        chain.land(10);
        // The game's account is still there, its entries are not.
        if ledger_first {
            chain.read(&database).await;
            see(&database, chain.snapshot(11)).await;
        } else {
            see(&database, chain.snapshot(11)).await;
            chain.read(&database).await;
        }
        chain.verify(&database, 11).await;
        chain.world.close_game(0);
        chain.land(12);
        chain.read(&database).await;
        assert_ended(&database, &chain).await;
        see(&database, chain.snapshot(13)).await;
        assert_ended(&database, &chain).await;
        chain.verify(&database, 13).await;
        let refunds: i64 = database
            .value("SELECT count(*) FROM payments WHERE kind = 'refund' AND ticket IS NULL")
            .await;
        assert_eq!(refunds, 4);
    }
}

/// The event of a game's close tells what its entries added up to, seen or not.
#[tokio::test]
async fn entries_that_nobody_saw_are_known_by_their_sums() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::new();
    see(&database, chain.snapshot(2)).await;
    chain.world.join(0, 15, 3, 6);
    chain.world.join(0, 16, 0, 5);
    chain.world.cancel(0);
    chain.world.refund_all(0);
    chain.world.close_entries(0);
    chain.world.close_game(0);
    chain.land(10);
    see(&database, chain.snapshot(11)).await;
    chain.read(&database).await;
    assert_ended(&database, &chain).await;
    let report = chain.verify(&database, 11).await;
    assert_eq!(report.checked.unseen_entries, 2);
    for tampering in [
        "UPDATE games SET entries_hash = sha256('')",
        "UPDATE game_events SET body = jsonb_set(body, '{tickets}', '30') WHERE kind = 'game_closed'",
    ] {
        database.tamper(tampering).await;
        let report = verify::pass(&database.pool, &chain.snapshot(11), &Vaults::new())
            .await
            .unwrap();
        let mut fields = report.differences.iter().map(|d| d.field.as_str());
        assert!(
            fields.any(|field| field == "entries when it was closed"),
            "{report}"
        );
    }
    let told: (String, String, i64) = sqlx::query_as(
        "SELECT created.body->>'prize_bps', closed.body->>'entries_hash', created.slot::bigint
         FROM game_events created, game_events closed
         WHERE created.kind = 'game_created' AND closed.kind = 'game_closed'",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    let hash = hex::encode(chain.world.games[0].1.entries_hash);
    assert_eq!(told, ("8000".to_owned(), hash, 1));
}

#[tokio::test]
async fn prizes_that_expired_are_nobodys() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::new();
    chain.play_round(10, 1);
    chain.play_round(20, 2);
    chain.world.pay_winners(0, 1);
    chain.land(22);
    see(&database, chain.snapshot(23)).await;
    chain.read(&database).await;
    chain.verify(&database, 23).await;
    chain.world.expire(0);
    chain.world.close_game(0);
    chain.land(30);
    // Entries close after their game.
    chain.world.close_entries(0);
    chain.land(31);
    see(&database, chain.snapshot(32)).await;
    chain.read(&database).await;
    assert_ended(&database, &chain).await;
    chain.verify(&database, 32).await;
    let base = serve(database.pool.clone()).await;
    let address = chain.world.games[0].0;
    let game: Value = reqwest::get(format!("{base}/api/games/{address}"))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(game["expired"], chain.world.games[0].1.expired.to_string());
    assert_eq!(
        (&game["closed"], &game["fully_paid"]),
        (&true.into(), &true.into())
    );
    let shown: Vec<(bool, bool)> = game["winners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| {
            (
                w["paid"].as_bool().unwrap(),
                w["expired"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(shown, [(true, false), (false, true), (false, true)]);
    let settled = game["settled_at"].as_i64().unwrap();
    assert_eq!(game["claims_end"], settled + 3_600);
}

#[tokio::test]
async fn an_aborted_draw_is_history_and_its_games_are_drawn_again() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::new();
    chain.request(10);
    let draw = chain.world.draws[0].0.to_string();
    see(&database, chain.snapshot(11)).await;
    chain.world.abort();
    chain.land(10_900);
    chain.read(&database).await;
    // Before any account tells of it.
    let body = stored(&database, &chain).await;
    assert_eq!((body.status, body.draw), (GameStatus::Open, None));
    let row: (i16, bool, i32, bool) = sqlx::query_as(
        "SELECT state, value IS NULL, settled, closed_at_slot IS NOT NULL FROM draws",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert_eq!(row, (2, true, 1, true));
    see(&database, chain.snapshot(10_901)).await;
    chain.verify(&database, 10_901).await;
    chain.play_round(10_910, 1);
    see(&database, chain.snapshot(10_920)).await;
    chain.read(&database).await;
    chain.verify(&database, 10_920).await;
    let base = serve(database.pool.clone()).await;
    let address = chain.world.games[0].0;
    let game: Value = reqwest::get(format!("{base}/api/games/{address}"))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(game["aborted_draws"][0]["draw"], draw);
    assert_eq!(game["aborted_draws"][0]["oracle"], key(5).to_string());
    assert_eq!(game["aborted_draws"][0]["released_at_slot"], 10_900);
    assert_ne!(game["rounds"][0]["proof"]["draw"], draw);
    assert_eq!(game["status"], "playing");
}

/// A database that begins after a game ended: what nobody saw is counted, not missed.
#[tokio::test]
async fn what_was_closed_before_the_database_began_is_no_difference() {
    for ledger in [true, false] {
        let database = TestDatabase::migrated().await;
        let mut chain = Chain::new();
        chain.play_round(10, 1);
        chain.play_round(20, 2);
        chain.world.pay_winners(0, 3);
        chain.world.close_entries(0);
        chain.land(22);
        see(&database, chain.snapshot(23)).await;
        if ledger {
            chain.read(&database).await;
            let report = chain.verify(&database, 23).await;
            assert_eq!(report.checked.unseen_entries, 4);
            // Winners without a name.
            let players: i64 = database.value("SELECT count(player) FROM winners").await;
            assert_eq!(players, 0);
        }
        chain.world.close_game(0);
        chain.land(24);
        let empty = TestDatabase::migrated().await;
        see(&empty, chain.snapshot(25)).await;
        if ledger {
            chain.read(&empty).await;
        }
        let report = chain.verify(&empty, 25).await;
        assert_eq!((report.checked.games, report.checked.unseen_games), (0, 1));
    }
}

/// With the house's whole history at hand, jackpots hold exactly what was paid in.
#[tokio::test]
async fn a_gift_to_a_jackpot_is_accounted_for() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::new();
    let (creator, house) = (chain.world.house.creator, chain.world.house_address);
    let params = lottery::state::HouseParams {
        vrf_queue: key(3),
        draw_timeout: 100,
        rules: lottery::state::HouseRules {
            treasury_wallet: key(2),
            jackpot_mean: [1; 3],
            bounty: 0,
            claim_window: 3_600,
            prize_bps: 10_000,
            jackpot_bps: [0; 3],
            treasury_bps: 0,
            reserve_bps: [0; 3],
            open_creation: false,
        },
    };
    let create = [ix::create_house(creator, 7, params, None)];
    chain.node.tell(200, 2, creator, &create, &[]);
    let jackpot = &mut chain.world.jackpots[1];
    jackpot.contribute(70, 3).unwrap();
    let (pot, total_contributions) = (jackpot.amount, jackpot.total_contributions);
    chain.world.tell(&JackpotFunded {
        version: EVENT_VERSION,
        house,
        tier: 1,
        from: key(9),
        amount: 70,
        pot,
        total_contributions,
    });
    chain.land(3);
    see(&database, chain.snapshot(4)).await;
    chain.read(&database).await;
    chain.verify(&database, 4).await;
    database
        .tamper("DELETE FROM jackpot_contributions WHERE source = 'gift'")
        .await;
    let report = verify::pass(&database.pool, &chain.snapshot(4), &Vaults::new())
        .await
        .unwrap();
    let fields: Vec<&str> = report
        .differences
        .iter()
        .map(|d| d.field.as_str())
        .collect();
    assert_eq!(fields, ["contributions"]);
}
