//! A game's rounds, with the draws that settled them, and those that failed.

use std::collections::HashMap;

use lottery::draw::round_size;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use crate::store::{U64, games::GameBody};

/// A round, settled or to come.
#[derive(Serialize)]
pub struct Round {
    /// 0 is the first.
    round: u8,
    /// In before it, and after.
    tickets: u32,
    survivors: u32,
    /// Hex; `null` while it is not settled.
    seed: Option<String>,
    /// Where the seed comes from: `sha256("draw" ‖ value ‖ game ‖ round)`.
    proof: Option<Proof>,
}

/// A draw whose value the round's seed was recomputed from.
#[derive(Serialize, Clone)]
pub struct Proof {
    draw: String,
    lane: String,
    oracle: String,
    seed_slot: U64,
    reveal_slot: Option<U64>,
    /// Hex.
    value: Option<String>,
    requested_at: i64,
}

/// A draw that was given up because its oracle did not answer in time.
#[derive(Serialize, FromRow)]
pub struct Aborted {
    draw: String,
    /// `null` when the draw is unknown, as is what follows.
    oracle: Option<String>,
    requested_at: Option<i64>,
    /// Slot of the transaction that let the game go.
    released_at_slot: i64,
}

pub(super) async fn proofs(
    view: &mut PgConnection,
    game: &str,
) -> Result<HashMap<i16, Proof>, sqlx::Error> {
    type Columns = (
        i16,
        String,
        String,
        String,
        U64,
        Option<U64>,
        Option<Vec<u8>>,
        i64,
    );
    let rows: Vec<Columns> = sqlx::query_as(
        "SELECT r.round, d.address, d.lane, d.oracle, d.seed_slot, d.reveal_slot, d.value,
                d.requested_at
         FROM game_rounds r JOIN draws d ON d.address = r.draw WHERE r.game = $1",
    )
    .bind(game)
    .fetch_all(view)
    .await?;
    Ok(rows
        .into_iter()
        .map(
            |(round, draw, lane, oracle, seed_slot, reveal_slot, value, requested_at)| {
                let proof = Proof {
                    draw,
                    lane,
                    oracle,
                    seed_slot,
                    reveal_slot,
                    value: value.map(hex::encode),
                    requested_at,
                };
                (round, proof)
            },
        )
        .collect())
}

pub(super) async fn aborted(
    view: &mut PgConnection,
    game: &str,
) -> Result<Vec<Aborted>, sqlx::Error> {
    sqlx::query_as(
        "SELECT b.draw, d.oracle, d.requested_at, b.released_at_slot::int8
         FROM draw_games b LEFT JOIN draws d ON d.address = b.draw
         WHERE b.game = $1 AND b.released_at_slot IS NOT NULL
         ORDER BY b.released_at_slot, b.draw",
    )
    .bind(game)
    .fetch_all(view)
    .await
}

/// The rounds by the rules, with what is known of them.
pub(super) fn rounds(game: &GameBody, proofs: &HashMap<i16, Proof>) -> Vec<Round> {
    let seeds = game.seeds();
    let mut n = game.tickets;
    (0..game.rounds)
        .map(|round| {
            let tickets = n;
            n = round_size(n, round, game.rounds, game.winners, &game.keep_bps).min(n);
            Round {
                round,
                tickets,
                survivors: n,
                seed: seeds.get(usize::from(round)).map(hex::encode),
                proof: proofs.get(&i16::from(round)).cloned(),
            }
        })
        .collect()
}
