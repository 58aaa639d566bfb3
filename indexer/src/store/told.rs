//! What the ledger has told already, of games, entries and draws whose rows come later:
//! tables `game_events`, `payments` and `instructions`.
//!
//! Each is asked for by itself (`LATERAL`, and `OFFSET 0` so that it stays so): the planner
//! would read all of a table that it last saw empty.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use lottery::events::Payment;
use serde_json::Value;
use solana_pubkey::Pubkey;
use sqlx::{FromRow as _, PgConnection, Row as _, postgres::PgRow};

use super::{
    ReadColumn as _, U64,
    column::bad,
    draws::{DrawEnd, DrawRequested},
    payments,
};

/// An event of a game.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Told {
    pub transaction_id: i64,
    pub instruction: i16,
    pub position: i32,
    pub kind: String,
    pub body: Value,
    /// The draw that it names, if it does.
    pub draw: Option<String>,
    pub amount: Option<U64>,
    pub slot: i64,
    /// Unix seconds.
    pub block_time: Option<i64>,
}

/// A payment that an event tells of.
#[derive(Clone, Copy, Debug)]
pub struct Paid {
    pub transaction_id: i64,
    pub instruction: i16,
    pub position: i32,
    /// As the program numbers them.
    pub kind: u8,
    pub entry: Pubkey,
    /// Of a prize or an award: its place, or tier.
    pub index: u8,
    pub slot: i64,
}

impl Paid {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let kind: &str = row.try_get("kind")?;
        Ok(Self {
            transaction_id: row.try_get("transaction_id")?,
            instruction: row.try_get("instruction")?,
            position: row.try_get("position")?,
            kind: payments::kind(kind).ok_or_else(|| bad("kind", format!("no {kind} is known")))?,
            entry: Pubkey::read(row, "entry")?,
            index: u8::read(row, "index")?,
            slot: row.try_get("slot")?,
        })
    }
}

/// What was told of games, in the order of the chain.
pub type ByGame<T> = BTreeMap<String, Vec<T>>;

/// Puts what a row tells to what else is told of its game.
fn push<T>(games: &mut ByGame<T>, row: &PgRow, told: T) -> Result<(), sqlx::Error> {
    let game: &str = row.try_get("game")?;
    match games.get_mut(game) {
        Some(others) => others.push(told),
        None => _ = games.insert(game.to_owned(), vec![told]),
    }
    Ok(())
}

/// Something of which the ledger is asked from a slot on.
pub type Since = (String, i64);

fn columns(since: &[Since]) -> (Vec<&str>, Vec<i64>) {
    since.iter().map(|(of, slot)| (of.as_str(), *slot)).unzip()
}

/// Those of the games that have events from their slots on.
///
/// # Errors
/// The database's.
pub async fn games(
    connection: &mut PgConnection,
    games: &[Since],
) -> Result<Vec<Since>, sqlx::Error> {
    let (games, slots) = columns(games);
    sqlx::query_as(
        "SELECT g.game, g.slot
         FROM UNNEST($1::text[], $2::int8[]) AS g(game, slot)
              CROSS JOIN LATERAL (SELECT FROM game_events
                                  WHERE game = g.game AND slot >= g.slot LIMIT 1) AS e",
    )
    .bind(games)
    .bind(slots)
    .fetch_all(connection)
    .await
}

/// Events of games, of each from a slot on, in the order of the chain.
///
/// # Errors
/// The database's.
pub async fn events(
    connection: &mut PgConnection,
    games: &[Since],
) -> Result<ByGame<Told>, sqlx::Error> {
    let (games, slots) = columns(games);
    let mut told = ByGame::new();
    let mut rows = sqlx::query(
        "SELECT g.game, e.transaction_id, e.instruction, e.position, e.kind::text AS kind, e.body,
                e.draw, e.amount::numeric AS amount, e.slot::int8 AS slot, t.block_time
         FROM UNNEST($1::text[], $2::int8[]) AS g(game, slot)
              CROSS JOIN LATERAL (SELECT * FROM game_events
                                  WHERE game = g.game AND slot >= g.slot OFFSET 0) AS e
              CROSS JOIN LATERAL (SELECT * FROM transactions
                                  WHERE id = e.transaction_id OFFSET 0) AS t
         ORDER BY g.game, e.slot, t.block_index, e.transaction_id, e.instruction, e.position",
    )
    .bind(games)
    .bind(slots)
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        push(&mut told, &row, Told::from_row(&row)?)?;
    }
    Ok(told)
}

/// The kinds of payments that change their game: few of each.
pub const WINNINGS: &[u8] = &[Payment::PRIZE, Payment::AWARD];

/// The kinds of payments that tell of an entry, of which a game has as many as entries.
pub const ENDS: &[u8] = &[Payment::REFUND, Payment::RENT];

