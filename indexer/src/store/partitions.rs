//! The monthly partitions of `game_events`.

use jiff::{civil::Date, tz::TimeZone};
use sqlx::{AssertSqlSafe, PgConnection};

use super::transactions;

/// Months from year 1, so that they can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(i32);

impl Month {
    /// The month of a date.
    pub fn of(date: Date) -> Self {
        Self(i32::from(date.year()) * 12 + i32::from(date.month()) - 1)
    }

    /// This month, UTC.
    pub fn now() -> Self {
        let now = jiff::Timestamp::now().to_zoned(TimeZone::UTC);
        Self::of(now.date())
    }

    /// The month that many later, or earlier.
    pub fn plus(self, months: i32) -> Self {
        Self(self.0.saturating_add(months))
    }

    /// Its first day, as Postgres reads it.
    fn first_day(self) -> String {
        format!(
            "{:04}-{:02}-01 00:00:00+00",
            self.0.div_euclid(12),
            self.0.rem_euclid(12) + 1
        )
    }

    fn table(self) -> String {
        format!(
            "game_events_{:04}_{:02}",
            self.0.div_euclid(12),
            self.0.rem_euclid(12) + 1
        )
    }

    /// The month that a partition of this name is of.
    fn of_table(name: &str) -> Option<Self> {
        let (year, month) = name.strip_prefix("game_events_")?.split_once('_')?;
        let month: i32 = month
            .parse()
            .ok()
            .filter(|month| (1..=12).contains(month))?;
        Some(Self(year.parse::<i32>().ok()?.checked_mul(12)? + month - 1))
    }
}

/// The months that have partitions.
///
/// # Errors
/// The database's.
pub async fn months(connection: &mut PgConnection) -> Result<Vec<Month>, sqlx::Error> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'game_events'::regclass",
    )
    .fetch_all(connection)
    .await?;
    let mut months: Vec<Month> = names.iter().filter_map(|n| Month::of_table(n)).collect();
    months.sort();
    Ok(months)
}

/// Makes a month's partition, and moves there what went to the rest meanwhile.
///
/// # Errors
/// The database's.
pub async fn make(connection: &mut PgConnection, month: Month) -> Result<(), sqlx::Error> {
    let (table, from, to) = (month.table(), month.first_day(), month.plus(1).first_day());
    let mut transaction = super::begin(connection).await?;
    // Attached, a partition is checked against the rest; what is there belongs here.
    for sql in [
        format!("CREATE TABLE {table} (LIKE game_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"),
        format!(
            "WITH moved AS (DELETE FROM game_events_rest
                            WHERE at >= '{from}' AND at < '{to}' RETURNING *)
             INSERT INTO {table} SELECT * FROM moved"
        ),
        format!(
            "ALTER TABLE game_events ATTACH PARTITION {table}
             FOR VALUES FROM ('{from}') TO ('{to}')"
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

/// Drops a month's partition, with all its events.
///
/// # Errors
/// The database's.
pub async fn drop(connection: &mut PgConnection, month: Month) -> Result<(), sqlx::Error> {
    let sql = format!("DROP TABLE {}", month.table());
    sqlx::query(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Most months that are made ahead or kept: a century is for ever.
const MOST: u32 = 1_200;

/// What keeping the partitions did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub made: usize,
    pub dropped: usize,
}

/// Makes the partitions of this month and the `ahead` next ones, and of months that events
/// went to the rest of; drops those older than `keep` months, if that is given.
///
/// # Errors
/// The database's.
pub async fn keep(
    connection: &mut PgConnection,
    now: Month,
    ahead: u32,
    keep: Option<u32>,
) -> Result<Kept, sqlx::Error> {
    let there = months(connection).await?;
    let months = |count: u32| i32::try_from(count.min(MOST)).unwrap_or_default();
    // A clock that is ahead must not make everything old: what is newest on the chain is
    // asked, too.
    let newest = transactions::newest_time(connection).await?;
    let newest = newest.map(|time| Month::of(time.to_zoned(TimeZone::UTC).date()));
    let oldest = keep
        .zip(newest)
        .map(|(kept, newest)| newest.min(now).plus(-months(kept)));
    let last = now.plus(months(ahead));
    let mut wanted: Vec<Month> = (0..=months(ahead)).map(|n| now.plus(n)).collect();
    let rest: Vec<(i32, i32)> = sqlx::query_as(
        "SELECT DISTINCT extract(year FROM at AT TIME ZONE 'UTC')::int4,
                extract(month FROM at AT TIME ZONE 'UTC')::int4
         FROM game_events_rest",
    )
    .fetch_all(&mut *connection)
    .await?;
    let rest = rest
        .into_iter()
        .map(|(year, month)| Month(year * 12 + month - 1));
    // Years ahead are a wrong clock's: what a partition is made of stays for ever.
    wanted.extend(rest.filter(|month| *month <= last));
    wanted.sort();
    wanted.dedup();
    let mut kept = Kept::default();
    for month in wanted {
        if !there.contains(&month) && Some(month) >= oldest {
            make(connection, month).await?;
            kept.made += 1;
        }
    }
    for month in there.into_iter().filter(|month| Some(*month) < oldest) {
        drop(connection, month).await?;
        kept.dropped += 1;
    }
    if let Some(oldest) = oldest {
        let sql = format!(
            "DELETE FROM game_events_rest WHERE at < '{}'",
            oldest.first_day()
        );
        sqlx::query(AssertSqlSafe(sql)).execute(connection).await?;
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_named_and_counted() {
        let january = Month::of(Date::constant(2026, 1, 31));
        assert_eq!(january.table(), "game_events_2026_01");
        assert_eq!(january.plus(-1).first_day(), "2025-12-01 00:00:00+00");
        for month in [
            january,
            january.plus(11),
            january.plus(12),
            january.plus(-1),
        ] {
            assert_eq!(Month::of_table(&month.table()), Some(month));
        }
        for name in [
            "game_events_rest",
            "game_events_2026_13",
            "game_events_x_01",
            "entries",
        ] {
            assert_eq!(Month::of_table(name), None);
        }
    }
}
