//! However leaders come and go, there is one at a time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use lottery_client::sender::journal::Journal as _;
use lottery_keeper::database::{Database, Epoch, Leadership, State};
use sqlx::PgConnection;
use tokio::{
    task::JoinSet,
    time::{Instant, interval},
};

use crate::common::{
    Keeper, TestDatabase, eventually,
    proxy::{Mode, Proxy},
    settings, signed,
};

const LEASE: Duration = Duration::from_secs(1);

/// An epoch as it was seen from outside.
struct Seen {
    first: Instant,
    /// The latest end of its leader's belief.
    until: Instant,
}

/// Looks at keepers all the time, in a thread of its own.
struct Watcher {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<BTreeMap<Epoch, Seen>>,
}

impl Watcher {
    fn start(keepers: Vec<Leadership>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut seen = BTreeMap::new();
            while !stopped.load(Ordering::Relaxed) {
                look(&keepers, &mut seen);
                std::thread::sleep(Duration::from_micros(200));
            }
            seen
        });
        Self { stop, thread }
    }

    fn stop(self) -> BTreeMap<Epoch, Seen> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn look(keepers: &[Leadership], seen: &mut BTreeMap<Epoch, Seen>) {
    let states = || keepers.iter().map(Leadership::current).collect::<Vec<_>>();
    let (before, after) = (states(), states());
    let now = Instant::now();
    let mut leaders = 0;
    for (before, after) in before.into_iter().zip(after) {
        let State::Leader { epoch, until } = before else {
            continue;
        };
        seen.entry(epoch)
            .and_modify(|seen| seen.until = seen.until.max(until))
            .or_insert(Seen { first: now, until });
        // Whoever led in both looks led between them.
        leaders += usize::from(matches!(after, State::Leader { epoch: now, .. } if now == epoch));
    }
    assert!(leaders <= 1, "{leaders} keepers lead at once");
}

/// Lets keepers write all the time, takes the leader's connections away again and
/// again, and checks what was seen and written.
async fn contend(count: usize, turns: usize) {
    let database = TestDatabase::migrated().await;
    let mut keepers = Vec::new();
    let mut proxies = Vec::new();
    for _ in 0..count {
        let proxy = Proxy::start(&database.options()).await;
        let through = Database::new(proxy.options(&database.options()));
        keepers.push(Arc::new(Keeper::start(&through, &settings(LEASE))));
        proxies.push(proxy);
    }
    let watcher = Watcher::start(keepers.iter().map(|it| it.leadership.clone()).collect());
    let mut writers = JoinSet::new();
    for keeper in &keepers {
        let keeper = keeper.clone();
        writers.spawn(async move {
            let mut pace = interval(Duration::from_millis(5));
            loop {
                pace.tick().await;
                // Most are refused: only one leads.
                let _ = keeper.journal.signed(&signed()).await;
            }
        });
    }

    let leader = || {
        let states = keepers.iter().map(|it| it.leadership.current());
        states.enumerate().find_map(|(index, state)| match state {
            State::Leader { epoch, .. } => Some((index, epoch)),
            _ => None,
        })
    };
    let mut connection = database.connect().await;
    let (mut turn, mut silent) = (0, 0);
    while turn < turns {
        let mut leading = None;
        eventually("somebody leads", async || {
            leading = leader();
            leading.is_some()
        })
        .await;
        let (index, epoch) = leading.unwrap();
        eventually("it writes, or leads no more", async || {
            wrote(&mut connection, epoch).await || leader().is_none_or(|(_, now)| now != epoch)
        })
        .await;
        if !wrote(&mut connection, epoch).await {
            // A busy machine took its lease before it came to write: not a turn.
            silent += 1;
            assert!(silent < 20, "leaders do not come to write");
            continue;
        }
        let mode = [Mode::Stall, Mode::Cut][turn % 2];
        proxies[index].set(mode);
        eventually("somebody else leads", async || {
            leader().is_some_and(|(_, now)| now > epoch)
        })
        .await;
        proxies[index].set(Mode::Flow);
        turn += 1;
    }
    writers.shutdown().await;
    let seen = watcher.stop();

    // The last leader was seen to lead, perhaps not by this.
    assert!(seen.len() >= turns, "{} epochs", seen.len());
    for ((before, ended), (after, begun)) in seen.iter().zip(seen.iter().skip(1)) {
        assert!(
            ended.until <= begun.first,
            "epoch {before} was believed in when {after} had begun"
        );
    }
    // The same of what they wrote, by Postgres's clock.
    let overlaps: i64 = sqlx::query_scalar(
        "WITH written AS (
             SELECT signed_epoch, min(signed_at) AS first, max(signed_at) AS last
             FROM journal GROUP BY signed_epoch
         )
         SELECT count(*) FROM written a JOIN written b ON a.signed_epoch < b.signed_epoch
         WHERE a.last >= b.first",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(overlaps, 0);
    let epochs: i64 = sqlx::query_scalar("SELECT count(DISTINCT signed_epoch) FROM journal")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(
        usize::try_from(epochs).unwrap() >= turns,
        "{epochs} epochs wrote"
    );
}

async fn wrote(connection: &mut PgConnection, epoch: Epoch) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM journal WHERE signed_epoch = $1)")
        .bind(epoch)
        .fetch_one(connection)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keepers_never_lead_at_once() {
    contend(2, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_keepers_never_lead_at_once() {
    contend(5, 6).await;
}
