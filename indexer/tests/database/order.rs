//! Accounts and transactions come by different ways, late, twice, and some accounts not at
//! all; and blocks are dropped. Whatever comes first, the tables end as the chain has it.

use std::{collections::BTreeSet, mem::take, sync::Arc};

use crate::common::{
    Numbers, TestDatabase,
    ledger::{differences_of_rows, finalize},
    node::Node,
    snapshot,
    timeline::{Fork, Plot, Step, Timeline},
};
use lottery_indexer::{
    derive,
    source::{Event, SlotStatus, SlotUpdate, TransactionUpdate},
    store::transactions,
    verify::{self, Vaults},
};
use sqlx::Executor as _;

/// What arrives together, and after which step.
type Arrival = (u64, Vec<Event>);

/// How sources behave.
struct Habits {
    /// Steps that accounts, and transactions, may be late by.
    accounts_late: u64,
    ledger_late: u64,
    /// Quarters of the accounts that nobody hears of.
    lost: u64,
    closes_are_told: bool,
}

impl Habits {
    fn of(steps: u64, numbers: &mut Numbers) -> Self {
        // In order, a little late, or as late as everything.
        let late = [1, 4, steps + 1];
        let mut late = || late[usize::try_from(numbers.next() % 3).unwrap()];
        Self {
            accounts_late: late(),
            ledger_late: late(),
            lost: numbers.next() % 5,
            closes_are_told: numbers.next().is_multiple_of(2),
        }
    }

    /// What sources tell of a step, and when.
    fn tell(&self, at: u64, step: &Step, numbers: &mut Numbers) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for account in &step.accounts {
            let is_told = !account.is_closed() || self.closes_are_told;
            if is_told && numbers.next() % 4 >= self.lost {
                let when = at + numbers.next() % self.accounts_late;
                arrivals.push((when, vec![Event::Account(account.clone())]));
            }
        }
        for transaction in &step.transactions {
            let times = 1 + u64::from(numbers.next().is_multiple_of(4));
            for _ in 0..times {
                let when = at + numbers.next() % self.ledger_late;
                arrivals.push((when, vec![told(transaction)]));
            }
        }
        arrivals
    }
}

fn told(transaction: &TransactionUpdate) -> Event {
    Event::Transaction(Box::new(transaction.clone()))
}

/// Everything that sources tell, in the order in which it arrives.
fn arrivals(timeline: &Timeline, numbers: &mut Numbers) -> Vec<Arrival> {
    let habits = Habits::of(u64::try_from(timeline.steps.len()).unwrap(), numbers);
    let mut arrivals: Vec<Arrival> = Vec::new();
    for (at, step) in (0u64..).zip(&timeline.steps) {
        arrivals.extend(habits.tell(at, step, numbers));
    }
    for taken in &timeline.snapshots {
        if numbers.next() % 8 <= habits.lost {
            let at = last_step(timeline, taken.slot) + numbers.next() % habits.accounts_late;
            arrivals.push((at, snapshot(taken.clone())));
        }
    }
    if let Some(fork) = &timeline.fork {
        // Forks are short: what happens on one is known when it is dropped.
        let at = last_step(timeline, fork.between.0);
        let habits = Habits {
            accounts_late: 2,
            ledger_late: 2,
            ..habits
        };
        arrivals.extend(habits.tell(at, &fork.step, numbers));
    }
    arrivals.sort_by_key(|(when, _)| *when);
    arrivals
}

/// The last step up to a slot.
fn last_step(timeline: &Timeline, slot: i64) -> u64 {
    let mut done = timeline.steps.iter();
    u64::try_from(done.rposition(|step| step.slot <= slot).unwrap()).unwrap()
}

fn slot(slot: i64, parent: Option<i64>, status: SlotStatus) -> Event {
    Event::Slot(SlotUpdate {
        slot,
        parent,
        status,
    })
}

