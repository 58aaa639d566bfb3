//! `GET /api/games/{address}`: everything about a game, its draws' proofs
//! included.

mod rounds;
mod wins;

use axum::{
    Json,
    extract::{Path, State},
};
use lottery::{math::split, state::GameStatus};
use serde::Serialize;
use sqlx::PgPool;

use self::{
    rounds::{Aborted, Round, aborted, proofs, rounds},
    wins::{JackpotWin, Winner, jackpots, winners},
};
use super::{ApiError, page::address, summary::waits_for_settlement};
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
    /// The token it is played for, whose units amounts are in; `null` for native SOL
    /// (lamports), and while the house is unknown.
    mint: Option<String>,
    /// Token account that holds a token house's money.
    vault: Option<String>,
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
    /// Prizes and awards that nobody claimed in time, gone to the mega jackpot.
    expired: U64,
    /// Nothing is owed to players any more.
    fully_paid: bool,
    /// Held for cranks still to come (lamports).
    bounty_escrow: U64,
    /// The draw it waits for.
    draw: Option<String>,
    /// Draw requests for the current round, and the oracles that were asked.
    draw_attempts: u8,
    tried_oracles: Vec<String>,
    /// Draws whose oracle did not answer, oldest first.
    aborted_draws: Vec<Aborted>,
    next_round_at: Option<i64>,
    /// All rounds are drawn, but a frozen vault holds up the division of the money.
    awaits_settlement: bool,
    /// Of the last round, or of the cancellation.
    settled_at: Option<i64>,
    /// First second at which prizes can no longer be claimed; of a settled game.
    claims_end: Option<i64>,
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
    /// How long prizes may be claimed (seconds).
    claim_window: u32,
    /// Reward of each crank (lamports).
    bounty: U64,
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
    let extra: Extra = sqlx::query_as(
        "SELECT (SELECT count(DISTINCT player) FROM entries WHERE game = g.address) AS players,
                closed_at_slot IS NOT NULL AS closed,
                (SELECT mint FROM houses WHERE houses.address = g.house) AS mint
         FROM games g WHERE address = $1",
    )
    .bind(&key)
    .fetch_one(&mut *view)
    .await?;
    let proofs = proofs(&mut view, &key).await?;
    let parts = Parts {
        rounds: rounds(&row.body, &proofs),
        aborted: aborted(&mut view, &key).await?,
        winners: winners(&mut view, &key).await?,
        jackpots: jackpots(&mut view, &key).await?,
    };
    view.commit().await?;
    Ok(Json(game(&row, extra, parts)))
}

/// What the game's own row does not tell.
#[derive(sqlx::FromRow)]
struct Extra {
    players: i64,
    closed: bool,
    mint: Option<String>,
}

/// The lists within a game.
struct Parts {
    rounds: Vec<Round>,
    aborted: Vec<Aborted>,
    winners: Vec<Winner>,
    jackpots: Vec<JackpotWin>,
}

fn game(row: &Row<GameBody>, extra: Extra, parts: Parts) -> Game {
    let body = &row.body;
    let status = status_name(body.status);
    let waits = waits_for_settlement(status, body.rounds, body.rounds_settled);
    let gross = body.entry_fee.0.saturating_mul(u64::from(body.tickets));
    let prize_pool = match status {
        "settled" => body.prize_pool,
        _ => U64(split(gross, &body.jackpot_bps, body.treasury_bps).prize_pool),
    };
    Game {
        address: row.head.address.to_string(),
        house: body.house.to_string(),
        mint: extra.mint,
        vault: body.vault.map(|vault| vault.to_string()),
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
            claim_window: body.claim_window,
            bounty: body.bounty,
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
        players: extra.players,
        entries_hash: hex::encode(body.entries_hash),
        gross: U64(gross),
        prize_pool,
        treasury_share: body.treasury_share,
        jackpot_contributions: body.jackpot_contributions,
        paid_out: body.paid_out,
        refunded: body.refunded,
        expired: body.expired,
        fully_paid: body.fully_paid,
        bounty_escrow: body.bounty_escrow,
        draw: body.draw.map(|draw| draw.to_string()),
        draw_attempts: body.draw_attempts,
        tried_oracles: body
            .tried_oracles
            .iter()
            .flatten()
            .map(ToString::to_string)
            .collect(),
        aborted_draws: parts.aborted,
        next_round_at: Some(body.next_round_at).filter(|_| status == "playing" && !waits),
        awaits_settlement: waits,
        settled_at: Some(body.settled_at).filter(|at| *at != 0),
        claims_end: (body.status == GameStatus::Settled)
            .then(|| body.settled_at.saturating_add(i64::from(body.claim_window))),
        rounds: parts.rounds,
        winners: parts.winners,
        jackpots: parts.jackpots,
        slot: row.head.slot,
        closed: extra.closed,
    }
}

/// The items that are in use.
fn first(items: &[u16], count: u8) -> Vec<u16> {
    items.iter().take(usize::from(count)).copied().collect()
}
