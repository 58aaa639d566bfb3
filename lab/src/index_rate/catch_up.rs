//! The run: an empty database takes in the whole chain.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use indicatif::ProgressBar;
use lottery_indexer::{
    derive,
    ledger::CHUNK,
    source::{AccountUpdate, Event, TransactionUpdate},
    store::{self, partitions, watermark},
};
use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};

use super::{
    History, SNAPSHOT_SLOT, Scale, accounts,
    copies::{self, Copied},
    jackpots,
    memory::Memory,
    queries,
    report::{Rate, Report},
    work::Work,
};

/// Accounts that a source delivers at once.
const PART: usize = 18_000;

/// Chunks of the ledger that are made up before the clock runs for them: the first of them
/// is decoded while the writer has nothing to do, which a real catch-up sees once.
const WINDOW_CHUNKS: usize = 20;

/// Batches of games that are made up before the clock runs for them.
const WINDOW: u64 = 20;

/// Takes a chain of that size into an empty database, and asks it questions.
pub async fn run(
    options: PgConnectOptions,
    scale: Scale,
    beside: Beside,
    bar: &ProgressBar,
) -> Result<Report> {
    let pool = store::pool(options.clone(), 5);
    store::migrate(&pool).await?;
    claim(&pool).await?;
    let mut connection = PgConnection::connect_with(&options).await?;
    let (accounts, ledger) = take(&options, &mut connection, scale, bar, beside).await?;
    copies::drop_twins(&mut connection).await?;
    let derived = derive_all(&pool, bar).await?;
    step(bar, "statistics");
    let statistics = queries::refresh(&mut connection).await?;
    let questions = queries::ask(&mut connection, scale, bar).await?;
    Ok(Report {
        scale,
        accounts,
        ledger,
        derived,
        statistics,
        questions,
        sizes: queries::sizes(&mut connection).await?,
    })
}

/// Fills an empty database, and computes what follows, without measuring anything.
///
/// # Errors
/// The database's, or that it is in use.
pub async fn fill(options: PgConnectOptions, scale: Scale) -> Result<()> {
    let pool = store::pool(options.clone(), 5);
    store::migrate(&pool).await?;
    claim(&pool).await?;
    let mut connection = PgConnection::connect_with(&options).await?;
    let bar = ProgressBar::hidden();
    take(&options, &mut connection, scale, &bar, Beside::Nothing).await?;
    derive_all(&pool, &bar).await?;
    queries::refresh(&mut connection).await?;
    pool.close().await;
    Ok(())
}

/// What is done beside taking rows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The same rows by COPY alone, into tables that keep so many before they are emptied.
    Copies {
        kept: u64,
    },
    Nothing,
}

impl Beside {
    fn nothing_copied(self) -> Copied {
        match self {
            Self::Copies { kept } => Copied::keeping(kept),
            Self::Nothing => Copied::default(),
        }
    }
}

/// Takes in all accounts, and all transactions.
async fn take(
    options: &PgConnectOptions,
    connection: &mut PgConnection,
    scale: Scale,
    bar: &ProgressBar,
    beside: Beside,
) -> Result<(Rate, Rate)> {
    let mut work = Work::begin(options).await?;
    let accounts = take_accounts(&mut work, connection, scale, bar, beside).await?;
    partitions_of_all(connection).await?;
    let ledger = take_history(&mut work, connection, scale, bar, beside).await?;
    work.end().await?;
    Ok((accounts, ledger))
}

/// Makes sure that the database is empty, and ours.
async fn claim(pool: &PgPool) -> Result<()> {
    let identity = watermark::Identity {
        genesis_hash: "made up".to_owned(),
        program: lottery::ID.to_string(),
        commitment: "finalized".to_owned(),
    };
    let owner = watermark::claim(pool, &identity).await?;
    let entries: i64 = sqlx::query_scalar("SELECT count(*) FROM (SELECT FROM entries LIMIT 1) e")
        .fetch_one(pool)
        .await?;
    if owner != identity || entries > 0 {
        bail!("this database is in use: name an empty one");
    }
    Ok(())
}

/// A partition for each month that the chain spans.
async fn partitions_of_all(connection: &mut PgConnection) -> Result<()> {
    let now = partitions::Month::now();
    for back in 0..36 {
        let month = now.plus(-back);
        if !partitions::months(connection).await?.contains(&month) {
            partitions::make(connection, month).await?;
        }
    }
    Ok(())
}

