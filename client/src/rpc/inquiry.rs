//! Asking around: what no endpoint may say alone.

use std::{
    sync::Weak,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use serde_json::{Value, json};
use solana_commitment_config::CommitmentConfig;

use super::{
    Claim, Fault, Pool,
    slots::{Finding, NEVER, TakenBack, Testimony},
};
use crate::clock::{CLOCK, ChainClock};

impl Pool {
    /// Takes note of the slot that an endpoint claims, or refuses what cannot be.
    pub(super) async fn hear(&self, index: usize, slot: u64, claim: Claim) -> Result<(), Fault> {
        // What is processed may be ahead of all that is confirmed for long: it says
        // nothing of where a node is, and proves no lie.
        if claim == Claim::Processed || self.heed(index, slot, claim) {
            return Ok(());
        }
        // One at a time: at the start all first answers are in doubt.
        let _turn = self.inquiry.lock().await;
        if self.heed(index, slot, claim) || self.believes_after_inquiry(index, slot).await {
            return Ok(());
        }
        Err(Fault::Malformed(format!("slot {slot} cannot be")))
    }

    /// Takes note of a slot that can be; whether it can.
    fn heed(&self, index: usize, slot: u64, claim: Claim) -> bool {
        let now = Instant::now();
        let mut slots = self.slots();
        let is_only = self.endpoints.len() == 1;
        if !slots.can_be(slot, now) {
            if is_only {
                slots.accept(index, slot, Finding::Lone, now);
            }
            return is_only;
        }
        let taken_back = match claim {
            Claim::Now => slots.note(index, slot, now),
            Claim::Past if slot > slots.of(index) => slots.note(index, slot, now),
            Claim::Past | Claim::Processed => None,
        };
        drop(slots);
        self.took_back(taken_back);
        true
    }

    async fn believes_after_inquiry(&self, index: usize, claim: u64) -> bool {
        let is_shunned = |now| {
            let endpoint = self.endpoints.get(index);
            endpoint.is_none_or(|it| it.health().is_shunned(now))
        };
        let is_known = self.slots().reference() > 0;
        if is_known && is_shunned(Instant::now()) {
            return false;
        }
        let mut testimonies = self.testimonies().await;
        if let Some(own) = testimonies.get_mut(index) {
            // The time of another slot proves nothing of this one.
            let time = own.and_then(|own| {
                let is_same = own.slot.abs_diff(claim) <= self.settings.max_slot_lag;
                own.time.filter(|_| is_same)
            });
            *own = Some(Testimony { slot: claim, time });
        }
        let now = Instant::now();
        let mut slots = self.slots();
        let best = slots.best(&testimonies, now, unix_time());
        if let Some((by, slot, finding)) = best
            && slot > slots.reference()
        {
            slots.accept(by, slot, finding, now);
        }
        let believed = slots.can_be(claim, now);
        drop(slots);
        if !believed {
            tracing::warn!(endpoint = index, claim, "a slot that cannot be");
            self.blame(index);
        }
        believed
    }

    /// Asks for proof of a reference that an endpoint does not show.
    async fn inquire(&self) {
        if !self.slots().is_contradicted(Instant::now()) {
            return;
        }
        let _turn = self.inquiry.lock().await;
        let testimonies = self.testimonies().await;
        let mut slots = self.slots();
        let taken_back = slots.reconsider(&testimonies, Instant::now(), unix_time());
        drop(slots);
        self.took_back(taken_back);
    }

    fn took_back(&self, taken_back: Option<TakenBack>) {
        let Some(TakenBack { liar }) = taken_back else {
            return;
        };
        tracing::warn!(
            endpoint = liar,
            slot = self.slot(),
            "the slot was taken back"
        );
        if let Some(liar) = liar.filter(|_| self.endpoints.len() > 1) {
            self.blame(liar);
        }
        self.resets.send_modify(|resets| *resets += 1);
    }

    /// What the endpoints say of the chain's clock, in their order; those that are left
    /// alone are not asked.
    async fn testimonies(&self) -> Vec<Option<Testimony>> {
        let params = json!([
            CLOCK.to_string(),
            {"encoding": "base64", "commitment": "confirmed"}
        ]);
        let question = self.question("getAccountInfo", &params);
        let (question, now) = (&question, Instant::now());
        let asked = self.endpoints.iter().enumerate().map(|(index, endpoint)| {
            let is_shunned = endpoint.health().is_shunned(now);
            async move {
                if is_shunned {
                    return None;
                }
                testimony(&self.post(index, question).await.ok()?)
            }
        });
        join_all(asked).await
    }
}

/// A node that shows no clock still shows its slot; a clock that does not fit the slot
/// proves nothing.
fn testimony(answer: &Value) -> Option<Testimony> {
    let slot = answer.pointer("/context/slot")?.as_u64()?;
    let data = answer.pointer("/value/data/0").and_then(Value::as_str);
    let time = data.map(|data| {
        let data = STANDARD.decode(data).unwrap_or_default();
        ChainClock::parse_at(&data, slot).map_or(NEVER, |clock| clock.now)
    });
    Some(Testimony { slot, time })
}

/// By our clock (seconds).
fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX))
}

/// Looks at the endpoints' slots for as long as there is a pool.
pub(super) async fn probe(pool: Weak<Pool>, pause: Duration) {
    let mut ticks = tokio::time::interval(pause);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(pool) = pool.upgrade() else {
            return;
        };
        let params = json!([CommitmentConfig::confirmed()]);
        let slots = pool.ask_all("getSlot", &params).await;
        let claims = slots.iter().enumerate().filter_map(|(index, slot)| {
            let slot = slot.as_ref().ok()?.as_u64()?;
            let pool = &pool;
            Some(async move { pool.hear(index, slot, Claim::Now).await })
        });
        for refused in join_all(claims).await.into_iter().filter_map(Result::err) {
            tracing::debug!(%refused, "a probe");
        }
        pool.inquire().await;
    }
}
