//! How the database answers: the plan of each question, and the indexes that the indexer's
//! own statements use.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use lottery_indexer::{
    analytics::{About, QUESTIONS, Question},
    api, derive,
    ledger::again::Late,
    store::{self, dead_letters, incomplete},
};
use serde_json::Value;
use solana_pubkey::Pubkey;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgRow},
};

/// Between two looks at whether a connection is gone.
const LOOKS: Duration = Duration::from_millis(10);

/// What is asked, by name, and the indexes that answer it; of a table that is read from end
/// to end, `scan of` it.
pub type Uses = BTreeMap<String, BTreeSet<String>>;

/// The plans of all questions.
///
/// # Errors
/// The database's.
pub async fn of_questions(connection: &mut PgConnection) -> Result<Uses> {
    let whole = wholes(connection).await?;
    // Partitions of months in which nothing happened.
    let empty: Vec<String> = sqlx::query_scalar(
        "SELECT 'scan of ' || relname FROM pg_class WHERE relkind = 'r' AND relpages = 0",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut uses = Uses::new();
    for question in QUESTIONS {
        let row = explain(connection, question, "FORMAT JSON").await?;
        let plan: Value = sqlx::Row::try_get(row.first().context("no plan")?, 0)?;
        let mut used = BTreeSet::new();
        walk(&plan, &mut used);
        let named = used
            .into_iter()
            .filter(|name| !empty.contains(name))
            .map(|name| whole.get(&name).cloned().unwrap_or(name));
        uses.insert(question.name.to_owned(), named.collect());
    }
    Ok(uses)
}

/// What a plan reads.
fn walk(plan: &Value, used: &mut BTreeSet<String>) {
    match plan {
        Value::Array(parts) => parts.iter().for_each(|part| walk(part, used)),
        Value::Object(node) => {
            let text = |name: &str| node.get(name).and_then(Value::as_str);
            if let Some(index) = text("Index Name") {
                used.insert(index.to_owned());
            }
            if let (Some("Seq Scan"), Some(table)) = (text("Node Type"), text("Relation Name")) {
                used.insert(format!("scan of {table}"));
            }
            node.values().for_each(|part| walk(part, used));
        }
        _ => {}
    }
}

/// What partitions and their indexes are parts of, by their names.
async fn wholes(connection: &mut PgConnection) -> Result<BTreeMap<String, String>> {
    let rows: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT part.relname::text, whole.relname::text, part.relkind = 'r'
         FROM pg_inherits i JOIN pg_class part ON part.oid = i.inhrelid
         JOIN pg_class whole ON whole.oid = i.inhparent",
    )
    .fetch_all(connection)
    .await?;
    let named = rows.into_iter().map(|(part, whole, is_table)| {
        let scan = |name: String| match is_table {
            true => format!("scan of {name}"),
            false => name,
        };
        (scan(part), scan(whole))
    });
    Ok(named.collect())
}

/// Explains a question, about whatever is there first.
pub(super) async fn explain(
    connection: &mut PgConnection,
    question: &Question,
    how: &str,
) -> Result<Vec<PgRow>> {
    let sql = format!("EXPLAIN ({how}) {}", question.sql());
    let mut query = sqlx::query(AssertSqlSafe(sql));
    let mut subjects = Vec::new();
    for about in question.about() {
        let sql = match about {
            About::House => "SELECT house::text FROM games LIMIT 1",
            About::Game => "SELECT address::text FROM games WHERE status = 'settled' LIMIT 1",
            About::Player => "SELECT player::text FROM entries LIMIT 1",
            About::Tier => "SELECT '2'",
        };
        let subject: String = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
        subjects.push((about, subject));
    }
    for (about, subject) in &subjects {
        query = match about {
            About::Tier => query.bind(subject.parse::<i16>()?),
            _ => query.bind(subject),
        };
    }
    Ok(query.fetch_all(connection).await?)
}

