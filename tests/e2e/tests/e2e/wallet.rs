//! The TypeScript client plays as a wallet does: a process of its own that knows a
//! house, a node and its key. What it reports is compared with the chain and with
//! the draw as the program computes it.

use std::{path::Path, process::Stdio, time::Duration};

use lottery::{
    draw::{Fate, fate},
    math::place_prize,
    state::{Entry, Game, GameParams},
};
use lottery_client::address;
use lottery_demo::{
    services,
    table::{SOL, doomed, five_rounds, one_round},
};
use lottery_localnet::ClusterChoice;
use serde_json::{Value, json};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use tokio::process::{Child, Command};

use crate::stage::{Stage, on_each_cluster};

/// Tickets that the others and the wallet buy.
const OTHERS: usize = 9;
const TICKETS: u32 = 3;

/// Winners among the twelve tickets: the wallet has at least one of them.
const WINNERS: u8 = 10;

/// Price of a signature (lamports).
const SIGNATURE_FEE: u64 = 5_000;

/// How long the doomed game sells (seconds).
const DOOMED_SECONDS: i64 = 15;

/// How long the wallet may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A player whose wallet is the TypeScript client.
struct Wallet {
    key: Keypair,
    folder: tempfile::TempDir,
}

/// How the client ended.
struct Ended {
    code: Option<i32>,
    report: Value,
    errors: String,
}

impl Wallet {
    async fn open(stage: &Stage) -> Self {
        let key = Keypair::new();
        let folder = tempfile::tempdir().unwrap();
        services::write_keypair(&folder.path().join("key.json"), &key).unwrap();
        stage.localnet.airdrop(&key.pubkey(), SOL).await.unwrap();
        Self { key, folder }
    }

