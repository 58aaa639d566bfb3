//! The stream of changes: the node's notifications of every account that the
//! program writes. It wakes the keeper and keeps the mirror fresh; what it
//! misses, scans find.

use std::time::Duration;

use futures_util::StreamExt as _;
use lottery_client::lottery;
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_api::config::RpcProgramAccountsConfig;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{error::LoadError, load::account_config, text};

/// Pauses between two attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

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
}

/// Follows the stream, reconnecting, until stopped or nobody listens.
pub async fn follow(url: String, events: mpsc::Sender<Event>, stopping: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    loop {
        let mut was_up = false;
        let end = tokio::select! {
            () = stopping.cancelled() => return,
            end = follow_once(&url, &events, &mut was_up) => end,
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

/// Returns when nobody listens any more; fails when the connection ends.
async fn follow_once(
    url: &str,
    events: &mpsc::Sender<Event>,
    was_up: &mut bool,
) -> Result<(), LoadError> {
    let broken = |error: solana_pubsub_client::nonblocking::pubsub_client::PubsubClientError| {
        LoadError::Stream(error.to_string())
    };
    let client = PubsubClient::new(url).await.map_err(broken)?;
    let config = RpcProgramAccountsConfig {
        account_config: account_config(),
        ..Default::default()
    };
    let (mut changes, _unsubscribe) = client
        .program_subscribe(&lottery::ID, Some(config))
        .await
        .map_err(broken)?;
    *was_up = true;
    if events.send(Event::Up).await.is_err() {
        return Ok(());
    }
    while let Some(change) = changes.next().await {
        let read = change
            .value
            .pubkey
            .parse()
            .ok()
            .zip(change.value.account.to_account());
        let Some((address, account)) = read else {
            tracing::warn!("a notification that makes no sense");
            continue;
        };
        let event = Event::Changed {
            slot: change.context.slot,
            address,
            account,
        };
        if events.send(event).await.is_err() {
            return Ok(());
        }
    }
    Err(LoadError::Stream("it ended".into()))
}
