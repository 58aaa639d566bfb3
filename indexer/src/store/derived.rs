//! What follows from the chain by recomputation: tables `game_rounds`,
//! `winners`, `jackpot_wins`, and the fate columns of `entries`.

use futures_util::TryStreamExt as _;
use solana_pubkey::Pubkey;
use sqlx::{PgConnection, PgPool};

use super::{
    ReadColumn as _, U64,
    arrays::{ROWS, column},
    base58::text,
    begin,
};
use crate::fate::{EntryFate, Outcome, Played, Tickets, holds, prize};

/// An entry as far as its fate matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryTickets {
    pub address: Pubkey,
    pub player: Pubkey,
    pub tickets: Tickets,
}

/// Games whose fates are not up to date, by address, after one.
///
/// # Errors
/// The database's.
pub async fn games_to_derive(
    pool: &PgPool,
    after: &str,
    limit: i64,
) -> Result<Vec<Pubkey>, sqlx::Error> {
    sqlx::query(
        "SELECT address FROM games
         WHERE (derived_rounds <> rounds_settled OR derived_settled <> (status = 'settled'))
           AND address > $1
         ORDER BY address LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?
    .iter()
    .map(|row| Pubkey::read(row, "address"))
    .collect()
}

/// Whether rows wait to be made, or fates to be computed, of what the tables had at a slot, or
/// a round to be proven by a draw that is known.
///
/// # Errors
/// The database's.
pub async fn is_due(pool: &PgPool, slot: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM incomplete_games WHERE reason IS NULL AND slot <= $1)
             OR EXISTS (SELECT FROM games
                        WHERE (derived_rounds <> rounds_settled
                               OR derived_settled <> (status = 'settled'))
                          AND slot <= $1)
             OR EXISTS (SELECT FROM game_rounds r JOIN draw_games b ON b.game = r.game
                             JOIN draws d ON d.address = b.draw
                        WHERE r.draw IS NULL AND d.value IS NOT NULL AND d.slot <= $1)",
    )
    .bind(slot)
    .fetch_one(pool)
    .await
}

/// A game's entries, by first ticket.
///
/// # Errors
/// The database's.
pub async fn entries_of(
    connection: &mut PgConnection,
    game: &Pubkey,
) -> Result<Vec<EntryTickets>, sqlx::Error> {
    let mut entries = Vec::new();
    let mut rows = sqlx::query(
        "SELECT address, player, first_ticket, tickets FROM entries
         WHERE game = $1 ORDER BY first_ticket",
    )
    .bind(game.to_string())
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        entries.push(EntryTickets {
            address: Pubkey::read(&row, "address")?,
            player: Pubkey::read(&row, "player")?,
            tickets: Tickets {
                first: u32::read(&row, "first_ticket")?,
                count: u32::read(&row, "tickets")?,
            },
        });
    }
    Ok(entries)
}

/// Whether a snapshot as new as the game's row has been applied: entries that
/// are missing then are closed, not late.
///
/// # Errors
/// The database's.
pub async fn snapshot_covers(
    connection: &mut PgConnection,
    slot: i64,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT COALESCE((SELECT snapshot_slot >= $1 FROM watermark), FALSE)")
        .bind(slot)
        .fetch_one(connection)
        .await
}

/// Everything computed about a game.
#[derive(Clone, Debug)]
pub struct Derived {
    pub game: Pubkey,
    pub played: Played,
    pub outcome: Outcome,
    /// With their fates.
    pub entries: Vec<(EntryTickets, EntryFate)>,
}

impl Derived {
    /// The entry that holds the ticket, if it is known.
    fn holder(&self, ticket: u32) -> Option<&EntryTickets> {
        self.entries
            .iter()
            .map(|(entry, _)| entry)
            .find(|entry| holds(entry.tickets, ticket))
    }
}