    /// Runs the client with its key on the stage's cluster.
    async fn play(&self, stage: &Stage, arguments: &[&str]) -> Ended {
        let client = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../clients/typescript/dist/play/main.js");
        assert!(
            client.is_file(),
            "the TypeScript client is not built: run scripts/build-clients"
        );
        let run = Command::new("node")
            .arg(client)
            .arg("--keypair")
            .arg(self.folder.path().join("key.json"))
            .args(["--tickets", &TICKETS.to_string(), "--patience", "90"])
            .args(arguments)
            .env("RPC_URL", stage.localnet.rpc_url())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, run)
            .await
            .expect("the wallet does not end")
            .expect("node cannot be run: run scripts/setup, which installs it");
        Ended {
            code: output.status.code(),
            report: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ended {
    /// The report of a wallet that got everything it was owed.
    fn well(self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.errors);
        self.report
    }

    fn refused(&self) {
        assert_eq!(self.code, Some(3), "{}", self.errors);
        assert_eq!(self.report, Value::Null);
    }
}

/// A game of two rounds in which almost every ticket wins.
fn generous(id: u64, now: i64) -> GameParams {
    let total = u32::try_from(OTHERS).unwrap() + TICKETS;
    let mut params = five_rounds(id, now, total);
    params.rounds = 2;
    params.keep_bps = [0; 8];
    params.keep_bps[0] = 9_000;
    params.min_tickets = total;
    params.winners = WINNERS;
    params.place_bps = [0; 32];
    for (place, bps) in params.place_bps[..usize::from(WINNERS)]
        .iter_mut()
        .enumerate()
    {
        *bps = if place == 0 { 1_900 } else { 900 };
    }
    params
}

fn amount(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

/// What the draw owes to the entry, in the report's words and order.
fn owed(game: &Game, entry: &Entry) -> Vec<Value> {
    let tickets = entry.first_ticket..entry.first_ticket + entry.tickets;
    let places = tickets.filter_map(|ticket| match fate(&game.rules(), game.seeds(), ticket) {
        Fate::Alive(place) => {
            let prize = place_prize(game.prize_pool, &game.place_bps, place as usize);
            Some(json!({ "ticket": ticket, "place": place, "amount": prize.to_string() }))
        }
        Fate::Eliminated(_) => None,
    });
    let jackpots = (0..).zip(game.jackpot_awards.iter().zip(&game.jackpot_tickets));
    let awards = jackpots.filter(|(_, (award, ticket))| **award > 0 && entry.holds(**ticket));
    places
        .chain(awards.map(|(tier, (award, ticket)): (u8, _)| {
            json!({ "ticket": ticket, "jackpot": tier, "amount": award.to_string() })
        }))
        .collect()
}

/// The report tells what the chain does: the entry, every prize, every lamport.
async fn check(stage: &Stage, wallet: &Wallet, game: &Pubkey, report: &Value) -> Vec<Value> {
    let player = wallet.key.pubkey();
    let entry_address = address::entry(game, &player, 0);
    assert_eq!(report["game"], game.to_string());
    assert_eq!(report["player"], player.to_string());
    assert_eq!(report["joined"]["entry"], entry_address.to_string());
    let entry: Entry = stage.state(&entry_address).await;
    assert_eq!(entry.tickets, TICKETS);
    assert_eq!(report["joined"]["firstTicket"], entry.first_ticket);
    assert_eq!(amount(&report["joined"]["paid"]), entry.paid);

    let rent = stage.table.rpc().get_balance(&entry_address).await.unwrap();
    let balance = |when: &str| amount(&report["balance"][when]);
    assert_eq!(
        balance("before") - balance("joined"),
        entry.paid + rent + SIGNATURE_FEE
    );
    let mut prizes = report["prizes"].as_array().unwrap().clone();
    let payments: Vec<_> = prizes
        .iter_mut()
        .map(|prize| prize.as_object_mut().unwrap().remove("paid").unwrap())
        .collect();
    let state: Game = stage.state(game).await;
    assert_eq!(prizes, owed(&state, &entry));
    let count = |what: &dyn Fn(&&Value) -> bool| {
        u64::try_from(payments.iter().filter(what).count()).unwrap()
    };
    let claimed = count(&|paid| paid.get("signature").is_some());
    let lost = count(&|paid| paid.get("lost").is_some());
    let won: u64 = prizes.iter().map(|prize| amount(&prize["amount"])).sum();
    // Who claims for themselves earns the bounty too.
    let earned = won + state.bounty * claimed;
    let fees = SIGNATURE_FEE * (claimed + lost);
    assert_eq!(balance("joined") + earned - fees, balance("after"));
    payments
}

/// Plays a generous game, waiting `grace` seconds for a keeper to pay; how each
/// prize arrived.
async fn play_generous(stage: &Stage, wallet: &Wallet, grace: &str) -> Vec<Value> {
    let game = stage.table.create_game(generous).await.unwrap();
    stage
        .table
        .join_all(game, OTHERS, |_| 1, || ())
        .await
        .unwrap();
    let house = stage.table.house.to_string();
    let report = wallet
        .play(stage, &["--house", &house, "--grace", grace])
        .await
        .well();
    assert_eq!(report["outcome"], "won");
    let payments = check(stage, wallet, &game, &report).await;
    assert!(!payments.is_empty());
    // Nothing is sold any more.
    wallet.play(stage, &["--house", &house]).await.refused();
    let game = game.to_string();
    wallet.play(stage, &["--game", &game]).await.refused();
    payments
}

/// A stage whose house admits games of a hundred tickets.
async fn set(cluster: ClusterChoice, name: &str) -> Stage {
    Stage::set_with(cluster, name, OTHERS, None, |house| {
        house.rules.jackpot_mean[0] = SOL;
    })
    .await
}

/// A keeper pushes what is owed: prizes, and the refund of a cancelled game.
async fn wallet_beside_a_keeper(cluster: ClusterChoice, name: &str) {
    let mut stage = set(cluster, &format!("wallet_{name}")).await;
    stage.start_keeper().await;
    let wallet = Wallet::open(&stage).await;
    let payments = play_generous(&stage, &wallet, "60").await;
    assert!(payments.iter().all(|paid| *paid == json!({ "by": "push" })));

    let game = stage
        .table
        .create_game(|id, now| doomed(id, now, 100, DOOMED_SECONDS))
        .await
        .unwrap();
    let place = game.to_string();
    let dear = ["--game", &place, "--max-price", "1"];
    wallet.play(&stage, &dear).await.refused();
    let report = wallet.play(&stage, &["--game", &place]).await.well();
    assert_eq!(report["outcome"], "refunded");
    assert_eq!(report["refund"]["amount"], report["joined"]["paid"]);
    let entry: Entry = stage
        .state(&address::entry(&game, &wallet.key.pubkey(), 0))
        .await;
    assert_eq!(entry.refunded, 1);
    stage.strike().await;
}

/// A keeper that settles games and pays nobody.
fn thrifty_keeper(stage: &Stage, folder: &Path, key: &Keypair) -> Child {
    let keypair = folder.join("keeper.json");
    services::write_keypair(&keypair, key).unwrap();
    Command::new(services::binary("lottery-keeper").unwrap())
        .args(["run", "--push-claims", "false", "--push-refunds", "false"])
        .args(["--rpc-url", stage.localnet.rpc_url()])
        .args(["--ws-url", stage.localnet.ws_url()])
        .arg("--keypair")
        .arg(keypair)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Nobody pushes anything: the wallet claims.
async fn wallet_for_itself(cluster: ClusterChoice, name: &str) {
    let stage = set(cluster, &format!("claims_{name}")).await;
    let folder = tempfile::tempdir().unwrap();
    let key = Keypair::new();
    stage
        .localnet
        .airdrop(&key.pubkey(), 10 * SOL)
        .await
        .unwrap();
    let mut keeper = thrifty_keeper(&stage, folder.path(), &key);
    let wallet = Wallet::open(&stage).await;
    let payments = play_generous(&stage, &wallet, "0").await;
    assert!(payments.iter().all(|paid| paid["by"] == "claim"));

    // A game that is not over when patience ends.
    let long = stage
        .table
        .create_game(|id, now| one_round(id, now, 100))
        .await
        .unwrap();
    let place = long.to_string();
    let ended = wallet
        .play(&stage, &["--game", &place, "--patience", "1"])
        .await;
    assert_eq!(ended.code, Some(4), "{}", ended.errors);
    keeper.kill().await.unwrap();
    stage.strike().await;
}

on_each_cluster!(wallet_beside_a_keeper, wallet_for_itself);
