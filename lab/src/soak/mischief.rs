//! Kills keepers, and suspends them, by the seed.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use rand::{Rng as _, rngs::StdRng};
use tokio::task::JoinSet;

use super::{chance, lease::LeaseWatch, post::Post, weather::Climate};

/// Share of victims that are whoever leads; the others are anybody.
const LEADERS: f64 = 0.5;

/// Who does mischief to whom.
#[derive(Clone)]
pub struct Mischief {
    pub climate: Climate,
    pub posts: Vec<Arc<Post>>,
    pub lease: LeaseWatch,
}

impl Mischief {
    /// Begins it.
    pub fn begin(self) -> JoinSet<Result<()>> {
        let mut tasks = JoinSet::new();
        tasks.spawn(self.clone().kill());
        tasks.spawn(self.suspend());
        tasks
    }

    /// `kill -9` every 10 to 40 seconds; the victim comes back within ten.
    async fn kill(self) -> Result<()> {
        let mut rng = chance::sequence(self.climate.seed, "kills");
        while let Some(victim) = self.next_victim(&mut rng, (10.0, 40.0)).await {
            let away = chance::seconds(&mut rng, 0.0, 10.0);
            if victim.kill().await? {
                self.climate.diary.note_for(&victim.name, "killed", away);
            }
            tokio::time::sleep(away).await;
            victim.start().await?;
        }
        Ok(())
    }

    /// Suspends one every 15 to 50 seconds, for 5 to 10: longer than a lease lasts.
    async fn suspend(self) -> Result<()> {
        let mut rng = chance::sequence(self.climate.seed, "suspensions");
        while let Some(victim) = self.next_victim(&mut rng, (15.0, 50.0)).await {
            let asleep = chance::seconds(&mut rng, 5.0, 10.0);
            if victim.freeze().await? {
                self.climate
                    .diary
                    .note_for(&victim.name, "suspended", asleep);
            }
            tokio::time::sleep(asleep).await;
            victim.thaw().await?;
        }
        Ok(())
    }

    /// Waits a while, and through calms; `None` when the weather is over.
    async fn next_victim(&self, rng: &mut StdRng, (from, to): (f64, f64)) -> Option<Arc<Post>> {
        let climate = &self.climate;
        self.pause(chance::seconds(rng, from, to)).await;
        while let Some(end) = climate.sky.calm_until(climate.diary.now()) {
            if climate.over.is_cancelled() {
                break;
            }
            self.pause(end.saturating_sub(climate.diary.now())).await;
        }
        let leads = rng.random_bool(LEADERS);
        let anybody = self.posts.get(rng.random_range(0..self.posts.len().max(1)));
        let leader = self.lease.holder().filter(|_| leads);
        let leader = leader.and_then(|name| self.posts.iter().find(|post| post.name == name));
        leader
            .or(anybody)
            .filter(|_| !climate.over.is_cancelled())
            .cloned()
    }

    async fn pause(&self, length: Duration) {
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = self.climate.over.cancelled() => {}
        }
    }
}
