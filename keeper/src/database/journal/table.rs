//! Table `journal`.

use std::time::Duration;

use lottery_client::sender::journal::{End, Signed};
use sqlx::PgConnection;

use crate::database::{Candidate, DatabaseError, Epoch, lease::fenced};

/// Rows deleted by a statement: few enough that it takes milliseconds.
pub(super) const FORGOTTEN_AT_ONCE: u64 = 1_000;

/// Longest error kept (characters).
const MAX_ERROR: usize = 2_000;

/// A row of a signed transaction.
#[derive(Clone)]
pub(super) struct SignedRow {
    pub(super) signature: Vec<u8>,
    pub(super) transaction: Vec<u8>,
    last_valid_block_height: i64,
    intent: String,
}

impl SignedRow {
    /// `None` for a block height that no chain reaches.
    pub(super) fn new(signed: Signed) -> Option<Self> {
        Some(Self {
            signature: signed.signature.as_ref().to_vec(),
            transaction: signed.transaction,
            last_valid_block_height: i64::try_from(signed.last_valid_block_height).ok()?,
            intent: signed.intent,
        })
    }
}

/// Keeps records, which must be of different transactions. The same record again is
/// kept once, and open again if it was given up as dead; `Some` are the signatures
/// that the table has other bytes of, which are left as they are. `None` if the
/// candidate does not hold the lease in this epoch.
pub(super) async fn insert(
    connection: &mut PgConnection,
    candidate: &Candidate,
    epoch: Epoch,
    rows: &[SignedRow],
) -> Result<Option<Vec<Vec<u8>>>, sqlx::Error> {
    let signatures: Vec<&[u8]> = rows.iter().map(|row| &*row.signature).collect();
    let transactions: Vec<&[u8]> = rows.iter().map(|row| &*row.transaction).collect();
    let heights: Vec<i64> = rows.iter().map(|row| row.last_valid_block_height).collect();
    let intents: Vec<&str> = rows.iter().map(|row| &*row.intent).collect();
    let (leads, foreign): (bool, Vec<Vec<u8>>) = sqlx::query_as(fenced!(
        "given AS MATERIALIZED (
             SELECT * FROM unnest($4::bytea[], $5::bytea[], $6::int8[], $7::text[])
                 AS g (signature, transaction, last_valid_block_height, intent)
         ), written AS (
             INSERT INTO journal AS j (signature, lease, signed_epoch, epoch, intent, transaction,
                                       last_valid_block_height)
             SELECT signature, $1, f.epoch, f.epoch, nullif(intent, '')::jsonb, transaction,
                    last_valid_block_height
             FROM fence f CROSS JOIN given
             ORDER BY signature
             ON CONFLICT (signature) DO UPDATE
                 SET epoch = excluded.epoch, state = 'open', ended_at = NULL
                 WHERE j.state IN ('open', 'dead') AND j.lease = excluded.lease
                   AND j.transaction = excluded.transaction
         )
         SELECT EXISTS (SELECT FROM fence),
                ARRAY(SELECT signature FROM given JOIN journal j USING (signature)
                      WHERE (j.lease, j.transaction) <> ($1, given.transaction))"
    ))
    .bind(&candidate.name)
    .bind(&candidate.holder)
    .bind(epoch)
    .bind(signatures)
    .bind(transactions)
    .bind(heights)
    .bind(intents)
    .fetch_one(connection)
    .await?;
    Ok(leads.then_some(foreign))
}

/// A row whose end is not known.
#[derive(sqlx::FromRow)]
pub(super) struct Open {
    signature: Option<Vec<u8>>,
    transaction: Option<Vec<u8>>,
    last_valid_block_height: Option<i64>,
    intent: Option<String>,
}

impl Open {
    pub(super) fn into_signed(self) -> Result<Signed, DatabaseError> {
        let signed = || {
            Some(Signed {
                signature: self.signature?.try_into().ok()?,
                transaction: self.transaction?,
                last_valid_block_height: u64::try_from(self.last_valid_block_height?).ok()?,
                intent: self.intent.unwrap_or_default(),
            })
        };
        signed().ok_or_else(|| DatabaseError::Malformed("a row of the journal".to_owned()))
    }
}

