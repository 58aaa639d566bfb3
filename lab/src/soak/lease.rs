//! Who leads, and since when: what the table of the lease says, past the weather.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde::Serialize;
use sqlx::PgPool;

use super::diary::Diary;
use crate::{lock::lock, spread::Spread};

/// Pause between two looks.
const LOOKS: Duration = Duration::from_millis(100);

/// Of whoever holds the lease or held it last: epoch, label, when it was taken and when
/// it ends (unix milliseconds of the database's clock).
const LEASE: &str = "
    SELECT epoch, label,
           (extract(epoch FROM acquired_at) * 1000)::int8,
           (extract(epoch FROM expires_at) * 1000)::int8
    FROM lottery_keeper.lease";

/// A keeper's time at the head. Times are since the run began (milliseconds).
#[derive(Clone, Debug, Serialize)]
pub struct Term {
    pub epoch: i64,
    pub holder: String,
    pub from_ms: i64,
    /// When the lease ends, or ended, that it last renewed.
    pub until_ms: i64,
    /// How long the lease lasts that is not renewed (milliseconds).
    pub lease_ms: i64,
}

/// Watches the lease. All clones are one and the same.
#[derive(Clone, Default)]
pub struct LeaseWatch {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    terms: Vec<Term>,
    /// Names of keepers by the processes that they were.
    names: HashMap<u32, String>,
}

impl LeaseWatch {
    /// Notes whose process that is.
    pub fn introduce(&self, process: u32, name: &str) {
        lock(&self.inner).names.insert(process, name.to_owned());
    }

    /// Looks until it is aborted. Before the first keeper made it there is no table.
    pub async fn follow(self, pool: PgPool, diary: Diary) {
        let mut ticks = tokio::time::interval(LOOKS);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let row: Result<Option<(i64, String, i64, i64)>, _> =
                sqlx::query_as(LEASE).fetch_optional(&pool).await;
            if let Ok(Some((epoch, label, from, until))) = row {
                let (from, until) = (diary.since_unix(from), diary.since_unix(until));
                if let Some(news) = self.note(epoch, &label, from, until) {
                    diary.note(&news, format!("leads, epoch {epoch}"));
                }
            }
        }
    }

    /// Whoever leads since the last look, if that is news.
    fn note(&self, epoch: i64, label: &str, from_ms: i64, until_ms: i64) -> Option<String> {
        let mut inner = lock(&self.inner);
        if let Some(last) = inner.terms.last_mut()
            && last.epoch == epoch
        {
            last.until_ms = until_ms;
            return None;
        }
        let process = label.rsplit(' ').next().and_then(|id| id.parse().ok());
        let name = process.and_then(|id: u32| inner.names.get(&id));
        let holder = name.cloned().unwrap_or_else(|| label.to_owned());
        inner.terms.push(Term {
            epoch,
            holder: holder.clone(),
            from_ms,
            until_ms,
            lease_ms: until_ms - from_ms,
        });
        Some(holder)
    }

    /// Who leads, or led last.
    pub fn holder(&self) -> Option<String> {
        let inner = lock(&self.inner);
        inner.terms.last().map(|term| term.holder.clone())
    }

    pub fn terms(&self) -> Vec<Term> {
        lock(&self.inner).terms.clone()
    }

    /// In words.
    pub fn describe(&self) -> String {
        match lock(&self.inner).terms.last() {
            Some(term) => format!("{} leads (epoch {})", term.holder, term.epoch),
            None => "nobody leads".to_owned(),
        }
    }
}

/// All terms, summed up.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Leadership {
    /// Times that another keeper came to lead.
    pub takeovers: usize,
    /// How long it took each of them since the lease before was last renewed.
    pub headless: Spread,
    /// The same of those who came back to the head themselves.
    pub returns: Spread,
    pub terms: Vec<Term>,
}

impl Leadership {
    pub fn of(terms: Vec<Term>) -> Self {
        let (mut takeovers, mut returns) = (Vec::new(), Vec::new());
        for pair in terms.windows(2) {
            let [before, next] = pair else { continue };
            let renewed = before.until_ms - before.lease_ms;
            let headless = u64::try_from(next.from_ms - renewed).unwrap_or(0);
            let list = if before.holder == next.holder {
                &mut returns
            } else {
                &mut takeovers
            };
            list.push(Duration::from_millis(headless));
        }
        Self {
            takeovers: takeovers.len(),
            headless: Spread::of(takeovers),
            returns: Spread::of(returns),
            terms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_takeover_takes_from_the_last_renewal() {
        let watch = LeaseWatch::default();
        watch.introduce(71, "keeper-1");
        watch.introduce(72, "keeper-2");
        assert!(watch.note(1, "host, process 71", 1_000, 4_000).is_some());
        assert!(watch.note(1, "host, process 71", 1_000, 9_000).is_none());
        watch.note(2, "host, process 72", 9_200, 12_200);
        let leadership = Leadership::of(watch.terms());
        assert_eq!(leadership.takeovers, 1);
        // Renewed at 6.0 s for the last time.
        assert_eq!(leadership.headless.max, 3_200);
        assert_eq!(watch.holder().as_deref(), Some("keeper-2"));
    }
}