/// Writes it all in one transaction. `false` when the game moved on meanwhile:
/// then it is in the queue again.
///
/// # Errors
/// The database's.
pub async fn store(pool: &PgPool, derived: &Derived) -> Result<bool, sqlx::Error> {
    let game = derived.game.to_string();
    let rounds = i16::try_from(derived.played.seeds.len()).unwrap_or(i16::MAX);
    let mut connection = pool.acquire().await?;
    let mut transaction = begin(&mut connection).await?;
    // Games before entries, like every writer.
    let current = sqlx::query(
        "UPDATE games SET derived_rounds = $2, derived_settled = $3
         WHERE address = $1 AND rounds_settled = $2 AND (status = 'settled') = $3
           AND substr(round_seeds, 1, $2 * 32) = $4
           AND (derived_rounds <> $2 OR derived_settled <> $3)",
    )
    .bind(&game)
    .bind(rounds)
    .bind(derived.played.settled)
    .bind(derived.played.seeds.concat())
    .execute(&mut *transaction)
    .await?;
    if current.rows_affected() == 0 {
        return Ok(false);
    }
    store_entries(&mut transaction, derived).await?;
    store_rounds(&mut transaction, &game, derived).await?;
    store_winners(&mut transaction, &game, derived).await?;
    store_jackpot_wins(&mut transaction, &game, derived).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn store_entries(
    connection: &mut PgConnection,
    derived: &Derived,
) -> Result<(), sqlx::Error> {
    for some in derived.entries.chunks(ROWS) {
        let award = |tier: usize| {
            column(some, |(_, fate)| {
                let awards = fate.jackpot_awards?;
                awards.get(tier).copied().map(U64)
            })
        };
        sqlx::query(
            "UPDATE entries AS e SET eliminated_round = f.eliminated_round, place = f.place,
                 prize = f.prize, jackpot_awards = f.awards
             FROM (SELECT address, eliminated_round, place, prize,
                          CASE WHEN prize IS NOT NULL THEN ARRAY[minor, major, mega]::u64[]
                          END AS awards
                   FROM UNNEST($1::text[], $2::int2[], $3::int2[], $4::numeric[],
                               $5::numeric[], $6::numeric[], $7::numeric[])
                       AS u(address, eliminated_round, place, prize, minor, major, mega)) AS f
             WHERE e.address = f.address
               AND (e.eliminated_round, e.place, e.prize, e.jackpot_awards) IS DISTINCT FROM
                   (f.eliminated_round, f.place, f.prize, f.awards)",
        )
        .bind(column(some, |(entry, _)| text(&entry.address)))
        .bind(column(some, |(_, fate)| {
            fate.eliminated_round.map(i16::from)
        }))
        .bind(column(some, |(_, fate)| fate.place.map(i16::from)))
        .bind(column(some, |(_, fate)| fate.prize.map(U64)))
        .bind(award(0))
        .bind(award(1))
        .bind(award(2))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn store_rounds(
    connection: &mut PgConnection,
    game: &str,
    derived: &Derived,
) -> Result<(), sqlx::Error> {
    let rounds = &derived.outcome.rounds;
    sqlx::query("DELETE FROM game_rounds WHERE game = $1 AND round >= $2")
        .bind(game)
        .bind(i16::try_from(rounds.len()).unwrap_or(i16::MAX))
        .execute(&mut *connection)
        .await?;
    // Another seed than before needs another proof.
    sqlx::query(
        "INSERT INTO game_rounds AS g (game, round, tickets, survivors, seed)
         SELECT $1, r.* FROM UNNEST($2::int2[], $3::int8[], $4::int8[], $5::bytea[]) AS r
         ON CONFLICT (game, round) DO UPDATE SET tickets = excluded.tickets,
             survivors = excluded.survivors, seed = excluded.seed,
             draw = CASE WHEN g.seed = excluded.seed THEN g.draw END",
    )
    .bind(game)
    .bind(
        rounds
            .iter()
            .map(|r| i16::from(r.round))
            .collect::<Vec<_>>(),
    )
    .bind(
        rounds
            .iter()
            .map(|r| i64::from(r.tickets))
            .collect::<Vec<_>>(),
    )
    .bind(
        rounds
            .iter()
            .map(|r| i64::from(r.survivors))
            .collect::<Vec<_>>(),
    )
    .bind(rounds.iter().map(|r| r.seed.to_vec()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

async fn store_winners(
    connection: &mut PgConnection,
    game: &str,
    derived: &Derived,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM winners WHERE game = $1")
        .bind(game)
        .execute(&mut *connection)
        .await?;
    for (place, ticket) in (0u8..).zip(&derived.outcome.winning_tickets) {
        let holder = derived.holder(*ticket);
        sqlx::query(
            "INSERT INTO winners (game, place, ticket, entry, player, prize)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(game)
        .bind(i16::from(place))
        .bind(i64::from(*ticket))
        .bind(holder.map(|entry| text(&entry.address)))
        .bind(holder.map(|entry| text(&entry.player)))
        .bind(U64(prize(&derived.played, place)))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn store_jackpot_wins(
    connection: &mut PgConnection,
    game: &str,
    derived: &Derived,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM jackpot_wins WHERE game = $1")
        .bind(game)
        .execute(&mut *connection)
        .await?;
    let played = &derived.played;
    for ((tier, award), ticket) in (0i16..)
        .zip(played.jackpot_awards)
        .zip(played.jackpot_tickets)
    {
        if award == 0 {
            continue;
        }
        let holder = derived.holder(ticket);
        sqlx::query(
            "INSERT INTO jackpot_wins (game, tier, ticket, entry, player, award, house, won_at)
             SELECT address, $2, $3, $4, $5, $6, house, settled_at FROM games WHERE address = $1",
        )
        .bind(game)
        .bind(tier)
        .bind(i64::from(ticket))
        .bind(holder.map(|entry| text(&entry.address)))
        .bind(holder.map(|entry| text(&entry.player)))
        .bind(U64(award))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
