//! Subscriptions to what becomes of signatures: faster than asking. What they miss,
//! asking finds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use solana_commitment_config::CommitmentConfig;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_api::config::RpcSignatureSubscribeConfig;
use solana_rpc_client_types::response::RpcSignatureResult;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
    time::timeout,
};

use crate::rpc::Pool;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Pauses between two attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Longest that a signature is followed: by then its blockhash has expired.
const LONGEST: Duration = Duration::from_secs(300);

/// Notifications that may come late before the connection counts as mute.
const MOST_MISSED: u32 = 3;

/// What was told of a signature.
#[derive(Debug)]
pub struct Notice {
    pub signature: Signature,
    pub slot: u64,
    pub error: Option<TransactionError>,
    /// Processed only, otherwise.
    pub is_confirmed: bool,
}

/// A signature to follow.
#[derive(Clone, Copy)]
struct Wanted {
    signature: Signature,
    /// Whether it is to be told of when it is processed, too.
    early: bool,
}

/// Where signatures are followed.
pub struct Confirmations {
    watch: mpsc::UnboundedSender<Wanted>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_up: AtomicBool,
    /// Signatures in a row that were found by asking and not told.
    missed: AtomicU32,
    /// That the present connection does not do its work.
    is_mute: Notify,
}

impl Confirmations {
    /// Follows signatures with whichever endpoint is fit, until dropped. `None` where
    /// no endpoint serves WebSockets.
    pub fn start(pool: Arc<Pool>, found: mpsc::UnboundedSender<Notice>) -> Option<Self> {
        if pool.endpoints().iter().all(|it| it.url.ws.is_none()) {
            return None;
        }
        let (watch, wanted) = mpsc::unbounded_channel();
        let state = Arc::new(State::default());
        tokio::spawn(follow(pool, wanted, found, state.clone()));
        Some(Self { watch, state })
    }

    /// Whether notifications can be expected.
    pub fn is_up(&self) -> bool {
        self.state.is_up.load(Ordering::Relaxed)
    }

    /// Follows a signature until it is confirmed; `early` for who wants to know when it
    /// is processed, too.
    pub fn watch(&self, signature: Signature, early: bool) {
        // It ends with the runtime only.
        let _ = self.watch.send(Wanted { signature, early });
    }

    /// Notes that a signature was told.
    pub fn told(&self) {
        self.state.missed.store(0, Ordering::Relaxed);
    }

    /// Notes that a signature was found by asking and not told.
    pub fn missed(&self) {
        let in_a_row = self.state.missed.fetch_add(1, Ordering::Relaxed) + 1;
        if in_a_row >= MOST_MISSED && self.is_up() {
            self.state.is_mute.notify_one();
        }
    }
}

async fn follow(
    pool: Arc<Pool>,
    mut wanted: mpsc::UnboundedReceiver<Wanted>,
    found: mpsc::UnboundedSender<Notice>,
    state: Arc<State>,
) {
    let mut pause = FIRST_PAUSE;
    for attempt in 0usize.. {
        let Some((_, url)) = pool.websocket(attempt) else {
            return;
        };
        if let Ok(Ok(client)) = timeout(CONNECT, PubsubClient::new(url)).await {
            pause = FIRST_PAUSE;
            state.missed.store(0, Ordering::Relaxed);
            state.is_up.store(true, Ordering::Relaxed);
            let is_over = serve(Arc::new(client), &mut wanted, &found, &state).await;
            state.is_up.store(false, Ordering::Relaxed);
            if is_over {
                return;
            }
        }
        // What came while there was no connection is asked about anyway.
        while wanted.try_recv().is_ok() {}
        if wanted.is_closed() {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Returns when the connection is of no use any more; whether all is over. Whoever still
/// follows a signature with it ends then, and with the last the connection.
async fn serve(
    client: Arc<PubsubClient>,
    wanted: &mut mpsc::UnboundedReceiver<Wanted>,
    found: &mpsc::UnboundedSender<Notice>,
    state: &Arc<State>,
) -> bool {
    let mut following = JoinSet::new();
    loop {
        tokio::select! {
            wanted = wanted.recv() => {
                let Some(Wanted { signature, early }) = wanted else {
                    return true;
                };
                for is_confirmed in [true, false].into_iter().take(1 + usize::from(early)) {
                    let (client, found) = (client.clone(), found.clone());
                    following.spawn(async move {
                        follow_one(&client, signature, is_confirmed, &found).await
                    });
                }
            }
            Some(followed) = following.join_next() => {
                if !followed.unwrap_or(true) {
                    return false;
                }
            }
            () = state.is_mute.notified() => return false,
        }
    }
}

/// Until the signature is confirmed, or processed; whether the connection is still of use.
async fn follow_one(
    client: &PubsubClient,
    signature: Signature,
    is_confirmed: bool,
    found: &mpsc::UnboundedSender<Notice>,
) -> bool {
    let commitment = if is_confirmed {
        CommitmentConfig::confirmed()
    } else {
        CommitmentConfig::processed()
    };
    let config = RpcSignatureSubscribeConfig {
        commitment: Some(commitment),
        enable_received_notification: None,
    };
    let subscribed = client.signature_subscribe(&signature, Some(config)).await;
    let Ok((mut notifications, unsubscribe)) = subscribed else {
        // Not every provider tells of what is processed only.
        return !is_confirmed;
    };
    let told = timeout(LONGEST, async {
        while let Some(notification) = notifications.next().await {
            if let RpcSignatureResult::ProcessedSignature(result) = notification.value {
                return Some((notification.context.slot, result.err.map(Into::into)));
            }
        }
        None
    });
    match told.await {
        Ok(Some((slot, error))) => {
            let _ = found.send(Notice {
                signature,
                slot,
                error,
                is_confirmed,
            });
        }
        Ok(None) => return false,
        Err(_) => {}
    }
    drop(notifications);
    unsubscribe().await;
    true
}
