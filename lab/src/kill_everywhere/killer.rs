//! Kills a service at given spots, one after the other.

use std::{
    ops::Deref,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::Spot;
use crate::{
    TcpWeather,
    lock::lock,
    trial::{Boundary, Instant, Life, Watch},
};

/// Where it aims, and how often it has struck.
pub(super) struct Killer {
    spots: Vec<Spot>,
    aim: Mutex<Aim>,
    /// Kills that are over.
    struck: AtomicUsize,
}

#[derive(Default)]
struct Aim {
    /// Position of the spot that comes next.
    next: usize,
    /// How often its boundary was met.
    count: u32,
}

impl Killer {
    /// Kills whom `watch` watches. With `lost`, what its victim was about to say on these
    /// connections is lost with it; else it goes on without it.
    pub fn aim<V>(
        spots: &[Spot],
        victim: &Arc<V>,
        watch: &Watch,
        lost: Option<TcpWeather>,
    ) -> Arc<Self>
    where
        V: Deref<Target = Life> + Send + Sync + 'static,
    {
        let killer = Arc::new(Self {
            spots: spots.to_vec(),
            aim: Mutex::default(),
            struck: AtomicUsize::new(0),
        });
        // The watch is part of the victim, which must not hold itself.
        let (hook, victim) = (killer.clone(), Arc::downgrade(victim));
        watch.on_boundary(move |met| {
            let is_there = hook.is_there(&met);
            let (killer, victim, lost) = (hook.clone(), victim.clone(), lost.clone());
            async move {
                let Some(victim) = victim.upgrade().filter(|_| is_there) else {
                    return;
                };
                let killed = victim.kill().await;
                // Before anybody knows, and connects anew.
                let lost = lost.filter(|_| met.moment == Instant::Asked);
                if let Some(lost) = &lost {
                    lost.cut_all();
                }
                match killed {
                    Ok(_) => {
                        killer.struck.fetch_add(1, Ordering::Release);
                    }
                    Err(error) => tracing::error!(%error, "cannot kill it"),
                }
                if lost.is_some() {
                    // Ends with its connection.
                    std::future::pending::<()>().await;
                }
            }
        });
        killer
    }

    fn is_there(&self, met: &Boundary) -> bool {
        let mut aim = lock(&self.aim);
        let Some(spot) = self.spots.get(aim.next).filter(|spot| spot.is_at(met)) else {
            return false;
        };
        aim.count += 1;
        let is_there = aim.count == spot.nth;
        if is_there {
            *aim = Aim {
                next: aim.next + 1,
                count: 0,
            };
        }
        is_there
    }

    /// Whether it has struck as often as it was to.
    pub fn is_done(&self) -> bool {
        self.struck.load(Ordering::Acquire) == self.spots.len()
    }

    /// Whether its victim is dead, and not being killed at this moment.
    pub async fn has_killed(&self, victim: &Life) -> bool {
        let struck = self.struck.load(Ordering::Acquire);
        struck == lock(&self.aim).next && struck > 0 && victim.id().await.is_none()
    }
}
