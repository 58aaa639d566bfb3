//! The same rows by COPY alone: what the database takes at best, with the same columns,
//! checks and indexes, and nobody asking what is there already.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use lottery_indexer::{
    ledger::decode::{self, Decoded},
    source::{AccountUpdate, TransactionUpdate},
    store::{
        Column,
        batch::Batch,
        column::Time,
        record::{Part, Record, Sink, names},
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
}

impl Copied {
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
    statement: String,
    text: Vec<u8>,
    rows: u64,
}

/// Rows in COPY's text format ("COPY", File Formats, in Postgres' manual).
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    field: String,
    started: bool,
}

impl Lines {
    fn row(&mut self, record: &impl Record) {
        self.started = false;
        record.write(self);
        self.bytes.push(b'\n');
    }
}

impl Sink for Lines {
    fn field(&mut self, value: &impl Column) {
        if self.started {
            self.bytes.push(b'\t');
        }
        self.started = true;
        self.field.clear();
        if !value.write(&mut self.field) {
            self.bytes.extend_from_slice(b"\\N");
            return;
        }
        for byte in self.field.bytes() {
            match byte {
                b'\\' => self.bytes.extend_from_slice(b"\\\\"),
                b'\t' => self.bytes.extend_from_slice(b"\\t"),
                b'\n' => self.bytes.extend_from_slice(b"\\n"),
                b'\r' => self.bytes.extend_from_slice(b"\\r"),
                other => self.bytes.push(other),
            }
        }
    }
}

fn prepare<R: Record>(rows: &[R]) -> Prepared {
    let (table, names) = (R::TABLE, names::<R>());
    let mut lines = Lines::default();
    for row in rows {
        lines.row(row);
    }
    Prepared {
        statement: format!("COPY {SCHEMA}.{table} ({names}) FROM STDIN"),
        text: lines.bytes,
        rows: rows.len() as u64,
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
    let start = Instant::now();
    let mut transaction = connection.begin().await?;
    for part in prepared.into_iter().filter(|part| part.rows > 0) {
        let mut copy = transaction.copy_in_raw(&part.statement).await?;
        copy.send(part.text).await?;
        copy.finish().await?;
        total.rows += part.rows;
    }
    transaction.commit().await?;
    total.took += start.elapsed();
    Ok(())
}
