//! The same rows by COPY alone: what the database takes at best, with the same columns,
//! checks and indexes, and nobody asking what is there already.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use lottery_indexer::{
    ledger::decode::{self, Decoded},
    source::{AccountUpdate, TransactionUpdate},
    store::{
        batch::Batch,
        column::Time,
        lines::{Lines, copy_sql},
        record::{Part, Record},
    },
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// Schema of the twins.
const SCHEMA: &str = "raw_copy";

/// Tables as the indexer's, empty, in a schema of their own.
pub async fn make_twins(connection: &mut PgConnection, tables: &[&str]) -> Result<()> {
    let mut statements = vec![
        format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"),
        format!("CREATE SCHEMA {SCHEMA}"),
    ];
    for table in tables {
        statements.push(format!(
            "CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)"
        ));
    }
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub async fn drop_twins(connection: &mut PgConnection) -> Result<()> {
    sqlx::query(AssertSqlSafe(format!(
        "DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"
    )))
    .execute(connection)
    .await?;
    Ok(())
}

/// Rows and the time that COPY alone took for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Copied {
    pub rows: u64,
    pub took: Duration,
    /// Times that the twins were emptied.
    pub emptied: u64,
    /// Rows that they have.
    kept: u64,
    /// As many as they keep before they are emptied.
    most: u64,
}

impl Copied {
    pub fn keeping(most: u64) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    pub fn rate(&self) -> f64 {
        rate(self.rows, self.took)
    }
}

/// Rows a second.
#[allow(clippy::cast_precision_loss, reason = "a figure to read")]
pub fn rate(rows: u64, took: Duration) -> f64 {
    rows as f64 / took.as_secs_f64().max(1e-9)
}

/// Text for COPY, prepared before the clock runs.
pub struct Prepared {
    table: &'static str,
    statement: String,
    text: String,
    rows: u64,
}

fn prepare<'a, R: Record + 'a>(rows: impl IntoIterator<Item = &'a R>) -> Prepared {
    let lines = Lines::of(rows);
    Prepared {
        table: R::TABLE,
        statement: copy_sql::<R>(&format!("{SCHEMA}.{}", R::TABLE)),
        rows: lines.rows() as u64,
        text: lines.into_text(),
    }
}

/// The rows of accounts.
pub fn of_accounts(accounts: Vec<AccountUpdate>) -> Vec<Prepared> {
    let batch = Batch::decode(accounts);
    vec![prepare(batch.games()), prepare(batch.entries())]
}

/// The rows of transactions, their ids given from `first` on.
pub fn of_transactions(transactions: &[TransactionUpdate], first: i64) -> Result<Vec<Prepared>> {
    let decoded: Vec<Decoded> = transactions
        .iter()
        .map(|transaction| decode::decode(transaction, Time(0)))
        .collect::<Result<_, _>>()
        .context("a made-up transaction could not be decoded")?;
    let (mut rows, mut instructions) = (Vec::new(), Vec::new());
    let (mut events, mut payments, mut contributions) = (Vec::new(), Vec::new(), Vec::new());
    for (transaction_id, transaction) in (first..).zip(&decoded) {
        macro_rules! take {
            ($($into:ident $field:ident)*) => {$(
                let of_this = transaction.$field.iter();
                $into.extend(of_this.map(|row| Part { transaction_id, row }));
            )*};
        }
        rows.push(&transaction.row);
        take! {
            instructions instructions events events payments payments
            contributions contributions
        }
    }
    Ok(vec![
        prepare(&rows),
        prepare(&instructions),
        prepare(&events),
        prepare(&payments),
        prepare(&contributions),
    ])
}

/// Copies what was prepared, in one transaction.
pub async fn copy(
    connection: &mut PgConnection,
    prepared: Vec<Prepared>,
    total: &mut Copied,
) -> Result<()> {
    if total.kept > total.most {
        let tables = prepared
            .iter()
            .map(|part| format!("{SCHEMA}.{}", part.table));
        let sql = format!("TRUNCATE {}", tables.collect::<Vec<_>>().join(", "));
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut *connection)
            .await?;
        total.kept = 0;
        total.emptied += 1;
    }
    let start = Instant::now();
    let mut transaction = connection.begin().await?;
    for part in prepared.into_iter().filter(|part| part.rows > 0) {
        let mut copy = transaction.copy_in_raw(&part.statement).await?;
        copy.send(part.text.into_bytes()).await?;
        copy.finish().await?;
        total.rows += part.rows;
        total.kept += part.rows;
    }
    transaction.commit().await?;
    total.took += start.elapsed();
    Ok(())
}
