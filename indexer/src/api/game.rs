//! `GET /api/games/{address}`: everything about a game, its draws' proofs
//! included.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, State},
};
use lottery::{draw::round_size, math::split, state::TIER_NAMES};
use serde::Serialize;
use sqlx::{FromRow, PgPool};

use super::{ApiError, page::address};
use crate::store::{
    U64,
    column::status_name,
    games::GameBody,
    table::{self, Row},
};

/// A game. Amounts are base units, as strings; times unix seconds; shares bps.
#[derive(Serialize)]
pub struct Game {
    address: String,
    house: String,
    creator: String,
    id: U64,
    status: &'static str,
    rules: Rules,
    tickets: u32,
    entries: u32,
    /// Different players.
    players: i64,
    /// Hash over all entries, hex; see the protocol.
    entries_hash: String,
    gross: U64,
    /// For the winners; before the settlement, what it would be now.
    prize_pool: U64,
    treasury_share: U64,
    jackpot_contributions: [U64; 3],
    paid_out: U64,
    refunded: U64,
    fully_paid: bool,
    /// The draw it waits for.
    draw: Option<String>,
    draw_attempts: u8,
    next_round_at: Option<i64>,
    settled_at: Option<i64>,
    rounds: Vec<Round>,
    winners: Vec<Winner>,
    jackpots: Vec<JackpotWin>,
    slot: i64,
    /// Whether the account is gone from the chain.
    closed: bool,
}

/// What was fixed at the creation.
#[derive(Serialize)]
pub struct Rules {
    entry_fee: U64,
    min_tickets: u32,
    max_tickets: u32,
    max_tickets_per_entry: u32,
    opens_at: i64,
    closes_at: i64,
    /// Seconds.
    round_interval: u32,
    rounds: u8,
    winners: u8,
    keep_bps: Vec<u16>,
    place_bps: Vec<u16>,
    prize_bps: u16,
    treasury_bps: u16,
    jackpot_bps: [u16; 3],
    jackpot_mean: [U64; 3],
    reserve_bps: [u16; 3],
}

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

#[derive(Serialize, FromRow)]
pub struct Winner {
    /// 0 is the first prize.
    place: i16,
    ticket: i64,
    player: Option<String>,
    entry: Option<String>,
    prize: U64,
    paid: bool,
}

#[derive(Serialize)]
pub struct JackpotWin {
    tier: &'static str,
    ticket: i64,
    player: Option<String>,
    entry: Option<String>,
    award: U64,
    paid: bool,
}

pub async fn show(
    State(pool): State<PgPool>,
    Path(text): Path<String>,
) -> Result<Json<Game>, ApiError> {
    let key = address(&text)?;
    // One snapshot for all the queries: a game that settles meanwhile must not
    // show its winners without its rounds.
    let mut view = pool
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let Some(row) = table::find::<GameBody>(&mut view, &key).await? else {
        return Err(ApiError::NotFound("no game has this address"));
    };
    let key = key.to_string();
    let (players, closed): (i64, bool) = sqlx::query_as(
        "SELECT (SELECT count(DISTINCT player) FROM entries WHERE game = $1),
                (SELECT closed_at_slot IS NOT NULL FROM games WHERE address = $1)",
    )
    .bind(&key)
    .fetch_one(&mut *view)
    .await?;
    let proofs = proofs(&mut view, &key).await?;
    let winners = sqlx::query_as(
        "SELECT w.place, w.ticket, w.player, w.entry, w.prize,
                (g.places_paid >> w.place) & 1 = 1 AS paid
         FROM winners w JOIN games g ON g.address = w.game WHERE w.game = $1 ORDER BY w.place",
    )
    .bind(&key)
    .fetch_all(&mut *view)
    .await?;
    let jackpots = jackpots(&mut view, &key).await?;
    view.commit().await?;
    Ok(Json(game(&row, players, closed, proofs, winners, jackpots)))
}

async fn proofs(
    view: &mut sqlx::PgConnection,
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

async fn jackpots(
    view: &mut sqlx::PgConnection,
    game: &str,
) -> Result<Vec<JackpotWin>, sqlx::Error> {
    type Columns = (i16, i64, Option<String>, Option<String>, U64, bool);
    let rows: Vec<Columns> = sqlx::query_as(
        "SELECT w.tier, w.ticket, w.player, w.entry, w.award,
                (g.awards_paid >> w.tier) & 1 = 1 AS paid
         FROM jackpot_wins w JOIN games g ON g.address = w.game WHERE w.game = $1 ORDER BY w.tier",
    )
    .bind(game)
    .fetch_all(view)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(tier, ticket, player, entry, award, paid)| JackpotWin {
            tier: usize::try_from(tier)
                .ok()
                .and_then(|tier| TIER_NAMES.get(tier))
                .copied()
                .unwrap_or("unknown"),
            ticket,
            player,
            entry,
            award,
            paid,
        })
        .collect())
}

/// The rounds by the rules, with what is known of them.
fn rounds(game: &GameBody, proofs: &HashMap<i16, Proof>) -> Vec<Round> {
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

fn game(
    row: &Row<GameBody>,
    players: i64,
    closed: bool,
    proofs: HashMap<i16, Proof>,
    winners: Vec<Winner>,
    jackpots: Vec<JackpotWin>,
) -> Game {
    let body = &row.body;
    let status = status_name(body.status);
    let gross = body.entry_fee.0.saturating_mul(u64::from(body.tickets));
    let prize_pool = match status {
        "settled" => body.prize_pool,
        _ => U64(split(gross, &body.jackpot_bps, body.treasury_bps).prize_pool),
    };
    Game {
        address: row.head.address.to_string(),
        house: body.house.to_string(),
        creator: body.creator.to_string(),
        id: body.id,
        status,
        rules: Rules {
            entry_fee: body.entry_fee,
            min_tickets: body.min_tickets,
            max_tickets: body.max_tickets,
            max_tickets_per_entry: body.max_tickets_per_entry,
            opens_at: body.opens_at,
            closes_at: body.closes_at,
            round_interval: body.round_interval,
            rounds: body.rounds,
            winners: body.winners,
            keep_bps: first(&body.keep_bps, body.rounds.saturating_sub(1)),
            place_bps: first(&body.place_bps, body.winners),
            prize_bps: body.prize_bps,
            treasury_bps: body.treasury_bps,
            jackpot_bps: body.jackpot_bps,
            jackpot_mean: body.jackpot_mean,
            reserve_bps: body.reserve_bps,
        },
        tickets: body.tickets,
        entries: body.entries,
        players,
        entries_hash: hex::encode(body.entries_hash),
        gross: U64(gross),
        prize_pool,
        treasury_share: body.treasury_share,
        jackpot_contributions: body.jackpot_contributions,
        paid_out: body.paid_out,
        refunded: body.refunded,
        fully_paid: body.fully_paid,
        draw: body.draw.map(|draw| draw.to_string()),
        draw_attempts: body.draw_attempts,
        next_round_at: Some(body.next_round_at).filter(|_| status == "playing"),
        settled_at: Some(body.settled_at).filter(|at| *at != 0),
        rounds: rounds(body, &proofs),
        winners,
        jackpots,
        slot: row.head.slot,
        closed,
    }
}

/// The items that are in use.
fn first(items: &[u16], count: u8) -> Vec<u16> {
    items.iter().take(usize::from(count)).copied().collect()
}