/// Tells everything, and at some moments computes what follows from what is there.
async fn tell(database: &TestDatabase, arrivals: Vec<Arrival>, slot: i64, numbers: &mut Numbers) {
    let mut told = Vec::new();
    for arrival in arrivals {
        told.push(arrival);
        if numbers.next().is_multiple_of(DERIVE) {
            database.ingest(parted(take(&mut told), numbers)).await;
            finalize(database, slot).await;
            derive::once(&database.pool).await.unwrap();
        }
    }
    database.ingest(parted(told, numbers)).await;
}

/// One in so many arrivals is followed by it.
const DERIVE: u64 = 16;

/// Parts what is written together, at random.
fn parted(arrivals: Vec<Arrival>, numbers: &mut Numbers) -> Vec<Event> {
    let mut events = Vec::new();
    for (_, arrived) in arrivals {
        events.extend(arrived);
        if numbers.next().is_multiple_of(2) {
            // A snapshot that is never completed.
            events.push(Event::Begin);
        }
    }
    events
}

async fn clear(database: &TestDatabase) {
    let tables = [
        "houses",
        "treasuries",
        "jackpots",
        "lanes",
        "draws",
        "games",
        "entries",
        "draw_games",
        "game_rounds",
        "winners",
        "jackpot_wins",
        "transactions",
        "instructions",
        "game_events",
        "payments",
        "jackpot_contributions",
        "incomplete_games",
        "dropped_slots",
        "ledger_cursor",
    ];
    let deletes = tables.map(|table| format!("DELETE FROM {table};")).concat();
    let clear = format!(
        "{deletes} UPDATE watermark SET finalized_slot = NULL, confirmed_slot = NULL,
             applied_slot = NULL, snapshot_slot = NULL"
    );
    let clear = sqlx::AssertSqlSafe(clear);
    database.pool.execute(sqlx::raw_sql(clear)).await.unwrap();
}

/// Plays a game in one of many orders; what differs from the chain in the end.
async fn differences(database: &TestDatabase, seed: u64, is_forked: bool) -> Vec<String> {
    clear(database).await;
    let mut numbers = Numbers(seed);
    let plot = Plot::ALL[usize::try_from(seed % 4).unwrap()];
    let last = match numbers.next() % 4 {
        0 => 1 + usize::try_from(numbers.next() % 12).unwrap(),
        _ => usize::MAX,
    };
    let timeline = Timeline::play(plot, last, is_forked, &mut numbers);
    let mut arrivals = arrivals(&timeline, &mut numbers);
    if let Some(fork) = &timeline.fork {
        arrivals = drop_fork(database, &timeline, fork, arrivals, &mut numbers).await;
    }
    let end = timeline.snapshots.last().unwrap().clone();
    let slot = end.slot;
    tell(database, arrivals, slot, &mut numbers).await;
    database.ingest(snapshot(end.clone())).await;
    finalize(database, slot).await;
    derive::once(&database.pool).await.unwrap();
    let report = verify::pass(&database.pool, &end, &Vaults::new())
        .await
        .unwrap();
    let found = report.differences.iter();
    let mut found: Vec<String> = found.map(|it| format!("{it:?}")).collect();
    let unseen = (report.checked.unseen_games, report.checked.unseen_entries);
    if unseen != (0, 0) {
        found.push(format!("unseen {unseen:?}"));
    }
    let left: Vec<Option<String>> = sqlx::query_scalar("SELECT reason FROM incomplete_games")
        .fetch_all(&database.pool)
        .await
        .unwrap();
    found.extend(left.into_iter().map(|why| format!("incomplete: {why:?}")));
    let chain = &timeline.chain;
    if !chain.world.closed.is_empty() {
        found.extend(differences_of_rows(database, chain).await);
    }
    let counts: (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM draws WHERE closed_at_slot IS NULL),
                (SELECT count(*) FROM entries), (SELECT count(*) FROM transactions)",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    let expected = (
        i64::try_from(chain.world.draws.len()).unwrap(),
        i64::from(chain.world.games[0].1.entries),
        i64::try_from(chain.transactions().len()).unwrap(),
    );
    if counts != expected {
        found.push(format!(
            "(open draws, entries, transactions): {counts:?}, not {expected:?}"
        ));
    }
    found
}

