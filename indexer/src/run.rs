//! Wires the parts together: what each subcommand does.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use sqlx::PgPool;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Notify, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    api,
    config::{RpcUrl, WsUrl},
    derive,
    error::ClaimError,
    ingest::{CHANNEL_CAPACITY, CHUNK_CAPACITY, Ingest, Wiring},
    ledger::Ledger,
    source::{self, Chain, RpcSource, RpcSourceConfig, SlotStatus, Source},
    store::{
        self,
        watermark::{self, Identity},
    },
    verify::{self, Report},
};

/// A confirmed block was voted for by two thirds of the stake; none has ever been
/// undone, and it is there some ten seconds before it is final.
const COMMITMENT: CommitmentConfig = CommitmentConfig::confirmed();

/// Longest wait for an RPC answer: a snapshot of everything may take a while.
const RPC_TIMEOUT: Duration = Duration::from_secs(60);

/// Between two looks at the chain's slot: about its duration.
const SLOT_INTERVAL: Duration = Duration::from_millis(400);

/// What `run` needs to know.
pub struct Follow {
    pub rpc_url: RpcUrl,
    /// `None` polls snapshots alone.
    pub ws_url: Option<WsUrl>,
    pub snapshot_interval: Duration,
    pub stream_silence: Duration,
    pub ledger_interval: Duration,
    /// Where to serve the API, if at all, and its own connections.
    pub serve: Option<(SocketAddr, PgPool)>,
}

fn rpc(url: &RpcUrl) -> Arc<RpcClient> {
    Arc::new(RpcClient::new_with_timeout_and_commitment(
        url.as_str().to_owned(),
        RPC_TIMEOUT,
        COMMITMENT,
    ))
}

/// Brings the schema up to date.
pub async fn migrate(pool: &PgPool) -> anyhow::Result<()> {
    store::migrate(pool)
        .await
        .context("migrating the database")?;
    tracing::info!("the database's schema is up to date");
    Ok(())
}

/// Cancelled by the first SIGTERM or SIGINT.
fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
        }
        token.cancel();
    });
    Ok(stop)
}

/// Makes sure that the database is this cluster's.
async fn claim(pool: &PgPool, identity: &Identity) -> Result<(), ClaimError> {
    let owner = watermark::claim(pool, identity).await?;
    if (&owner.genesis_hash, &owner.program) != (&identity.genesis_hash, &identity.program) {
        return Err(ClaimError::Foreign {
            genesis_hash: owner.genesis_hash,
            program: owner.program,
        });
    }
    Ok(())
}

/// Follows the chain until a signal.
pub async fn follow(pool: PgPool, settings: Follow) -> anyhow::Result<()> {
    let stop = stop_on_signal()?;
    migrate(&pool).await?;
    let rpc = rpc(&settings.rpc_url);
    let genesis_hash = source::genesis_hash(&rpc)
        .await
        .context("asking the node for its genesis hash")?;
    let identity = Identity {
        genesis_hash,
        program: lottery::ID.to_string(),
        commitment: COMMITMENT.commitment.to_string(),
    };
    claim(&pool, &identity).await?;
    let known = watermark::read(&pool).await?;

    let changed = Arc::new(Notify::new());
    let again = Arc::new(Notify::new());
    let (sender, receiver) = mpsc::channel(CHANNEL_CAPACITY);
    let (chunk_sender, chunks) = mpsc::channel(CHUNK_CAPACITY);
    let options = pool.connect_options().as_ref().clone();
    let mut ingest = Ingest::new(
        options,
        Wiring {
            chain: Arc::new(Chain::new(Arc::clone(&rpc), COMMITMENT)),
            changed: Arc::clone(&changed),
            again: Arc::clone(&again),
            commitment: SlotStatus::Confirmed,
            stop: stop.clone(),
        },
    );
    ingest
        .lead()
        .await
        .context("becoming the one that writes")?;
    let source = RpcSource::new(
        Arc::clone(&rpc),
        RpcSourceConfig {
            ws_url: settings.ws_url.map(|url| url.as_str().to_owned()),
            commitment: COMMITMENT,
            snapshot_interval: settings.snapshot_interval,
            slot_interval: SLOT_INTERVAL,
            silence: settings.stream_silence,
            known_slot: known.and_then(|mark| mark.snapshot_slot),
            again,
        },
    );
    let ledger = Ledger::new(
        rpc,
        pool.clone(),
        chunk_sender,
        COMMITMENT,
        settings.ledger_interval,
    );

    let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
    if let Some((address, pool)) = settings.serve {
        let listener = bind(address).await?;
        tasks.spawn(serve_until(listener, pool, stop.clone()));
    }
    tasks.spawn(infallible(source.run(sender, stop.clone())));
    tasks.spawn(async move { ingest.run(receiver, chunks).await.context("writing") });
    tasks.spawn(infallible(ledger.run(stop.clone())));
    tasks.spawn(infallible(derive::run(pool.clone(), changed, stop.clone())));
    let result = join(tasks, &stop).await;
    pool.close().await;
    result
}

async fn infallible(task: impl Future<Output = ()>) -> anyhow::Result<()> {
    task.await;
    Ok(())
}

/// Waits for all tasks; the first that ends before the stop stops the others.
async fn join(
    mut tasks: JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut result = Ok(());
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.context("a task broke off").and_then(|done| done);
        stop.cancel();
        if result.is_ok() {
            result = ended;
        }
    }
    result
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}"))?;
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!(%address, "serving the API");
    Ok(listener)
}

async fn serve_until(
    listener: TcpListener,
    pool: PgPool,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    axum::serve(listener, api::router(pool))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .context("serving the API")
}

/// Serves the API until a signal.
pub async fn serve(pool: PgPool, address: SocketAddr) -> anyhow::Result<()> {
    let stop = stop_on_signal()?;
    let listener = bind(address).await?;
    serve_until(listener, pool.clone(), stop).await?;
    pool.close().await;
    Ok(())
}

/// Compares the database with the chain.
pub async fn verify(pool: PgPool, url: &RpcUrl, deadline: Duration) -> anyhow::Result<Report> {
    verify::run(&pool, &rpc(url), COMMITMENT, deadline)
        .await
        .context("could not check")
}
