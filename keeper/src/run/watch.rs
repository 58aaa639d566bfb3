//! Looking at what the loop depends on: the nodes, and what the fee payer has left.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use lottery_client::rpc::Pool;
use tokio_util::sync::CancellationToken;

use crate::{
    context::Context,
    telemetry::{self, Health},
    text,
};

/// Pause between two looks at how the nodes are.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells how the nodes are until the keeper stops.
pub(super) async fn nodes(
    pool: Arc<Pool>,
    max_slot_lag: u64,
    health: Arc<Health>,
    stopping: CancellationToken,
) {
    while !stopping.is_cancelled() {
        let (now, best) = (Instant::now(), pool.slot());
        let mut usable = 0;
        for (index, endpoint) in pool.endpoints().iter().enumerate() {
            let (seen, slot) = (endpoint.health(), pool.slot_of(index));
            let keeps_up = slot.saturating_add(max_slot_lag) >= best;
            let is_usable = keeps_up && !seen.is_resting(now);
            telemetry::endpoint(index, slot, is_usable);
            usable += usize::from(is_usable);
        }
        health.endpoints(usable);
        pause(PAUSE, &stopping).await;
    }
}

/// Reads the fee payer's balance at every pause until the keeper stops; complains once
/// when it falls below the least that it should be (lamports).
pub(super) async fn balance(context: Context, least: u64, interval: Duration) {
    let payer = context.payer_address();
    let mut is_enough = true;
    while !context.stopping.is_cancelled() {
        match context.loader.rpc().get_balance(&payer).await {
            Ok(balance) => {
                telemetry::balance(balance, least);
                if balance < least && is_enough {
                    tracing::warn!(%payer, balance, least, "the fee payer has little left");
                }
                is_enough = balance >= least;
            }
            Err(error) => {
                tracing::debug!(error = text::scrub(&error), "cannot read the balance");
            }
        }
        pause(interval, &context.stopping).await;
    }
}

async fn pause(duration: Duration, stopping: &CancellationToken) {
    tokio::select! {
        () = stopping.cancelled() => {}
        () = tokio::time::sleep(duration) => {}
    }
}
