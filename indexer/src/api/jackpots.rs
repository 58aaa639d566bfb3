//! `GET /api/jackpots`: the three tiers of every house.

use axum::{Json, extract::State};
use lottery::state::TIER_NAMES;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, Row, postgres::PgRow};

use super::{
    ApiError,
    page::{Parameters, address},
};
use crate::store::{ReadColumn, U64};

/// What may be asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Jackpots of one house.
    house: Option<String>,
}

/// The answer.
#[derive(Serialize)]
pub struct Jackpots {
    jackpots: Vec<Jackpot>,
}

/// A jackpot. Amounts are base units, as strings; times unix seconds.
#[derive(Serialize)]
pub struct Jackpot {
    address: String,
    house: String,
    /// The token its amounts are in; `null` for native SOL, and while the house is unknown.
    mint: Option<String>,
    /// Token account that holds a token house's money.
    vault: Option<String>,
    /// 0, 1 or 2: `minor`, `major` or `mega`.
    tier: u8,
    name: &'static str,
    /// In the pot now.
    amount: U64,
    total_contributions: U64,
    total_won: U64,
    hits: U64,
    /// `null` while it was never hit.
    last_win: Option<LastWin>,
    /// Grows with every change.
    version: U64,
    last_modified_slot: U64,
    slot: i64,
}

/// The last hit.
#[derive(Serialize)]
pub struct LastWin {
    amount: U64,
    at: i64,
    game: String,
    ticket: u32,
    /// By the game's entries; `null` until they are known.
    winner: Option<String>,
    /// Whether the award was paid to the winner.
    claimed: bool,
}

impl FromRow<'_, PgRow> for Jackpot {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let tier = u8::read(row, "tier")?;
        let last_game: Option<String> = row.try_get("last_game")?;
        let claimed: Option<String> = row.try_get("last_winner")?;
        let derived: Option<String> = row.try_get("player")?;
        let last_win = match last_game {
            Some(game) => Some(LastWin {
                amount: U64::read(row, "last_won_amount")?,
                at: row.try_get("last_won_at")?,
                game,
                ticket: u32::read(row, "last_ticket")?,
                claimed: claimed.is_some(),
                winner: claimed.or(derived),
            }),
            None => None,
        };
        Ok(Self {
            address: row.try_get("address")?,
            house: row.try_get("house")?,
            mint: row.try_get("mint")?,
            vault: row.try_get("vault")?,
            tier,
            name: TIER_NAMES
                .get(usize::from(tier))
                .copied()
                .unwrap_or("unknown"),
            amount: U64::read(row, "amount")?,
            total_contributions: U64::read(row, "total_contributions")?,
            total_won: U64::read(row, "total_won")?,
            hits: U64::read(row, "hits")?,
            last_win,
            version: U64::read(row, "revision")?,
            last_modified_slot: U64::read(row, "last_modified_slot")?,
            slot: row.try_get("slot")?,
        })
    }
}

pub async fn list(
    State(pool): State<PgPool>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Jackpots>, ApiError> {
    let house = match &filter.house {
        Some(text) => Some(address(text)?.to_string()),
        None => None,
    };
    let jackpots = sqlx::query_as(
        "SELECT j.*, w.player, h.mint FROM jackpots j
             LEFT JOIN houses h ON h.address = j.house
             LEFT JOIN jackpot_wins w ON w.game = j.last_game AND w.tier = j.tier
         WHERE j.closed_at_slot IS NULL AND ($1::text IS NULL OR j.house = $1)
         ORDER BY j.house, j.tier",
    )
    .bind(house)
    .fetch_all(&pool)
    .await?;
    Ok(Json(Jackpots { jackpots }))
}
