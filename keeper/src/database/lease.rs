//! Table `lease`: who leads. All times in it are the server's, so what the clocks of
//! the keepers' machines say means nothing.

use std::{fmt, time::Duration};

use sqlx::PgConnection;

/// Where a release is announced, with the lease's name; channels are the whole
/// database's, whatever the schema.
pub(super) const RELEASED: &str = "lottery_keeper_released";

/// Number of an acquisition of a lease. It grows with each, so what carries an older
/// one comes from somebody who led once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Epoch(i64);

impl Epoch {
    /// For logs and metrics.
    pub fn number(self) -> u64 {
        self.0.unsigned_abs()
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One process that would lead.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Of the lease.
    pub(super) name: String,
    /// How long the lease lasts without renewal.
    pub(super) ttl: Duration,
    /// This process and no other.
    pub(super) holder: String,
    /// This process, for people.
    pub(super) label: String,
}

/// What an attempt to take a lease came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt {
    Acquired(Epoch),
    Taken {
        /// Label of the holder.
        by: String,
        /// What is left of it.
        remaining: Duration,
    },
}

/// What a renewal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    Renewed,
    /// It had run out, or is somebody else's.
    Lost,
}

/// What can be seen of a lease from outside.
#[derive(Clone, Debug)]
pub struct Look {
    /// The server's clock (unix seconds).
    pub server_time: f64,
    /// Who holds the lease, or held it last.
    pub holding: Option<Holding>,
    /// Transactions of its journal whose end is not known.
    pub open: u64,
}

/// Who holds a lease, or held it last.
#[derive(Clone, Debug)]
pub struct Holding {
    /// Label of the process.
    pub by: String,
    pub epoch: Epoch,
    /// What is left of it (seconds); less than zero since it ran out.
    pub remaining: f64,
}

/// Looks at a lease and changes nothing.
pub(super) async fn look(connection: &mut PgConnection, name: &str) -> Result<Look, sqlx::Error> {
    let (server_time, open): (f64, i64) = sqlx::query_as(
        "SELECT extract(epoch FROM clock_timestamp())::float8,
                (SELECT count(*) FROM journal WHERE lease = $1 AND state = 'open')",
    )
    .bind(name)
    .fetch_one(&mut *connection)
    .await?;
    let holding: Option<(String, Epoch, f64)> = sqlx::query_as(
        "SELECT label, epoch, extract(epoch FROM expires_at - clock_timestamp())::float8
         FROM lease WHERE name = $1",
    )
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(Look {
        server_time,
        holding: holding.map(|(by, epoch, remaining)| Holding {
            by,
            epoch,
            remaining,
        }),
        open: open.unsigned_abs(),
    })
}

impl Candidate {
    /// A new one for the lease of that name (100 characters at most).
    pub fn new(name: impl Into<String>, ttl: Duration) -> Self {
        Self {
            name: name.into(),
            ttl,
            holder: format!("{:032x}", rand::random::<u128>()),
            label: format!("{}, process {}", host(), std::process::id()),
        }
    }

    /// Takes the lease if it is free, has run out or is this candidate's own.
    pub async fn try_acquire(&self, connection: &mut PgConnection) -> Result<Attempt, sqlx::Error> {
        // The first condition spares a lease that is taken the row lock; it may be
        // out of date. The second is checked with the row locked.
        let (epoch, by, remaining): (Option<Epoch>, Option<String>, Option<f64>) = sqlx::query_as(
            "WITH acquired AS (
                 INSERT INTO lease AS l (name, holder, label, epoch, acquired_at, expires_at)
                 SELECT $1, $2, $3, 1, clock_timestamp(),
                        clock_timestamp() + make_interval(secs => $4)
                 WHERE NOT EXISTS (SELECT FROM lease WHERE name = $1 AND holder <> $2
                                                       AND expires_at > clock_timestamp())
                 ON CONFLICT (name) DO UPDATE
                     SET holder = excluded.holder, label = excluded.label, epoch = l.epoch + 1,
                         acquired_at = clock_timestamp(),
                         expires_at = clock_timestamp() + make_interval(secs => $4)
                     WHERE l.holder = excluded.holder OR l.expires_at <= clock_timestamp()
                 RETURNING epoch
             )
             SELECT (SELECT epoch FROM acquired), l.label,
                    extract(epoch FROM l.expires_at - clock_timestamp())::float8
             FROM (VALUES (1)) AS one LEFT JOIN lease l ON l.name = $1",
        )
        .bind(&self.name)
        .bind(&self.holder)
        .bind(&self.label)
        .bind(self.ttl.as_secs_f64())
        .fetch_one(connection)
        .await?;
        Ok(match epoch {
            Some(epoch) => Attempt::Acquired(epoch),
            None => Attempt::Taken {
                by: by.unwrap_or_default(),
                remaining: Duration::try_from_secs_f64(remaining.unwrap_or(0.0))
                    .unwrap_or_default(),
            },
        })
    }

    /// Makes the lease last from now on; not one that has run out, even if nobody
    /// took it: that is acquired anew.
    pub async fn renew(
        &self,
        connection: &mut PgConnection,
        epoch: Epoch,
    ) -> Result<Renewal, sqlx::Error> {
        let done = sqlx::query(
            "UPDATE lease SET expires_at = clock_timestamp() + make_interval(secs => $4)
             WHERE name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp()",
        )
        .bind(&self.name)
        .bind(&self.holder)
        .bind(epoch)
        .bind(self.ttl.as_secs_f64())
        .execute(connection)
        .await?;
        Ok(match done.rows_affected() {
            0 => Renewal::Lost,
            _ => Renewal::Renewed,
        })
    }

    /// Gives the lease back, if it is still held, and tells those who wait for it.
    pub async fn release(
        &self,
        connection: &mut PgConnection,
        epoch: Epoch,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "WITH released AS (
                 UPDATE lease SET expires_at = LEAST(expires_at, clock_timestamp())
                 WHERE name = $1 AND holder = $2 AND epoch = $3
                 RETURNING name
             )
             SELECT pg_notify($4, name) FROM released",
        )
        .bind(&self.name)
        .bind(&self.holder)
        .bind(epoch)
        .bind(RELEASED)
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// Begins a statement that only the holder of a lease may carry out: `fence` has a
/// row if $1, $2 and $3 are the lease's name, its holder and its epoch and it has not
/// run out, and none otherwise. The row stays locked until the statement is done:
/// whoever takes the lease over waits that long, and sees what it did.
///
/// Statements that lock anything else do so after `fence`, and rows of a table in the
/// order of their keys; so no two of them ever wait for each other. They are single
/// ones, so a keeper that is stopped in the middle holds no lock.
macro_rules! fenced {
    ($statement:literal) => {
        concat!(
            "WITH fence AS MATERIALIZED (
                 SELECT epoch FROM lease
                 WHERE name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp()
                 FOR SHARE
             ), ",
            $statement
        )
    };
}
pub(super) use fenced;

/// Name of this machine.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown host".to_owned())
}
