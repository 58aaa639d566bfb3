//! A database of its own for each end-to-end test.

use lottery_scratch::ScratchDatabase;
use sqlx::AssertSqlSafe;

/// A database that is dropped with this value.
pub struct Database(ScratchDatabase);

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

impl Database {
    /// Creates an empty one.
    pub async fn create(purpose: &str) -> Self {
        let scratch = ScratchDatabase::create(&format!("e2e_{purpose}")).await;
        Self(scratch.unwrap())
    }

    /// Its URL, for the services' `DATABASE_URL`.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// What a table says of what happened: its rows as JSON, without what depends on when
    /// somebody looked and without `but`. `order` makes them comparable.
    pub async fn told(&self, table: &str, order: &str, but: &[&str]) -> serde_json::Value {
        let left_out: Vec<String> = LOOKS.iter().chain(but).map(ToString::to_string).collect();
        let sql = format!(
            "SELECT COALESCE(jsonb_agg(to_jsonb(t) - $1::text[] ORDER BY {order}), '[]')
             FROM {table} t"
        );
        let mut connection = self.0.connect().await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(left_out)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }
}