/// The indexes that the API, the deriver and the repairs use, each watched by itself.
///
/// # Errors
/// The database's, and whatever a statement fails with.
pub async fn of_service(options: &PgConnectOptions) -> Result<Uses> {
    let mut connection = PgConnection::connect_with(options).await?;
    litter(&mut connection).await?;
    let one = async |connection: &mut PgConnection, sql: &'static str| -> Result<String> {
        Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
    };
    let house = one(&mut connection, "SELECT house::text FROM games LIMIT 1").await?;
    let game = "SELECT address::text FROM games WHERE status = 'settled' LIMIT 1";
    let game = one(&mut connection, game).await?;
    let mut uses = Uses::new();
    for (name, path) in [
        ("GET /api/games", "/api/games".to_owned()),
        ("GET /api/games?status", "/api/games?status=open".to_owned()),
        ("GET /api/games?house", format!("/api/games?house={house}")),
        ("GET /api/games/active", "/api/games/active".to_owned()),
        ("GET /api/games/{address}", format!("/api/games/{game}")),
    ] {
        let get = async |pool: PgPool| get(pool, &path).await;
        uses.insert(name.to_owned(), used(options, &mut connection, get).await?);
    }
    let derived = async |pool: PgPool| Ok(derive::once(&pool).await?);
    let letters = async |pool: PgPool| {
        dead_letters::waiting(&mut *pool.acquire().await?, 0, 10).await?;
        Ok(())
    };
    let address: Pubkey = game.parse()?;
    let history = async |pool: PgPool| {
        incomplete::history(&mut *pool.acquire().await?, &address).await?;
        Ok(())
    };
    let draw = "SELECT address::text FROM draws WHERE value IS NOT NULL LIMIT 1";
    let draw = one(&mut connection, draw).await?;
    let entry = sqlx::query_scalar("SELECT address::text FROM entries WHERE game = $1 LIMIT 1");
    let entry: String = entry.bind(&game).fetch_one(&mut connection).await?;
    let told = async |pool: PgPool| {
        let late = Late {
            games: vec![(game.clone(), 0)],
            entries: vec![(game.clone(), (entry.clone(), 0))],
            draws: vec![draw.clone()],
        };
        late.tell(&mut *pool.acquire().await?).await?;
        Ok(())
    };
    for (name, used) in [
        (
            "fates and proofs",
            used(options, &mut connection, derived).await?,
        ),
        (
            "dead-letters",
            used(options, &mut connection, letters).await?,
        ),
        (
            "rows made of the ledger",
            used(options, &mut connection, history).await?,
        ),
        (
            "what the ledger told before",
            used(options, &mut connection, told).await?,
        ),
    ] {
        uses.insert(name.to_owned(), used);
    }
    Ok(uses)
}

/// What is over and done with, in the tables of what waits: they are not empty in practice.
async fn litter(connection: &mut PgConnection) -> Result<()> {
    for sql in [
        "INSERT INTO dead_letters (kind, key, slot, last_slot, bytes, reason, replayed_at)
         SELECT 'account', 'litter ' || n, n, n, '', 'made up', now() FROM generate_series(1, 20000) n
         ON CONFLICT DO NOTHING",
        "INSERT INTO incomplete_games (game, slot, reason)
         SELECT address, slot, 'made up' FROM games ON CONFLICT DO NOTHING",
        "ANALYZE dead_letters, incomplete_games",
    ] {
        sqlx::query(sql).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Asks the API over a socket of its own.
async fn get(pool: PgPool, path: &str) -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}{path}", listener.local_addr()?);
    let server = tokio::spawn(async move { axum::serve(listener, api::router(pool)).await });
    let answer = reqwest::get(url).await;
    server.abort();
    let answer = answer?;
    ensure!(answer.status().is_success(), "{path}: {}", answer.status());
    Ok(())
}

/// Which indexes are read by what is done with a pool.
async fn used(
    options: &PgConnectOptions,
    connection: &mut PgConnection,
    work: impl AsyncFnOnce(PgPool) -> Result<()>,
) -> Result<BTreeSet<String>> {
    let before = reads(connection).await?;
    let pool = store::pool(options.clone(), 1);
    // The one connection of the pool.
    let process: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(&pool)
        .await?;
    work(pool.clone()).await?;
    pool.close().await;
    // It has told its statistics once it is gone.
    while sqlx::query_scalar::<_, bool>(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)",
    )
    .bind(process)
    .fetch_one(&mut *connection)
    .await?
    {
        tokio::time::sleep(LOOKS).await;
    }
    let after = reads(connection).await?;
    let read = after
        .into_iter()
        .filter(|(index, count)| before.get(index) != Some(count));
    Ok(read.map(|(index, _)| index).collect())
}

/// How often each index was read.
async fn reads(connection: &mut PgConnection) -> Result<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT COALESCE(whole.relname, s.indexrelname)::text, sum(s.idx_scan)::int8
         FROM pg_stat_user_indexes s
         LEFT JOIN pg_inherits i ON i.inhrelid = s.indexrelid
         LEFT JOIN pg_class whole ON whole.oid = i.inhparent
         WHERE s.schemaname = 'public' GROUP BY 1",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Indexes that are there to be read: not the keys, which are there to be kept.
///
/// # Errors
/// The database's.
pub async fn to_be_read(connection: &mut PgConnection) -> Result<BTreeSet<String>> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT i.relname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
         JOIN pg_class t ON t.oid = x.indrelid
         WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
           AND NOT x.indisunique AND t.relname <> '_sqlx_migrations'",
    )
    .fetch_all(connection)
    .await?;
    Ok(names.into_iter().collect())
}