/// Payments of games, of some kinds, of each game from a slot on, in no order.
///
/// # Errors
/// The database's.
pub async fn payments(
    connection: &mut PgConnection,
    games: &[Since],
    kinds: &[u8],
) -> Result<ByGame<Paid>, sqlx::Error> {
    let (games, slots) = columns(games);
    let kinds: Vec<&str> = kinds.iter().filter_map(|it| payments::name(*it)).collect();
    let mut paid = ByGame::new();
    let mut rows = sqlx::query(
        "SELECT g.game, p.transaction_id, p.instruction, p.position, p.kind, p.entry,
                COALESCE(p.place, p.tier, 0)::int2 AS index, p.slot::int8 AS slot
         FROM UNNEST($1::text[], $2::int8[]) AS g(game, slot)
              CROSS JOIN LATERAL (SELECT * FROM payments
                                  WHERE game = g.game AND slot >= g.slot AND kind = ANY($3)
                                  OFFSET 0) AS p",
    )
    .bind(games)
    .bind(slots)
    .bind(kinds)
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        push(&mut paid, &row, Paid::read(&row)?)?;
    }
    Ok(paid)
}

/// An entry's end: that it was refunded, or that it was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryEnd {
    pub entry: String,
    pub is_refund: bool,
    pub slot: i64,
}

/// How entries of games ended, of each from a slot on; sorted.
///
/// # Errors
/// The database's.
pub async fn ends_of_entries(
    connection: &mut PgConnection,
    games: &[String],
    entries: &[Since],
) -> Result<Vec<EntryEnd>, sqlx::Error> {
    let (entries, slots) = columns(entries);
    sqlx::query(
        "SELECT p.entry, p.kind = 'refund' AS is_refund, max(p.slot)::int8 AS slot
         FROM UNNEST($1::text[]) AS g(game)
              CROSS JOIN LATERAL (SELECT * FROM payments
                                  WHERE game = g.game AND kind IN ('refund', 'rent')
                                  OFFSET 0) AS p
              JOIN UNNEST($2::text[], $3::int8[]) AS e(entry, slot)
                   ON e.entry = p.entry AND p.slot >= e.slot
         GROUP BY p.entry, p.kind ORDER BY p.entry",
    )
    .bind(games)
    .bind(entries)
    .bind(slots)
    .fetch_all(connection)
    .await?
    .iter()
    .map(|row| {
        Ok(EntryEnd {
            entry: row.try_get("entry")?,
            is_refund: row.try_get("is_refund")?,
            slot: row.try_get("slot")?,
        })
    })
    .collect()
}

/// How draws ended, by address and slot.
///
/// # Errors
/// The database's.
pub async fn ends_of_draws(
    connection: &mut PgConnection,
    draws: &[String],
) -> Result<Vec<DrawEnd>, sqlx::Error> {
    sqlx::query(
        "SELECT d.draw, e.slot::int8 AS slot,
                CASE e.kind WHEN 'draw_revealed' THEN decode(e.body->>'value', 'hex') END AS value
         FROM UNNEST($1::text[]) AS d(draw)
              CROSS JOIN LATERAL (SELECT * FROM game_events
                                  WHERE draw = d.draw AND item = 0
                                    AND kind IN ('draw_revealed', 'draw_aborted')
                                  OFFSET 0) AS e
         ORDER BY d.draw, e.slot",
    )
    .bind(draws)
    .fetch_all(connection)
    .await?
    .iter()
    .map(|row| {
        Ok(DrawEnd {
            draw: row.try_get("draw")?,
            slot: row.try_get("slot")?,
            value: <Option<[u8; 32]>>::read(row, "value")?,
        })
    })
    .collect()
}

/// How draws were requested, by address.
///
/// # Errors
/// The database's.
pub async fn requests(
    connection: &mut PgConnection,
    draws: &[String],
) -> Result<Vec<DrawRequested>, sqlx::Error> {
    sqlx::query(
        "SELECT e.draw, e.house, i.accounts->>'lane' AS lane, e.body->>'oracle' AS oracle,
                i.accounts->>'payer' AS payer, e.slot::int8 AS slot, t.block_time,
                (e.body->>'reveal_bounty')::numeric AS bounty,
                ARRAY(SELECT g.game::text FROM game_events g
                      WHERE (g.transaction_id, g.instruction, g.position)
                          = (e.transaction_id, e.instruction, e.position)
                      ORDER BY g.item) AS games
         FROM UNNEST($1::text[]) AS d(draw)
              CROSS JOIN LATERAL (SELECT * FROM game_events
                                  WHERE draw = d.draw AND item = 0 AND kind = 'draw_requested'
                                  OFFSET 0) AS e
              CROSS JOIN LATERAL (SELECT * FROM transactions
                                  WHERE id = e.transaction_id OFFSET 0) AS t
              CROSS JOIN LATERAL (SELECT * FROM instructions
                                  WHERE transaction_id = e.transaction_id AND draw = e.draw
                                    AND name = 'request_draw' OFFSET 0) AS i
         ORDER BY e.draw",
    )
    .bind(draws)
    .fetch_all(connection)
    .await?
    .iter()
    .map(|row| {
        Ok(DrawRequested {
            draw: row.try_get("draw")?,
            house: row.try_get("house")?,
            lane: row.try_get("lane")?,
            oracle: row.try_get("oracle")?,
            payer: row.try_get("payer")?,
            slot: row.try_get("slot")?,
            time: row
                .try_get::<Option<i64>, _>("block_time")?
                .unwrap_or_default(),
            bounty: row.try_get("bounty")?,
            games: row.try_get("games")?,
        })
    })
    .collect()
}
