//! The stream of changes: a node's notifications of every account that the program
//! writes, and of the chain's clock. It wakes the keeper and keeps the mirror fresh;
//! what it misses, scans find. A stream that falls silent, or tells of slots that cannot
//! be, is replaced by another node's.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use lottery_client::{
    clock::CLOCK,
    lottery,
    rpc::{Fault, Pool},
};
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_pubsub_client::nonblocking::pubsub_client::{PubsubClient, PubsubClientError};
use solana_rpc_client_api::config::RpcProgramAccountsConfig;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::LoadError,
    load::{ChainClock, account_config},
    text,
};

/// Pauses between two attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Longest wait for a connection and its subscriptions.
const CONNECT: Duration = Duration::from_secs(10);

/// How long no slot may be told of: a cluster makes several a second.
const SILENCE: Duration = Duration::from_secs(10);

/// What the stream tells.
#[derive(Debug)]
pub enum Event {
    /// Connected: from here on nothing is missed.
    Up,
    /// Not connected any more.
    Down,
    Changed {
        slot: u64,
        address: Pubkey,
        account: Account,
    },
    Clock(ChainClock),
}

/// Follows the stream of whichever endpoint is fit, reconnecting, until stopped or
/// nobody listens.
pub async fn follow(pool: Arc<Pool>, events: mpsc::Sender<Event>, stopping: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    for attempt in 0usize.. {
        let Some((endpoint, url)) = pool.websocket(attempt) else {
            return;
        };
        let mut was_up = false;
        let end = tokio::select! {
            () = stopping.cancelled() => return,
            end = follow_once(&pool, endpoint, url, &events, &mut was_up) => end,
        };
        if was_up {
            pause = FIRST_PAUSE;
        }
        match end {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(error = text::scrub(&error), ?pause, "no stream of changes");
            }
        }
        if events.send(Event::Down).await.is_err() {
            return;
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Returns when nobody listens any more; fails when the connection ends, is silent or
/// tells what cannot be.
async fn follow_once(
    pool: &Pool,
    endpoint: usize,
    url: &str,
    events: &mpsc::Sender<Event>,
    was_up: &mut bool,
) -> Result<(), LoadError> {
    let late = |_| LoadError::Stream("no connection in time".into());
    let client = timeout(CONNECT, PubsubClient::new(url));
    let client = client.await.map_err(late)?.map_err(broken)?;
    let config = RpcProgramAccountsConfig {
        account_config: account_config(),
        ..Default::default()
    };
    let subscribed = timeout(CONNECT, async {
        tokio::try_join!(
            client.program_subscribe(&lottery::ID, Some(config)),
            client.account_subscribe(&CLOCK, Some(account_config())),
            client.slot_subscribe(),
        )
    });
    let ((mut changes, _), (mut clocks, _), (mut slots, _)) =
        subscribed.await.map_err(late)?.map_err(broken)?;
    *was_up = true;
    if events.send(Event::Up).await.is_err() {
        return Ok(());
    }
    let ended = || LoadError::Stream("it ended".into());
    let mut silent_at = Instant::now() + SILENCE;
    loop {
        let event = tokio::select! {
            change = changes.next() => {
                let change = change.ok_or_else(ended)?;
                let read = change.value.pubkey.parse().ok().zip(change.value.account.to_account());
                let Some((address, account)) = read else {
                    tracing::warn!("a notification that makes no sense");
                    continue;
                };
                let slot = change.context.slot;
                pool.heard(endpoint, slot).await.map_err(refused)?;
                Event::Changed { slot, address, account }
            }
            clock = clocks.next() => {
                let clock = clock.ok_or_else(ended)?;
                pool.heard(endpoint, clock.context.slot).await.map_err(refused)?;
                let account = clock.value.to_account();
                let Some(clock) = account.and_then(|account| ChainClock::parse(&account.data)) else {
                    continue;
                };
                // It tells a slot of its own, which need not be the notification's.
                pool.heard(endpoint, clock.slot).await.map_err(refused)?;
                Event::Clock(clock)
            }
            slot = slots.next() => {
                slot.ok_or_else(ended)?;
                silent_at = Instant::now() + SILENCE;
                continue;
            }
            () = sleep_until(silent_at) => {
                return Err(LoadError::Stream(format!("no slot for {SILENCE:?}")));
            }
        };
        if events.send(event).await.is_err() {
            return Ok(());
        }
    }
}

fn refused(fault: Fault) -> LoadError {
    LoadError::Stream(fault.to_string())
}

fn broken(error: PubsubClientError) -> LoadError {
    LoadError::Stream(error.to_string())
}
