//! A game as lists show it.

use lottery::{math::split, state::TIERS};
use serde::Serialize;
use sqlx::{FromRow, Row, postgres::PgRow};

use crate::store::{ReadColumn, U64};

/// The columns a summary is read from.
pub const COLUMNS: &str = "address, house, id, status::text, entry_fee, tickets, entries, \
     min_tickets, max_tickets, max_tickets_per_entry, opens_at, closes_at, next_round_at, \
     settled_at, rounds, rounds_settled, winners, prize_pool, jackpot_bps::int4[], treasury_bps, \
     jackpot_hit, slot, (SELECT mint FROM houses WHERE houses.address = games.house) AS mint";

/// A game as lists show it. Amounts are base units, as strings; times unix seconds.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub address: String,
    pub house: String,
    /// The token it is played for; `null` for native SOL, and while the house is unknown.
    pub mint: Option<String>,
    pub id: U64,
    pub status: String,
    pub entry_fee: U64,
    pub tickets: u32,
    pub entries: u32,
    pub min_tickets: u32,
    pub max_tickets: u32,
    pub max_tickets_per_entry: u32,
    pub opens_at: i64,
    pub closes_at: i64,
    /// Earliest draw of the next round; only between rounds.
    pub next_round_at: Option<i64>,
    /// All rounds are drawn, but a frozen vault holds up the division of the money.
    pub awaits_settlement: bool,
    pub settled_at: Option<i64>,
    pub rounds: u8,
    pub rounds_settled: u8,
    pub winners: u8,
    /// Sold so far.
    pub gross: U64,
    /// For the winners; before the settlement, what it would be now.
    pub prize_pool: U64,
    pub jackpot_hit: bool,
    /// Slot of the last change seen.
    pub slot: i64,
}

/// Whether all rounds are drawn, but the money could not be divided yet.
pub fn waits_for_settlement(status: &str, rounds: u8, settled: u8) -> bool {
    status == "playing" && settled >= rounds
}

impl FromRow<'_, PgRow> for Summary {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let status: String = row.try_get("status")?;
        let entry_fee = U64::read(row, "entry_fee")?;
        let tickets = u32::read(row, "tickets")?;
        // `GameParams::validate` made sure that it fits.
        let gross = entry_fee.0.saturating_mul(u64::from(tickets));
        let prize_pool = if status == "settled" {
            U64::read(row, "prize_pool")?
        } else {
            let jackpot_bps = <[u16; TIERS]>::read(row, "jackpot_bps")?;
            U64(split(gross, &jackpot_bps, u16::read(row, "treasury_bps")?).prize_pool)
        };
        let next_round_at = row.try_get("next_round_at")?;
        let settled_at: i64 = row.try_get("settled_at")?;
        let rounds = u8::read(row, "rounds")?;
        let rounds_settled = u8::read(row, "rounds_settled")?;
        let waits = waits_for_settlement(&status, rounds, rounds_settled);
        Ok(Self {
            address: row.try_get("address")?,
            house: row.try_get("house")?,
            mint: row.try_get("mint")?,
            id: U64::read(row, "id")?,
            entry_fee,
            tickets,
            entries: u32::read(row, "entries")?,
            min_tickets: u32::read(row, "min_tickets")?,
            max_tickets: u32::read(row, "max_tickets")?,
            max_tickets_per_entry: u32::read(row, "max_tickets_per_entry")?,
            opens_at: row.try_get("opens_at")?,
            closes_at: row.try_get("closes_at")?,
            next_round_at: Some(next_round_at).filter(|_| status == "playing" && !waits),
            awaits_settlement: waits,
            settled_at: Some(settled_at).filter(|at| *at != 0),
            rounds,
            rounds_settled,
            winners: u8::read(row, "winners")?,
            gross: U64(gross),
            prize_pool,
            jackpot_hit: row.try_get("jackpot_hit")?,
            slot: row.try_get("slot")?,
            status,
        })
    }
}
