//! What an indexer's tables say, held against the chain.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, bail};
use lottery_demo::services::verify_database;
use solana_commitment_config::CommitmentConfig;
use sqlx::Connection as _;
use tokio::time::{Instant, sleep};

use super::{
    database::Database,
    history::{Told, Transactions},
    world::World,
};

/// Pause between two looks.
const LOOKS: Duration = Duration::from_millis(50);

/// How long a fork may take to be taken back.
const SETTLING: Duration = Duration::from_secs(20);

/// Faults of one kind that are told.
const SHOWN: usize = 5;

/// Columns, indexes, constraints, views, routines, and the migrations themselves.
const SCHEMA: &str = "
    WITH own AS (SELECT oid, nspname FROM pg_namespace
                 WHERE nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema'))
    SELECT format('column %s.%s %s %s', table_name, column_name, udt_name, column_default) AS line
    FROM information_schema.columns JOIN own ON nspname = table_schema
    UNION ALL SELECT indexdef FROM pg_indexes JOIN own ON nspname = schemaname
    UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(c.oid))
    FROM pg_constraint c JOIN own ON own.oid = connamespace
    UNION ALL SELECT format('view %s %s', c.oid::regclass, pg_get_viewdef(c.oid))
    FROM pg_class c JOIN own ON own.oid = relnamespace WHERE relkind IN ('v', 'm')
    UNION ALL SELECT format('routine %s %s', p.oid::regprocedure, prosrc)
    FROM pg_proc p JOIN own ON own.oid = pronamespace
    UNION ALL SELECT format('migration %s %s %s', version, success, checksum)
    FROM _sqlx_migrations
    ORDER BY line";

/// How far tables are.
#[derive(Clone, Debug, Default)]
pub struct Level {
    /// Slot up to which they have everything.
    pub applied: Option<i64>,
    /// Slot of the last snapshot.
    pub snapshot: Option<i64>,
}

impl Database {
    /// How far the tables are; nowhere, before there are any.
    pub async fn level(&self) -> Result<Level> {
        let mut connection = self.scratch.connect().await?;
        let there: bool = sqlx::query_scalar("SELECT to_regclass('watermark') IS NOT NULL")
            .fetch_one(&mut connection)
            .await?;
        let mut row = None;
        if there {
            row = sqlx::query_as("SELECT applied_slot::int8, snapshot_slot::int8 FROM watermark")
                .fetch_optional(&mut connection)
                .await?;
        }
        connection.close().await?;
        let (applied, snapshot) = row.unwrap_or_default();
        Ok(Level { applied, snapshot })
    }

    /// Every transaction of the tables up to a slot, and those that are there twice.
    pub async fn transactions(&self, slot: u64) -> Result<(Transactions, Vec<String>)> {
        let mut connection = self.scratch.connect().await?;
        let rows: Vec<(String, i64, bool, i64)> = sqlx::query_as(
            "SELECT t.signature, t.slot::int8, t.success,
                    (SELECT count(DISTINCT (e.instruction, e.position)) FROM game_events e
                     WHERE e.transaction_id = t.id)
             FROM transactions t WHERE t.slot <= $1",
        )
        .bind(i64::try_from(slot)?)
        .fetch_all(&mut connection)
        .await?;
        connection.close().await?;
        let (mut transactions, mut twice) = (Transactions::new(), Vec::new());
        for (signature, slot, success, events) in rows {
            let told = Told {
                slot: u64::try_from(slot)?,
                success,
                events: usize::try_from(events)?,
            };
            if transactions.insert(signature.clone(), told).is_some() {
                twice.push(signature);
            }
        }
        Ok((transactions, twice))
    }

    /// How often Postgres had to end a deadlock here, since its statistics began.
    pub async fn deadlocks(&self) -> Result<i64> {
        self.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            .await
    }

    /// Events of which no transaction is there.
    async fn orphans(&self) -> Result<i64> {
        self.number(
            "SELECT count(*) FROM game_events e
             WHERE NOT EXISTS (SELECT FROM transactions t WHERE t.id = e.transaction_id)",
        )
        .await
    }

    /// How many slots were taken back because a fork dropped them.
    pub async fn dropped_slots(&self) -> Result<i64> {
        self.number("SELECT count(*) FROM dropped_slots").await
    }

    /// What was set aside as not understood, by kind.
    pub async fn letters(&self) -> Result<BTreeMap<String, String>> {
        let mut connection = self.scratch.connect().await?;
        let letters: Vec<(String, String)> =
            sqlx::query_as("SELECT kind, reason FROM dead_letters")
                .fetch_all(&mut connection)
                .await?;
        connection.close().await?;
        Ok(letters.into_iter().collect())
    }

