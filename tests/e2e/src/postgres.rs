//! A database of its own for each end-to-end test.

use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, postgres::PgConnectOptions};

/// A database that is dropped with [`Database::drop_now`].
pub struct Database {
    name: String,
}

/// Columns that say when an account was seen, or what no transaction tells of it.
const LOOKS: [&str; 10] = [
    "slot",
    "first_slot",
    "write_version",
    "closed_at_slot",
    "lamports",
    "rent_reserve",
    "bounty_escrow",
    "next_round_at",
    "draw_index",
    "entries_closed",
];

/// The server: `DATABASE_URL`'s, or the one of the `PG*` variables.
fn server() -> PgConnectOptions {
    match std::env::var("DATABASE_URL") {
        Ok(url) => url.parse().expect("DATABASE_URL is a Postgres URL"),
        Err(_) => PgConnectOptions::new(),
    }
}

async fn execute(statement: String) {
    server()
        .connect()
        .await
        .expect("these tests need a Postgres: scripts/test starts one")
        .execute(AssertSqlSafe(statement))
        .await
        .unwrap();
}

impl Database {
    /// Creates an empty one.
    pub async fn create(purpose: &str) -> Self {
        let name = format!("lottery_e2e_{purpose}_{}", std::process::id());
        execute(format!("CREATE DATABASE {name}")).await;
        Self { name }
    }

    /// Its URL, for the services' `DATABASE_URL`.
    pub fn url(&self) -> String {
        server().database(&self.name).to_url_lossy().to_string()
    }

    /// What a table says of what happened: its rows as JSON, without what depends on when
    /// somebody looked and without `but`. `order` makes them comparable.
    pub async fn told(&self, table: &str, order: &str, but: &[&str]) -> serde_json::Value {
        let left_out: Vec<String> = LOOKS.iter().chain(but).map(ToString::to_string).collect();
        let sql = format!(
            "SELECT COALESCE(jsonb_agg(to_jsonb(t) - $1::text[] ORDER BY {order}), '[]')
             FROM {table} t"
        );
        let mut connection = server().database(&self.name).connect().await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(left_out)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    /// Drops it, and with it what is still connected.
    pub async fn drop_now(self) {
        execute(format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}
