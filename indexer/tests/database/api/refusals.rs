//! What is not answered, and how that is said.

use serde_json::Value;

use super::{get, seeded};
use crate::common::chain::key;

async fn refused(base: &str, path: &str, status: u16, code: &str) {
    let (found, body) = get(base, path).await;
    assert_eq!(
        (found, body["error"]["code"].as_str()),
        (status, Some(code)),
        "{path}: {body}"
    );
    assert!(
        body["error"]["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    assert_eq!(body.as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_one_shape() {
    let (_database, world, base) = seeded().await;
    let unknown = key(99);
    refused(&base, &format!("/api/games/{unknown}"), 404, "not_found").await;
    refused(
        &base,
        &format!("/api/games/{}", world.house_address),
        404,
        "not_found",
    )
    .await;
    refused(&base, "/api/nothing", 404, "not_found").await;
    refused(&base, "/", 404, "not_found").await;
    refused(&base, "/api/games/1", 400, "bad_address").await;
    refused(&base, "/api/games/%00", 400, "bad_address").await;
    refused(&base, "/api/games/'%20OR%201=1", 400, "bad_address").await;
    for limit in ["0", "-1", "201", "18446744073709551616", "x", ""] {
        refused(
            &base,
            &format!("/api/games?limit={limit}"),
            400,
            "bad_limit",
        )
        .await;
        refused(
            &base,
            &format!("/api/games/active?limit={limit}"),
            400,
            "bad_limit",
        )
        .await;
    }
    for cursor in [
        "x",
        "1",
        "1.1",
        ".",
        "1.0OIl",
        "%00",
        "1e9.11111111111111111111111111111111",
    ] {
        refused(
            &base,
            &format!("/api/games?cursor={cursor}"),
            400,
            "bad_cursor",
        )
        .await;
    }
    refused(&base, "/api/games?status=won", 400, "bad_status").await;
    refused(&base, "/api/games?house=x", 400, "bad_address").await;
    refused(&base, "/api/jackpots?house=x", 400, "bad_address").await;
    refused(&base, "/api/games?page=2", 400, "bad_query").await;
    refused(&base, "/api/games?limit=1&limit=2", 400, "bad_query").await;
    let client = reqwest::Client::new();
    let response = client
        .post(format!("{base}/api/games"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 405);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], "method_not_allowed");
}

#[tokio::test]
async fn a_database_that_is_gone_is_said_to_be() {
    let (database, _world, base) = seeded().await;
    database.pool.close().await;
    refused(&base, "/api/games", 503, "unavailable").await;
}