/// Makes what other epochs signed and is still open this epoch's, and returns it,
/// oldest first. `None` if the candidate does not hold the lease in this epoch.
pub(super) async fn adopt(
    connection: &mut PgConnection,
    candidate: &Candidate,
    epoch: Epoch,
) -> Result<Option<Vec<Open>>, sqlx::Error> {
    // One row for the fence at least, of nothing if nothing is open.
    let mut rows: Vec<Open> = sqlx::query_as(fenced!(
        "left_open AS MATERIALIZED (
             SELECT j.signature
             FROM fence f JOIN journal j ON j.signed_epoch <> f.epoch
             WHERE j.lease = $1 AND j.state = 'open'
             ORDER BY j.signature
             FOR UPDATE OF j
         ), adopted AS (
             UPDATE journal j SET epoch = $3 FROM left_open l WHERE j.signature = l.signature
             RETURNING j.signature, j.transaction, j.last_valid_block_height,
                       j.intent::text AS intent, j.signed_at
         )
         SELECT a.* FROM fence LEFT JOIN adopted a ON TRUE ORDER BY a.signed_at, a.signature"
    ))
    .bind(&candidate.name)
    .bind(&candidate.holder)
    .bind(epoch)
    .fetch_all(connection)
    .await?;
    let leads = !rows.is_empty();
    rows.retain(|row| row.signature.is_some());
    Ok(leads.then_some(rows))
}

/// How many rows are open.
pub(super) async fn count_open(
    connection: &mut PgConnection,
    lease: &str,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM journal WHERE lease = $1 AND state = 'open'")
        .bind(lease)
        .fetch_one(connection)
        .await
}

/// A row's end.
#[derive(Clone)]
pub(super) struct EndRow {
    pub(super) signature: Vec<u8>,
    state: &'static str,
    slot: Option<i64>,
    error: Option<String>,
}

impl EndRow {
    pub(super) fn new(signature: &[u8], end: &End) -> Self {
        let (state, slot, error) = match end {
            End::Landed { slot } => ("landed", Some(*slot), None),
            End::Failed { slot, error } => ("failed", Some(*slot), Some(clean(error))),
            End::Dead => ("dead", None, None),
        };
        Self {
            signature: signature.to_vec(),
            state,
            // Slots end long before that.
            slot: slot.map(|slot| i64::try_from(slot).unwrap_or(i64::MAX)),
            error,
        }
    }

    /// Whether it was seen on chain; that it is dead is only concluded.
    pub(super) fn is_seen(&self) -> bool {
        self.slot.is_some()
    }
}

/// What Postgres' text can hold, without secrets.
fn clean(error: &str) -> String {
    let error = crate::text::scrub(error).replace('\0', "\\0");
    error.chars().take(MAX_ERROR).collect()
}

/// Writes ends, of different transactions, whoever leads: they are facts. What was
/// seen on chain stays; what was given up as dead and is seen there after all does
/// not. A transaction that the table does not have is left out.
pub(super) async fn end(connection: &mut PgConnection, rows: &[EndRow]) -> Result<(), sqlx::Error> {
    let signatures: Vec<&[u8]> = rows.iter().map(|row| &*row.signature).collect();
    let states: Vec<&str> = rows.iter().map(|row| row.state).collect();
    let slots: Vec<Option<i64>> = rows.iter().map(|row| row.slot).collect();
    let errors: Vec<Option<&str>> = rows.iter().map(|row| row.error.as_deref()).collect();
    sqlx::query(
        "WITH given AS MATERIALIZED (
             SELECT * FROM unnest($1::bytea[], $2::text[], $3::int8[], $4::text[])
                 AS g (signature, state, slot, error)
         ), locked AS MATERIALIZED (
             SELECT signature, g.state, g.slot, g.error
             FROM journal j JOIN given g USING (signature)
             WHERE j.state = 'open' OR (j.state = 'dead' AND g.state <> 'dead')
             ORDER BY signature
             FOR UPDATE OF j
         )
         UPDATE journal j
         SET state = l.state, slot = l.slot, error = l.error, ended_at = clock_timestamp()
         FROM locked l WHERE j.signature = l.signature",
    )
    .bind(signatures)
    .bind(states)
    .bind(slots)
    .bind(errors)
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes the oldest rows that ended longer ago than that; says how many.
pub(super) async fn forget(
    connection: &mut PgConnection,
    lease: &str,
    older_than: Duration,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "DELETE FROM journal WHERE signature IN (
             SELECT signature FROM journal
             WHERE lease = $1 AND state <> 'open'
               AND ended_at < clock_timestamp() - make_interval(secs => $2)
             ORDER BY ended_at
             LIMIT $3
             FOR UPDATE SKIP LOCKED
         )",
    )
    .bind(lease)
    .bind(older_than.as_secs_f64())
    .bind(i64::try_from(FORGOTTEN_AT_ONCE).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
