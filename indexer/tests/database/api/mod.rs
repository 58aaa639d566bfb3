//! The routes, over a real socket.

mod refusals;

use crate::common::{
    TestDatabase,
    chain::{Rule, World, key},
    serve,
};
use lottery_indexer::{derive, source::Event};
use serde_json::Value;

/// An answer: status and body.
async fn get(base: &str, path: &str) -> (u16, Value) {
    let response = reqwest::get(format!("{base}{path}")).await.unwrap();
    let status = response.status().as_u16();
    assert_eq!(
        response.headers()["content-type"],
        "application/json",
        "{path}"
    );
    (status, response.json().await.unwrap())
}

async fn ok(base: &str, path: &str) -> Value {
    let (status, body) = get(base, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

async fn seeded() -> (TestDatabase, World, String) {
    let database = TestDatabase::migrated().await;
    let (world, told) = World::played();
    let mut events: Vec<Event> = told.into_iter().map(Event::Account).collect();
    events.push(Event::Progress {
        applied: 55,
        chain: 57,
    });
    database.ingest(events).await;
    derive::once(&database.pool).await.unwrap();
    let base = serve(database.pool.clone()).await;
    (database, world, base)
}

#[tokio::test]
async fn a_game_shows_its_rules_rounds_proofs_and_winners() {
    let (_database, world, base) = seeded().await;
    let (address, chain) = &world.games[0];
    let game = ok(&base, &format!("/api/games/{address}")).await;
    assert_eq!(game["status"], "settled");
    assert_eq!(game["id"], "0");
    assert_eq!(game["players"], 4);
    assert_eq!(game["rules"]["entry_fee"], "10007");
    assert_eq!(game["rules"]["keep_bps"], serde_json::json!([5000, 5000]));
    assert_eq!(game["gross"], (10_007u64 * 151).to_string());
    assert_eq!(game["prize_pool"], chain.prize_pool.to_string());
    assert_eq!(game["entries_hash"], hex::encode(chain.entries_hash));
    let rounds = game["rounds"].as_array().unwrap();
    let sizes: Vec<_> = rounds
        .iter()
        .map(|r| r["survivors"].as_u64().unwrap())
        .collect();
    assert_eq!(
        (rounds[0]["tickets"].as_u64(), sizes),
        (Some(151), vec![76, 38, 5])
    );
    for (round, seed) in rounds.iter().zip(&chain.round_seeds) {
        assert_eq!(round["seed"], hex::encode(seed));
        // The proof is enough to recompute the seed.
        let value = hex::decode(round["proof"]["value"].as_str().unwrap()).unwrap();
        let number = u8::try_from(round["round"].as_u64().unwrap()).unwrap();
        let value = value.try_into().unwrap();
        assert_eq!(lottery::draw::round_seed(&value, address, number), *seed);
    }
    let winners = game["winners"].as_array().unwrap();
    assert_eq!(winners.len(), 5);
    let prizes: u64 = winners
        .iter()
        .map(|w| w["prize"].as_str().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(prizes, chain.prize_pool);
    assert_eq!(
        (&winners[0]["paid"], &winners[1]["paid"]),
        (&true.into(), &false.into())
    );
    let jackpot = &game["jackpots"][0];
    assert_eq!(jackpot["tier"], "minor");
    assert_eq!(jackpot["award"], chain.jackpot_awards[0].to_string());
    assert_eq!(jackpot["paid"], false);

    // Of a house that plays for native SOL.
    assert_eq!(
        (&game["mint"], &game["vault"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(game["rules"]["bounty"], "5000");
    assert_eq!(game["rules"]["claim_window"], 3_600);
    assert_eq!(game["claims_end"], chain.settled_at + 3_600);
    assert_eq!(game["bounty_escrow"], chain.bounty_escrow.to_string());
    assert_eq!(game["aborted_draws"], serde_json::json!([]));
    assert_eq!(game["tried_oracles"], serde_json::json!([]));

    // A game between rounds shows what is to come, too.
    let game = ok(&base, &format!("/api/games/{}", world.games[1].0)).await;
    assert_eq!(
        (&game["status"], &game["settled_at"]),
        (&"playing".into(), &Value::Null)
    );
    assert_eq!(game["rounds"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&game["rounds"][1]["seed"], &game["rounds"][1]["proof"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(game["winners"], serde_json::json!([]));
}

#[tokio::test]
async fn pages_hold_every_game_once() {
    let database = TestDatabase::migrated().await;
    let mut world = World::new();
    for number in 0..23 {
        let index = world.open(Rule {
            rounds: 1,
            winners: 1,
            keep_bps: 0,
            entry_fee: u64::MAX / 1_000_000,
        });
        // Groups that opened in the same second.
        world.games[index].1.opens_at = number / 5;
    }
    database.snapshot(1, world.accounts(1)).await;
    let base = serve(database.pool.clone()).await;
    for path in [
        "/api/games?limit=4",
        "/api/games?status=open&limit=5",
        "/api/games/active?limit=7",
    ] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = ok(&base, &format!("{path}{cursor}")).await;
            let games = page["games"].as_array().unwrap();
            assert!(!games.is_empty());
            seen.extend(
                games
                    .iter()
                    .map(|g| g["address"].as_str().unwrap().to_owned()),
            );
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 23, "{path}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 23, "{path}");
    }
    let none = ok(&base, "/api/games?status=settled").await;
    assert_eq!(none, serde_json::json!({"games": [], "next_cursor": null}));
    let mine = ok(
        &base,
        &format!("/api/games?house={}&limit=200", world.house_address),
    )
    .await;
    assert_eq!(mine["games"].as_array().unwrap().len(), 23);
    let other = ok(&base, &format!("/api/games?house={}", key(9))).await;
    assert_eq!(other["games"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn active_games_count_players_and_tickets() {
    let (_database, world, base) = seeded().await;
    let page = ok(&base, "/api/games/active").await;
    let games = page["games"].as_array().unwrap();
    assert_eq!(games.len(), 2, "the settled one is not active");
    let playing = games.iter().find(|g| g["status"] == "playing").unwrap();
    assert_eq!(playing["address"], world.games[1].0.to_string());
    assert_eq!(
        (&playing["players"], &playing["entries"]),
        (&4.into(), &5.into())
    );
    assert_eq!(playing["tickets"], world.games[1].1.tickets);
    let open = games.iter().find(|g| g["status"] == "open").unwrap();
    assert_eq!((&open["players"], &open["tickets"]), (&1.into(), &2.into()));
    assert_eq!(open["next_round_at"], Value::Null);
}

#[tokio::test]
async fn jackpots_show_three_tiers_with_their_last_win() {
    let (_database, world, base) = seeded().await;
    let body = ok(
        &base,
        &format!("/api/jackpots?house={}", world.house_address),
    )
    .await;
    let jackpots = body["jackpots"].as_array().unwrap();
    let names: Vec<_> = jackpots
        .iter()
        .map(|j| j["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["minor", "major", "mega"]);
    for (shown, chain) in jackpots.iter().zip(&world.jackpots) {
        assert_eq!(shown["amount"], chain.amount.to_string());
        assert_eq!(
            shown["total_contributions"],
            chain.total_contributions.to_string()
        );
        assert_eq!(shown["hits"], chain.hits.to_string());
        assert_eq!(shown["version"], chain.revision.to_string());
        assert_eq!(
            (&shown["mint"], &shown["vault"]),
            (&Value::Null, &Value::Null)
        );
    }
    let minor = &jackpots[0]["last_win"];
    assert_eq!(
        minor["amount"],
        world.jackpots[0].last_won_amount.to_string()
    );
    assert_eq!(minor["claimed"], false);
    let ticket = world.jackpots[0].last_ticket;
    let holder = world
        .entries
        .iter()
        .find(|(_, e)| e.game == world.games[0].0 && e.holds(ticket))
        .unwrap();
    assert_eq!(minor["winner"], holder.1.player.to_string());
    assert_eq!(jackpots[2]["last_win"], Value::Null);
}

/// Amounts of a token house are in its token's units, and say so.
#[tokio::test]
async fn a_token_house_names_its_mint() {
    let database = TestDatabase::migrated().await;
    let (mut world, _) = World::played();
    world.house.mint = key(40);
    world.jackpots[0].vault = key(41);
    world.games[2].1.vault = key(42);
    database.snapshot(1, world.accounts(1)).await;
    let base = serve(database.pool.clone()).await;
    let mint = key(40).to_string();
    let game = ok(&base, &format!("/api/games/{}", world.games[2].0)).await;
    assert_eq!(
        (&game["mint"], &game["vault"]),
        (&mint.clone().into(), &key(42).to_string().into())
    );
    for path in ["/api/games", "/api/games/active"] {
        let page = ok(&base, path).await;
        let games = page["games"].as_array().unwrap();
        assert!(
            !games.is_empty() && games.iter().all(|game| game["mint"] == mint),
            "{path}"
        );
    }
    let jackpots = ok(&base, "/api/jackpots").await;
    let minor = &jackpots["jackpots"][0];
    assert_eq!(
        (&minor["mint"], &minor["vault"]),
        (&mint.into(), &key(41).to_string().into())
    );
}

#[tokio::test]
async fn the_status_tells_the_lag_and_counts() {
    let (database, _world, base) = seeded().await;
    let status = ok(&base, "/api/status").await;
    assert_eq!(
        (&status["indexed_slot"], &status["chain_slot"]),
        (&55.into(), &57.into())
    );
    assert_eq!(
        (&status["lag_slots"], &status["commitment"]),
        (&2.into(), &"confirmed".into())
    );
    assert!(status["lag_seconds"].as_f64().unwrap() < 60.0);
    assert_eq!(
        (&status["counts"]["games"], &status["counts"]["entries"]),
        (&3.into(), &11.into())
    );
    assert_eq!(status["last_error"], Value::Null);
    // What an error says in public leaves out keys.
    let trouble = Event::Trouble("at wss://rpc.example/KEY?k=SECRET: closed".into());
    database.ingest(vec![trouble]).await;
    let status = ok(&base, "/api/status").await;
    let message = status["last_error"]["message"].as_str().unwrap();
    assert!(message.contains("rpc.example") && !message.contains("KEY"));
    // An indexer that never ran.
    database.tamper("DELETE FROM watermark").await;
    assert_eq!(ok(&base, "/api/status").await["indexed_slot"], Value::Null);
}

#[tokio::test]
async fn answers_are_compressed_where_asked_for() {
    let (_database, world, base) = seeded().await;
    let response = reqwest::Client::builder()
        .no_gzip()
        .build()
        .unwrap()
        .get(format!("{base}/api/games/{}", world.games[0].0))
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
}
