//! The binary, started as a process.

use std::{net::TcpListener, path::Path, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use super::{node, url};
use crate::common::TestDatabase;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, with nothing in its environment that could tell it more.
fn indexer(verb: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lottery-indexer"));
    command
        .arg(verb)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// An address where nobody listens.
fn free_address() -> String {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    taken.local_addr().unwrap().to_string()
}

/// Asks until the answer is as wanted.
async fn until(url: &str, wanted: impl Fn(u16, &Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    let mut last = None;
    while Instant::now() < deadline {
        if let Ok(answer) = reqwest::get(url).await {
            let status = answer.status().as_u16();
            let body: Value = answer.json().await.unwrap();
            if wanted(status, &body) {
                return body;
            }
            last = Some((status, body));
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{url} says {last:?}");
}

/// Asks a process to stop; its exit code, and what it logged.
async fn stop(child: Child) -> (Option<i32>, String) {
    let id = child.id().unwrap().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(sent.unwrap().success());
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), log)
}

fn write_config(folder: &Path, text: &str) -> String {
    let path = folder.join("indexer.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_once_a_snapshot_is_in_and_drains_when_told() {
    let (node, database) = (node::start().await, TestDatabase::empty().await);
    let folder = tempfile::tempdir().unwrap();
    let (api, metrics) = (free_address(), free_address());
    let config = write_config(
        folder.path(),
        &format!(
            "rpc_url = '{node}'\nsource = 'polling'\nsnapshot_seconds = 1\n\
             listen = '{api}'\nmetrics_listen = '{metrics}'\n"
        ),
    );
    let writer = indexer("run")
        .args(["--config", &config])
        .env("LOTTERY_INDEXER_DATABASE_URL", url(&database))
        .spawn()
        .unwrap();
    let is_ready = |status: u16, _: &Value| status == 200;
    let report = until(&format!("http://{metrics}/readyz"), is_ready).await;
    assert_eq!(report["checks"]["snapshot"]["ok"], true, "{report}");
    let health = until(&format!("http://{metrics}/healthz"), |_, _| true).await;
    assert_eq!(health["ok"], true, "{health}");
    let is_indexed = |_: u16, body: &Value| body["indexed_slot"].as_i64() >= Some(1_000);
    until(&format!("http://{api}/api/status"), is_indexed).await;

    // Another process serves what that one writes.
    let (api, metrics) = (free_address(), free_address());
    let reader = indexer("serve")
        .args(["--listen", &api, "--metrics-listen", &metrics])
        .env("DATABASE_URL", url(&database))
        .spawn()
        .unwrap();
    until(&format!("http://{metrics}/readyz"), is_ready).await;
    until(&format!("http://{api}/api/status"), is_indexed).await;

    for child in [reader, writer] {
        let (code, log) = stop(child).await;
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("the configuration in effect"), "{log}");
        assert!(log.contains("\"database_url\":\"…\""), "{log}");
        assert!(!log.contains('\u{1b}'), "no colours for a file: {log}");
    }
}

/// Exit code and words of a command that ends by itself.
async fn ended(command: &mut Command) -> (Option<i32>, String) {
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap()
        .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), words)
}

#[tokio::test]
async fn what_it_does_not_know_is_refused_by_name() {
    let (code, words) = ended(indexer("config").env("LOTTERY_INDEXER_RPC", "x")).await;
    assert_eq!(code, Some(1));
    assert!(words.contains("LOTTERY_INDEXER_RPC;"), "{words}");

    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), "snapshot_interval = 30\n");
    let (code, words) = ended(indexer("migrate").args(["--config", &config])).await;
    assert_eq!(code, Some(1));
    assert!(words.contains("`snapshot_interval`"), "{words}");

    let (code, words) = ended(indexer("run").args(["--stall-seconds", "1"])).await;
    assert_eq!(code, Some(1));
    assert!(words.contains("stall_seconds: must be longer"), "{words}");
}

#[tokio::test]
async fn what_could_not_be_checked_is_not_called_different() {
    let nowhere = "postgres://nobody:SECRET@127.0.0.1:9/nothing";
    let (code, words) = ended(
        indexer("verify")
            .args(["--rpc-url", "http://127.0.0.1:9/SECRET"])
            .env("DATABASE_URL", nowhere),
    )
    .await;
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("could not check"), "{words}");
    assert!(!words.contains("SECRET"), "{words}");
    // Nor is what makes no sense.
    let (code, _) = ended(indexer("verify").args(["--ledger-ms", "1"])).await;
    assert_eq!(code, Some(2));
}

#[tokio::test]
async fn what_is_set_is_shown_without_secrets() {
    let output = indexer("config")
        .args([
            "--geyser-url",
            "https://grpc/SECRET",
            "--geyser-token",
            "SECRET",
        ])
        .env("RPC_URL", "https://node/SECRET")
        .env("DATABASE_URL", "postgres://u:SECRET@db/lottery")
        .output()
        .await
        .unwrap();
    assert!(output.status.success());
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("rpc_url = \"https://node/…\""), "{shown}");
    assert!(shown.contains("geyser_token = \"…\""), "{shown}");
    assert!(!shown.contains("SECRET"), "{shown}");
}
