//! The server of metrics and health, asked over a real socket, beside a real database.
//! One test: a process has one recorder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{sync::Arc, time::Duration};

use common::TestDatabase;
use lottery_indexer::telemetry::{
    self, Connections, Finality, Health, Letter, Role, Server, Source,
    metrics::{ALL, Sort},
    watch::Watch,
};
use serde_json::Value;

const STALL: Duration = Duration::from_secs(3_600);

/// Status and body of an answer.
async fn ask(server: &Server, path: &str) -> (u16, String) {
    let url = format!("http://{}{path}", server.address());
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn checks(server: &Server, path: &str) -> (u16, Value) {
    let (status, body) = ask(server, path).await;
    (status, serde_json::from_str(&body).unwrap())
}

fn assert_complete(body: &str) {
    for metric in ALL {
        let name = metric.name;
        let sort = match metric.sort {
            Sort::Counter => "counter",
            Sort::Gauge => "gauge",
            Sort::Histogram(_) => "histogram",
        };
        assert!(body.contains(&format!("# TYPE {name} {sort}\n")), "{name}");
        assert!(body.contains(&format!("# HELP {name} ")), "{name}");
        let is_shown = body.lines().any(|line| {
            let series = line.split([' ', '{']).next().unwrap_or_default();
            series == name || series.strip_suffix("_count") == Some(name)
        });
        assert!(is_shown, "{name} has no series");
    }
}

#[tokio::test]
async fn metrics_and_health_tell_of_the_tables() {
    let database = TestDatabase::empty().await;
    let health = Arc::new(Health::new(Role::Writer, STALL));
    let address = "127.0.0.1:0".parse().unwrap();
    let server = telemetry::serve(address, Arc::clone(&health))
        .await
        .unwrap();
    let watch = Watch {
        health: Arc::clone(&health),
        writing: Some(database.pool.clone()),
        reading: Some(database.pool.clone()),
        finality: Finality::Confirmed,
    };

    // Everything is there before anything happened, described and of its sort.
    let (status, body) = ask(&server, "/metrics").await;
    assert_eq!(status, 200);
    assert_complete(&body);

    // An empty database answers, and that is all.
    watch.look().await;
    let (status, report) = checks(&server, "/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(report["checks"]["database"]["ok"], true, "{report}");
    assert_eq!(report["checks"]["schema"]["ok"], false);

    // With tables that are 40 slots behind the chain, and a letter that waits.
    lottery_indexer::store::migrate(&database.pool)
        .await
        .unwrap();
    for sql in [
        "INSERT INTO watermark (genesis_hash, program, commitment, snapshot_slot,
                                applied_slot, applied_at, chain_slot, chain_at)
         VALUES ('test', '11111111111111111111111111111111', 'confirmed', 900,
                 960, now() - interval '10 s', 1000, now())",
        "INSERT INTO dead_letters (kind, key, slot, last_slot, bytes, reason)
         VALUES ('account', 'x', 1, 1, '\\x00', 'unknown')",
    ] {
        database.tamper(sql).await;
    }
    watch.look().await;
    telemetry::rows_written("entries", 7);
    telemetry::batch(7, Duration::from_millis(20));
    telemetry::queue(12);
    telemetry::source(Source::Websocket, true);
    telemetry::reconnected(Source::Geyser);
    telemetry::gap_found();
    telemetry::gap_refilled();
    telemetry::slots_dropped(2);
    telemetry::rows_reverted("games", 3);
    telemetry::snapshot(55, Duration::from_secs(2));
    telemetry::ledger_transactions(9);
    telemetry::dead_letter(Letter::Message);
    telemetry::statement_failed(&sqlx::Error::PoolTimedOut);
    telemetry::acquired(Connections::Reading, Duration::from_millis(2));
    telemetry::statistics_refreshed(Duration::from_secs(4));
    telemetry::statistics_failed();
    let (_, body) = ask(&server, "/metrics").await;
    for line in [
        "chain_slot 1000",
        "applied_slot 960",
        "lag_slots{finality=\"confirmed\"} 40",
        "rows_written_total{table=\"entries\"} 7",
        "batch_rows_bucket{le=\"10\"} 1",
        "batch_rows_bucket{le=\"5\"} 0",
        "batch_seconds_bucket{le=\"0.025\"} 1",
        "queue_events 12",
        "source_up{source=\"websocket\"} 1",
        "source_up{source=\"polling\"} 0",
        "reconnects_total{source=\"geyser\"} 1",
        "gaps_found_total 1",
        "gaps_refilled_total 1",
        "slots_dropped_total 2",
        "rows_reverted_total{table=\"games\"} 3",
        "snapshots_total 1",
        "snapshot_accounts 55",
        "ledger_transactions_total 9",
        "dead_letters_total{kind=\"message\"} 1",
        "dead_letters_waiting 1",
        "statement_failures_total{class=\"pool\"} 1",
        "statistics_refreshes_total{outcome=\"ok\"} 1",
        "statistics_refreshes_total{outcome=\"failed\"} 1",
        "connections_max{pool=\"writing\"} 5",
        "database_up 1",
        "ready 1",
        "healthy 1",
    ] {
        let line = format!("lottery_indexer_{line}");
        assert!(body.lines().any(|shown| shown == line), "{line} in {body}");
    }
    let age = "lottery_indexer_lag_seconds{finality=\"confirmed\"} ";
    let age = body
        .lines()
        .find_map(|line| line.strip_prefix(age))
        .unwrap();
    assert!(age.parse::<f64>().unwrap() >= 10.0, "{age}");

    let (status, report) = checks(&server, "/readyz").await;
    assert_eq!(status, 200, "{report}");
    let (status, report) = checks(&server, "/healthz").await;
    assert_eq!(status, 200, "{report}");
    let seen = report["checks"]["watermark"]["seen"].as_str().unwrap();
    assert!(seen.starts_with("slot 960 of 1000, reached"), "{seen}");

    // The database is gone.
    database.pool.close().await;
    watch.look().await;
    let (_, body) = ask(&server, "/metrics").await;
    assert!(body.contains("\nlottery_indexer_database_up 0\n"), "{body}");

    health.draining();
    let (status, report) = checks(&server, "/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(report["checks"]["work"]["ok"], false);

    // Somebody else listens there already.
    let second = telemetry::serve(server.address(), health).await;
    let error = second.err().unwrap().to_string();
    assert!(
        error.starts_with("metrics_listen: cannot listen on 127.0.0.1:"),
        "{error}"
    );
    server.stop().await;
}