async fn take_accounts(
    work: &mut Work,
    connection: &mut PgConnection,
    scale: Scale,
    bar: &ProgressBar,
    beside: Beside,
) -> Result<Rate> {
    copies::make_twins(connection, &["games", "entries"]).await?;
    step(bar, "accounts");
    bar.set_length(scale.entries + scale.games);
    bar.set_position(0);
    work.events.send(Event::Part(jackpots())).await?;
    let (mut took, mut rows, mut memory) = (Duration::ZERO, 0u64, Memory::default());
    let mut copied = beside.nothing_copied();
    let mut batch = 0;
    while batch < scale.batches() {
        let until = (batch + WINDOW).min(scale.batches());
        let mut parts: Vec<Vec<AccountUpdate>> = Vec::new();
        for number in batch..until {
            let more = accounts(&scale.play(number));
            match parts.last_mut() {
                Some(part) if part.len() < PART => part.extend(more),
                _ => parts.push(more),
            }
        }
        let count: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let mut prepared = Vec::new();
        if let Beside::Copies { .. } = beside {
            prepared.push(copies::of_accounts(parts.concat()));
        }
        // Whoever comes second finds the disk busy with the first: they take turns.
        if (batch / WINDOW).is_multiple_of(2) {
            for part in prepared {
                copies::copy(connection, part, &mut copied).await?;
            }
            took += work.parts(parts).await?;
        } else {
            took += work.parts(parts).await?;
            for part in prepared {
                copies::copy(connection, part, &mut copied).await?;
            }
        }
        rows += count;
        batch = until;
        bar.inc(count);
        memory.sample();
    }
    let start = Instant::now();
    work.events
        .send(Event::Complete {
            slot: SNAPSHOT_SLOT,
        })
        .await?;
    work.wait().await?;
    Ok(Rate {
        finish_seconds: start.elapsed().as_secs_f64(),
        ..Rate::new(rows, took, copied, &memory)
    })
}

async fn take_history(
    work: &mut Work,
    connection: &mut PgConnection,
    scale: Scale,
    bar: &ProgressBar,
    beside: Beside,
) -> Result<Rate> {
    let tables = [
        "transactions",
        "instructions",
        "game_events",
        "payments",
        "jackpot_contributions",
    ];
    copies::make_twins(connection, &tables).await?;
    step(bar, "ledger");
    bar.set_length(scale.events);
    bar.set_position(0);
    let (mut took, mut memory) = (Duration::ZERO, Memory::default());
    let mut copied = beside.nothing_copied();
    let mut next_id = 1i64;
    let mut waiting: Vec<TransactionUpdate> = Vec::new();
    let mut history = History::new(scale);
    loop {
        let more = history.next();
        let last = more.is_none();
        waiting.extend(more.unwrap_or_default());
        if waiting.len() < WINDOW_CHUNKS * CHUNK && !last {
            continue;
        }
        let transactions = std::mem::take(&mut waiting);
        let mut prepared = Vec::new();
        if let Beside::Copies { .. } = beside {
            prepared.push(copies::of_transactions(&transactions, next_id)?);
        }
        next_id += i64::try_from(transactions.len())?;
        for part in prepared {
            copies::copy(connection, part, &mut copied).await?;
        }
        took += work.chunks(transactions).await?;
        bar.set_position(history.rows);
        memory.sample();
        if last {
            break;
        }
    }
    let rows = ledger_rows(connection).await?;
    Ok(Rate::new(rows, took, copied, &memory))
}

/// Rows of all tables of the ledger.
async fn ledger_rows(connection: &mut PgConnection) -> Result<u64> {
    let rows: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM transactions) + (SELECT count(*) FROM instructions)
              + (SELECT count(*) FROM game_events) + (SELECT count(*) FROM payments)
              + (SELECT count(*) FROM jackpot_contributions)",
    )
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(rows)?)
}

/// Computes what follows from the games; returns how many there were, and the time.
async fn derive_all(pool: &PgPool, bar: &ProgressBar) -> Result<(u64, Duration)> {
    let waiting = async || -> Result<i64> {
        Ok(sqlx::query_scalar(
            "SELECT count(*) FROM games
             WHERE derived_rounds <> rounds_settled OR derived_settled <> (status = 'settled')",
        )
        .fetch_one(pool)
        .await?)
    };
    let games = u64::try_from(waiting().await?)?;
    step(bar, "fates");
    bar.set_length(games);
    bar.set_position(0);
    let start = Instant::now();
    let mut before = games;
    while before > 0 {
        derive::once(pool).await?;
        let left = u64::try_from(waiting().await?)?;
        if left >= before {
            bail!("{left} games stay without their fates");
        }
        bar.set_position(games - left);
        before = left;
    }
    Ok((games, start.elapsed()))
}

/// Tells what is done now, also where nobody sees the bar.
pub(super) fn step(bar: &ProgressBar, what: &'static str) {
    tracing::info!("{what}");
    bar.set_message(what);
}