/// Tells what arrives up to a slot that another block is dropped by; returns what is left to
/// arrive, with what the ledger reads once more.
async fn drop_fork(
    database: &TestDatabase,
    timeline: &Timeline,
    fork: &Fork,
    arrivals: Vec<Arrival>,
    numbers: &mut Numbers,
) -> Vec<Arrival> {
    let later = timeline.snapshots.iter();
    let later: Vec<_> = later.filter(|taken| taken.slot >= fork.between.1).collect();
    let any = |numbers: &mut Numbers, from: usize| {
        from + usize::try_from(numbers.next()).unwrap() % (later.len() - from)
    };
    let decided = any(numbers, 0);
    let asked = later[any(numbers, decided)];
    let decided = later[decided].slot;
    let slots: BTreeSet<i64> = timeline.steps.iter().map(|step| step.slot).collect();
    let node = Node::default();
    node.set(|script| {
        script.slot = u64::try_from(asked.slot).unwrap();
        let blocks = timeline.chain.transactions().into_iter();
        let blocks = blocks.map(|it| it.slot).chain(slots.clone());
        script.blocks = blocks.map(|slot| u64::try_from(slot).unwrap()).collect();
        script.accounts.clone_from(&asked.accounts);
    });
    let until = last_step(timeline, decided).max(last_step(timeline, fork.between.0) + 2);
    let (told_before, rest): (Vec<_>, Vec<_>) =
        arrivals.into_iter().partition(|(when, _)| *when <= until);
    let mut events = parted(told_before, numbers);
    let mut parent = None;
    for number in slots.into_iter().filter(|slot| *slot <= decided) {
        events.push(slot(number, parent, SlotStatus::Processed));
        parent = Some(number);
    }
    let parent = Some(fork.between.0);
    events.push(slot(fork.step.slot, parent, SlotStatus::Processed));
    events.push(slot(decided, None, SlotStatus::Confirmed));
    let writing = database.writer(node.serve().await).await;
    for event in events {
        writing.events.send(event).await.unwrap();
    }
    writing.end().await;
    let dropped: i64 = database.value("SELECT count(*) FROM dropped_slots").await;
    assert_eq!(dropped, 1, "nothing of the fork was told");
    let all = timeline.chain.transactions();
    let signatures: Vec<String> = all.iter().map(|it| it.signature.to_string()).collect();
    let missing = transactions::missing(&database.pool, &signatures).await;
    let missing = missing.unwrap();
    let again = all
        .iter()
        .filter(|it| missing.contains(&it.signature.to_string()));
    let again = again.map(|transaction| (until, vec![told(transaction)]));
    again.chain(rest).collect()
}

/// The orders to be tried: those of an environment variable, or as many.
fn orders(count: u64) -> Vec<u64> {
    match std::env::var("LOTTERY_ORDERS") {
        Ok(text) => {
            let (from, to) = text.split_once("..").unwrap();
            (from.parse().unwrap()..to.parse().unwrap()).collect()
        }
        Err(_) => (0..count).collect(),
    }
}

async fn try_orders(is_forked: bool) {
    // Each worker has a database of its own.
    let seeds = Arc::new(orders(40));
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let seeds = Arc::clone(&seeds);
        workers.spawn(async move {
            let database = TestDatabase::migrated().await;
            let mut bad = Vec::new();
            for seed in seeds.iter().skip(worker).step_by(WORKERS) {
                let found = differences(&database, *seed, is_forked).await;
                if !found.is_empty() {
                    bad.push(format!("order {seed}: {}", found.join("; ")));
                }
            }
            // Postgres waits for whoever connects meanwhile: they need this thread.
            tokio::task::block_in_place(move || drop(database));
            bad
        });
    }
    let bad = workers.join_all().await.concat();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

const WORKERS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_first_the_tables_end_as_the_chain() {
    try_orders(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_fork_brought_and_whenever_it_is_dropped_nothing_of_it_stays() {
    try_orders(true).await;
}
