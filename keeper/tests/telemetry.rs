//! The server of metrics and health, asked over a real socket. One test: a process has
//! one recorder.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{sync::Arc, time::Duration};

use lottery_keeper::{
    oracles::{OracleResult, OracleSeen},
    telemetry::{self, Health, Kind, Outcome, Role, Server, Step, metrics::ALL, metrics::Sort},
};
use serde_json::Value;
use solana_pubkey::Pubkey;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const STALL: Duration = Duration::from_secs(3_600);

/// Status and body of an answer.
async fn ask(server: &Server, line: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let question = format!("{line} HTTP/1.1\r\nHost: keeper\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

async fn checks(server: &Server, path: &str) -> (u16, Value) {
    let (status, body) = ask(server, &format!("GET {path}")).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn metrics_and_health_are_served() {
    let address = "127.0.0.1:0".parse().unwrap();
    let health = Arc::new(Health::default());
    let server = telemetry::serve(address, health.clone(), STALL, 2)
        .await
        .unwrap();

    // Everything is there before anything happened, described and of its sort.
    let (status, body) = ask(&server, "GET /metrics").await;
    assert_eq!(status, 200);
    for metric in ALL {
        let name = metric.name;
        let sort = match metric.sort {
            Sort::Counter => "counter",
            Sort::Gauge => "gauge",
            Sort::Histogram(_) => "histogram",
        };
        assert!(body.contains(&format!("# TYPE {name} {sort}\n")), "{name}");
        assert!(body.contains(&format!("# HELP {name} ")), "{name}");
        let shown = |suffix: &str| {
            let mut lines = body.lines();
            lines.any(|line| {
                let rest = line
                    .strip_prefix(name)
                    .and_then(|it| it.strip_prefix(suffix));
                rest.is_some_and(|rest| rest.starts_with([' ', '{']))
            })
        };
        assert!(shown("") || shown("_count"), "{name} has no series");
    }

    // What happens is counted.
    telemetry::action(Kind::Refund, Outcome::Done);
    telemetry::action(Kind::Refund, Outcome::Done);
    telemetry::asked(
        1,
        "getProgramAccounts",
        "timeout",
        Duration::from_millis(30),
    );
    telemetry::lag(Step::Reveal, 3, Duration::from_secs(1));
    telemetry::balance(12_000_000_000, 100_000_000);
    let oracle = Pubkey::new_unique();
    telemetry::oracle(&OracleSeen {
        oracle,
        draw: Pubkey::new_unique(),
        result: OracleResult::Answered(Duration::from_millis(80)),
    });
    let (_, body) = ask(&server, "GET /metrics").await;
    for line in [
        "lottery_keeper_actions_total{kind=\"refund\",outcome=\"done\"} 2".to_owned(),
        "lottery_keeper_rpc_requests_total{endpoint=\"1\",method=\"search\",outcome=\"timeout\"} 1"
            .to_owned(),
        "lottery_keeper_step_lag_slots_bucket{step=\"reveal\",le=\"3\"} 1".to_owned(),
        "lottery_keeper_step_lag_slots_bucket{step=\"reveal\",le=\"2\"} 0".to_owned(),
        "lottery_keeper_payer_balance_lamports 12000000000".to_owned(),
        format!(
            "lottery_keeper_oracle_answers_total{{oracle=\"{oracle}\",outcome=\"answered\"}} 1"
        ),
        "lottery_keeper_ready 0".to_owned(),
        "lottery_keeper_healthy 1".to_owned(),
    ] {
        assert!(body.lines().any(|shown| shown == line), "{line} in {body}");
    }

    // Ready once it has scanned, can ask somebody and knows who acts.
    let (status, report) = checks(&server, "/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(report["ok"], false);
    assert_eq!(report["checks"]["scan"]["ok"], false);
    health.scanned();
    health.endpoints(2);
    health.acts(Role::Leader, 4);
    let (status, report) = checks(&server, "/readyz").await;
    assert_eq!(status, 200, "{report}");
    health.draining();
    let (status, report) = checks(&server, "/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(report["checks"]["work"]["ok"], false);

    let (status, report) = checks(&server, "/healthz").await;
    assert_eq!(status, 200, "{report}");
    assert_eq!(report["checks"]["loop"]["ok"], true);

    assert_eq!(ask(&server, "GET /").await.0, 404);
    assert_eq!(ask(&server, "POST /metrics").await.0, 405);

    // Somebody else listens there already.
    let second = telemetry::serve(server.address(), health, STALL, 1).await;
    let error = second.err().unwrap().to_string();
    assert!(
        error.starts_with("listen: cannot listen on 127.0.0.1:"),
        "{error}"
    );
    server.stop().await;
}
