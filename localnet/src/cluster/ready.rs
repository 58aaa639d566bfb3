//! Ready means ready: everything a client will do is tried first.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

use super::{Cluster, Kind};
use crate::{LocalnetError, Result};

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How long one request may take; a validator that is starting may accept and be mute.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that sees what is confirmed.
pub(crate) fn rpc_client(url: &str) -> RpcClient {
    RpcClient::new_with_timeout_and_commitment(
        url.to_owned(),
        REQUEST_TIMEOUT,
        CommitmentConfig::confirmed(),
    )
}

/// Asks until the answer is yes (`Ok(None)`); otherwise the last no is in the error.
pub(crate) async fn until<F>(
    what: &'static str,
    patience: Duration,
    mut ask: impl FnMut() -> F,
) -> Result<()>
where
    F: Future<Output = Result<Option<String>>>,
{
    let deadline = Instant::now() + patience;
    loop {
        let Some(no) = ask().await? else {
            return Ok(());
        };
        if Instant::now() > deadline {
            return Err(LocalnetError::NotReady {
                what,
                waited: patience,
                hint: format!(": {no}"),
            });
        }
        tokio::time::sleep(POLL).await;
    }
}

pub(super) async fn wait_for_health(
    rpc: &RpcClient,
    cluster: &mut Cluster,
    patience: Duration,
) -> Result<()> {
    let deadline = Instant::now() + patience;
    while let Err(error) = rpc.get_health().await {
        cluster.check()?;
        if Instant::now() > deadline {
            let words = cluster.process.as_ref().map(|process| process.tail());
            return Err(LocalnetError::NotReady {
                what: "the cluster healthy",
                waited: patience,
                hint: format!(": {error}\n{}", words.unwrap_or_default()),
            });
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// Health, programs and WebSocket. That transactions confirm is tried by making the
/// payer rich, which comes next.
pub(crate) async fn wait_until_ready(
    rpc: &RpcClient,
    cluster: &mut Cluster,
    patience: Duration,
) -> Result<()> {
    wait_for_health(rpc, cluster, patience).await?;
    if cluster.kind != Kind::Attached {
        let programs = [lottery::ID.to_bytes(), randomness_stand_in::ID.to_bytes()]
            .map(Pubkey::new_from_array);
        until("both programs loaded", patience, || {
            programs_missing(rpc, &programs)
        })
        .await?;
    }
    let url = cluster.ws_url.as_str();
    until("the WebSocket notifying", patience, || ws_silent(url)).await
}

async fn programs_missing(rpc: &RpcClient, programs: &[Pubkey]) -> Result<Option<String>> {
    let accounts = match rpc.get_multiple_accounts(programs).await {
        Ok(accounts) => accounts,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let missing = programs
        .iter()
        .zip(accounts)
        .find(|(_, account)| !account.as_ref().is_some_and(|account| account.executable));
    Ok(missing.map(|(address, _)| format!("{address} is not executable")))
}

/// Subscribes and waits for one notification.
async fn ws_silent(url: &str) -> Result<Option<String>> {
    let first_slot = async {
        let client = PubsubClient::new(url).await.map_err(|e| e.to_string())?;
        let (mut slots, unsubscribe) = client.slot_subscribe().await.map_err(|e| e.to_string())?;
        let slot = slots.next().await;
        unsubscribe().await;
        drop(slots);
        slot.map(|_| ()).ok_or_else(|| "closed".to_owned())
    };
    Ok(
        match tokio::time::timeout(REQUEST_TIMEOUT, first_slot).await {
            Ok(Ok(())) => None,
            Ok(Err(reason)) => Some(format!("{url}: {reason}")),
            Err(_) => Some(format!("{url}: no slot within {REQUEST_TIMEOUT:?}")),
        },
    )
}