    /// Everything that migrations made, a line each.
    pub async fn schema(&self) -> Result<String> {
        let mut connection = self.scratch.connect().await?;
        let lines: Vec<String> = sqlx::query_scalar(SCHEMA)
            .fetch_all(&mut connection)
            .await?;
        connection.close().await?;
        Ok(lines.join("\n"))
    }

    async fn number(&self, query: &'static str) -> Result<i64> {
        let mut connection = self.scratch.connect().await?;
        let number = sqlx::query_scalar(query).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(number)
    }
}

impl World {
    /// The slot that the chain has confirmed.
    pub async fn slot(&self) -> Result<u64> {
        let rpc = self.localnet.rpc_client();
        let confirmed = CommitmentConfig::confirmed();
        Ok(rpc.get_slot_with_commitment(confirmed).await?)
    }

    /// Every transaction of the chain up to a slot.
    pub async fn transactions(&self, slot: u64) -> Result<Transactions> {
        let rpc = self.localnet.rpc_client();
        self.history.up_to(&rpc, slot).await
    }
}

/// Waits until the tables have all that the chain has at this moment; the slot up to which
/// they do. `look_after` is called at every look.
pub async fn until_level(
    world: &World,
    database: &Database,
    patience: Duration,
    look_after: impl AsyncFn() -> Result<()>,
) -> Result<u64> {
    let deadline = Instant::now() + patience;
    let slot = world.slot().await?;
    let wanted = world.transactions(slot).await?;
    loop {
        look_after().await?;
        let level = database.level().await?;
        let mut missing = wanted.len();
        // Before that the ledger is not worth a look.
        if level.applied >= Some(i64::try_from(slot)?) && level.snapshot.is_some() {
            let (there, _) = database.transactions(slot).await?;
            let known = |signature: &&String| there.contains_key(*signature);
            missing -= wanted.keys().filter(known).count();
            if missing == 0 {
                return Ok(slot);
            }
        }
        if Instant::now() > deadline {
            bail!(
                "slot {slot} is not reached after {patience:?}: {level:?}, {missing} transactions are missing"
            );
        }
        sleep(LOOKS).await;
    }
}

/// Everything that is wrong with tables that are level with the chain at a slot, and that an
/// indexer keeps level; nothing, as it should be. Dead letters of these kinds may be there.
pub async fn faults_of_tables(
    world: &World,
    database: &Database,
    slot: u64,
    letters: &[&str],
) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    if let Err(error) = verify_database(&world.localnet, Some(&database.scratch.url())).await {
        faults.push(format!("{error:#}"));
    }
    let deadline = Instant::now() + SETTLING;
    let mut ledger = faults_of_ledger(world, database, slot).await?;
    while !ledger.is_empty() && Instant::now() < deadline {
        sleep(LOOKS).await;
        ledger = faults_of_ledger(world, database, slot).await?;
    }
    faults.extend(ledger);
    let (deadlocks, orphans) = (database.deadlocks().await?, database.orphans().await?);
    if deadlocks > 0 || orphans > 0 {
        faults.push(format!(
            "{deadlocks} deadlocks, {orphans} events of no transaction"
        ));
    }
    let own = database.letters().await?.into_iter();
    for (kind, reason) in own.filter(|(kind, _)| !letters.contains(&&**kind)) {
        faults.push(format!("a dead letter, {kind}: {reason}"));
    }
    Ok(faults)
}

async fn faults_of_ledger(world: &World, database: &Database, slot: u64) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let expected = world.transactions(slot).await?;
    let (found, twice) = database.transactions(slot).await?;
    let missing = expected.keys().filter(|it| !found.contains_key(*it));
    faults.extend(shown("is missing", missing));
    let added = found.keys().filter(|it| !expected.contains_key(*it));
    faults.extend(shown("is not on the chain", added));
    faults.extend(shown("is there twice", twice.iter()));
    for (signature, told) in &expected {
        if let Some(found) = found.get(signature).filter(|found| *found != told) {
            faults.push(format!(
                "{signature} is {told:?} on the chain, and {found:?}"
            ));
        }
    }
    Ok(faults)
}

fn shown<'a>(what: &str, signatures: impl Iterator<Item = &'a String>) -> Vec<String> {
    let all: Vec<&String> = signatures.collect();
    let some = all.iter().take(SHOWN);
    let mut shown: Vec<String> = some.map(|it| format!("transaction {it} {what}")).collect();
    if all.len() > SHOWN {
        shown.push(format!("and {} more: {what}", all.len() - SHOWN));
    }
    shown
}
