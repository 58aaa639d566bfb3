//! Questions to the filled database, with its indexes and by reading all rows.

use std::time::Instant;

use anyhow::Result;
use indicatif::ProgressBar;
use lottery_indexer::{
    analytics::{About, QUESTIONS, Question},
    store::statistics,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{Scale, catch_up::step, report::Asked};

/// How often each question is asked.
const ASKED: usize = 200;

/// How often it is asked without indexes, which takes its time …
const SCANNED: usize = 5;

/// … but not again once that took so long (milliseconds).
const SCANNING: f64 = 20_000.0;

/// Whom questions are about.
struct Subjects {
    houses: Vec<String>,
    games: Vec<String>,
    players: Vec<String>,
}

impl Subjects {
    async fn draw(connection: &mut PgConnection) -> Result<Self> {
        let mut some = async |sql: &'static str| -> Result<Vec<String>> {
            Ok(sqlx::query_scalar(sql).fetch_all(&mut *connection).await?)
        };
        Ok(Self {
            houses: some("SELECT DISTINCT house::text FROM games").await?,
            games: some("SELECT address::text FROM games ORDER BY md5(address) LIMIT 500").await?,
            players: some(
                "SELECT player::text FROM entries WHERE game IN
                     (SELECT address FROM games ORDER BY md5(address) LIMIT 20) LIMIT 500",
            )
            .await?,
        })
    }

    fn of(&self, about: About, random: &mut StdRng) -> Subject {
        let one = |of: &[String], random: &mut StdRng| {
            Subject::Address(of.choose(random).cloned().unwrap_or_default())
        };
        match about {
            About::House => one(&self.houses, random),
            About::Game => one(&self.games, random),
            About::Player => one(&self.players, random),
            About::Tier => Subject::Tier(random.random_range(0..3)),
        }
    }
}

enum Subject {
    Address(String),
    Tier(i16),
}

/// Fills the statistics, and refreshes them: name and seconds of each.
pub async fn refresh(connection: &mut PgConnection) -> Result<Vec<(String, f64, f64)>> {
    let mut took = Vec::new();
    for view in statistics::VIEWS {
        let fill = statistics::refresh(connection, view).await?;
        let again = statistics::refresh(connection, view).await?;
        took.push((view.to_owned(), fill.as_secs_f64(), again.as_secs_f64()));
    }
    Ok(took)
}

/// Asks every question.
pub async fn ask(
    connection: &mut PgConnection,
    scale: Scale,
    bar: &ProgressBar,
) -> Result<Vec<Asked>> {
    step(bar, "questions");
    bar.set_length(QUESTIONS.len() as u64);
    bar.set_position(0);
    sqlx::query("ANALYZE").execute(&mut *connection).await?;
    // A plan that was made with the indexes would be kept without them.
    sqlx::query("SET plan_cache_mode = force_custom_plan")
        .execute(&mut *connection)
        .await?;
    let subjects = Subjects::draw(connection).await?;
    let mut random = StdRng::seed_from_u64(scale.entries);
    let mut asked = Vec::new();
    for question in QUESTIONS {
        asked.push(one(connection, question, &subjects, &mut random).await?);
        bar.inc(1);
    }
    Ok(asked)
}

async fn one(
    connection: &mut PgConnection,
    question: &Question,
    subjects: &Subjects,
    random: &mut StdRng,
) -> Result<Asked> {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    let mut rows = 0;
    for _ in 0..ASKED {
        let (took, count) = time(connection, question, subjects, random).await?;
        with.push(took);
        rows = rows.max(count);
    }
    let mut transaction = connection.begin().await?;
    for setting in ["indexscan", "indexonlyscan", "bitmapscan"] {
        let sql = format!("SET LOCAL enable_{setting} = off");
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut *transaction)
            .await?;
    }
    while without.len() < SCANNED && without.iter().sum::<f64>() < SCANNING {
        let (took, _) = time(&mut transaction, question, subjects, random).await?;
        without.push(took);
    }
    transaction.rollback().await?;
    Ok(Asked {
        name: question.name.to_owned(),
        p50: percentile(&mut with, 50),
        p95: percentile(&mut with, 95),
        scan_p50: percentile(&mut without, 50),
        scan_p95: percentile(&mut without, 95),
        rows,
    })
}

/// Milliseconds until all rows are there, and how many they are.
async fn time(
    connection: &mut PgConnection,
    question: &Question,
    subjects: &Subjects,
    random: &mut StdRng,
) -> Result<(f64, u64)> {
    let mut query = sqlx::query(question.sql());
    for about in question.about() {
        query = match subjects.of(about, random) {
            Subject::Address(address) => query.bind(address),
            Subject::Tier(tier) => query.bind(tier),
        };
    }
    let start = Instant::now();
    let rows = query.fetch_all(connection).await?;
    Ok((start.elapsed().as_secs_f64() * 1e3, rows.len() as u64))
}

/// The value that so many percent are not above.
fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(at).copied().unwrap_or_default()
}

/// Bytes of each table, and of its indexes.
pub async fn sizes(connection: &mut PgConnection) -> Result<Vec<(String, i64, i64)>> {
    Ok(sqlx::query_as(
        "SELECT name, sum(bytes)::int8, sum(indexes)::int8 FROM (
             SELECT regexp_replace(c.relname, '_(\\d{4}_\\d\\d|rest)$', '') AS name,
                    pg_table_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS indexes
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'm')) AS t
         GROUP BY name HAVING sum(bytes + indexes) > 1048576 ORDER BY 2 DESC",
    )
    .fetch_all(connection)
    .await?)
}
