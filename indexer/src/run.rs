//! Wires the parts together: what the subcommands do.

mod configured;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use lottery_service::{cli::stop_on_signals, telemetry::Server};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use sqlx::{PgPool, migrate::MigrateError};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    api,
    config::{Config, Database},
    derive,
    error::{ClaimError, IngestError},
    ingest::{CHANNEL_CAPACITY, CHUNK_CAPACITY, Ingest, Wiring},
    ledger::Ledger,
    source::{self, Chain, SlotStatus, Source as _},
    store::{
        self,
        watermark::{self, Identity},
    },
    telemetry::{self, Health, Role, watch::Watch},
    upkeep::Upkeep,
    verify::{self, Report},
};

/// Connections of the accounts' writer, the ledger, the deriver and telemetry together.
/// Requests never take them.
const WRITERS: u32 = 6;

/// Longest wait for an RPC answer: a snapshot of everything may take a while.
const RPC_TIMEOUT: Duration = Duration::from_secs(60);

/// What the subcommands work with.
pub struct Context {
    pub config: Config,
    /// Of the database that is written.
    pub pool: PgPool,
    pub rpc: Arc<RpcClient>,
}

impl Context {
    /// With all the connections that the configuration allows.
    pub fn new(config: Config) -> Self {
        let connections = config.connections;
        Self::with_connections(config, connections)
    }

    fn with_connections(config: Config, connections: u32) -> Self {
        Self {
            pool: pool(&config.database, connections),
            rpc: rpc(&config),
            config,
        }
    }

    /// How sure what is read has to be.
    pub fn commitment(&self) -> CommitmentConfig {
        self.config.commitment.into()
    }
}

/// A pool that connects when first used.
pub fn pool(database: &Database, connections: u32) -> PgPool {
    store::pool(database.options.clone(), connections)
}

/// The node that the configuration names.
pub fn rpc(config: &Config) -> Arc<RpcClient> {
    Arc::new(RpcClient::new_with_timeout_and_commitment(
        config.endpoint.rpc_url.clone(),
        RPC_TIMEOUT,
        config.commitment.into(),
    ))
}

/// Brings the schema up to date.
pub async fn migrate(pool: &PgPool) -> anyhow::Result<()> {
    store::migrate(pool).await.map_err(|error| match error {
        MigrateError::VersionMismatch(_) | MigrateError::VersionMissing(_) => anyhow!(
            "this database was made by another version of this program ({error}); name a new one, \
             and everything is read from the chain again"
        ),
        error => anyhow::Error::new(error).context("migrating the database"),
    })?;
    tracing::info!("the database's schema is up to date");
    Ok(())
}

/// Makes sure that the database is this cluster's.
async fn claim(context: &Context, genesis_hash: String) -> Result<(), ClaimError> {
    let identity = Identity {
        genesis_hash,
        program: lottery::ID.to_string(),
        commitment: context.commitment().commitment.to_string(),
    };
    let owner = watermark::claim(&context.pool, &identity).await?;
    if (&owner.genesis_hash, &owner.program) != (&identity.genesis_hash, &identity.program) {
        return Err(ClaimError::Foreign {
            genesis_hash: owner.genesis_hash,
            program: owner.program,
        });
    }
    Ok(())
}

/// Makes sure that the database is up to date, and this cluster's.
pub async fn prepare(context: &Context) -> anyhow::Result<()> {
    migrate(&context.pool).await?;
    let genesis_hash = source::genesis_hash(&context.rpc)
        .await
        .context("asking the node for its genesis hash")?;
    Ok(claim(context, genesis_hash).await?)
}

/// Follows the chain until a signal, and serves the API beside it if told to.
pub async fn follow(config: &Config, is_serving: bool) -> anyhow::Result<()> {
    let stop = stop_on_signals().context("signals")?;
    let context = Context::with_connections(config.clone(), WRITERS);
    let for_requests = config.connections.saturating_sub(WRITERS);
    let reading = is_serving.then(|| pool(config.readable(), for_requests));
    let watch = Watch {
        health: Arc::new(Health::new(Role::Writer, config.stall)),
        writing: Some(context.pool.clone()),
        reading: reading.clone(),
        finality: config.commitment.into(),
    };
    // Before anything else: whoever waits for this process sees what it waits for.
    let server = tell(config, &watch).await?;
    let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
    tasks.spawn(infallible(watch.run(stop.clone())));

    prepare(&context).await?;
    if let Some(pool) = reading {
        let listener = bind(config.listen).await?;
        tasks.spawn(answer(listener, pool, stop.clone()));
    }
    tokio::select! {
        // Another process writes, or the database is away: requests are answered meanwhile.
        () = stop.cancelled() => {}
        led = write(&context, &mut tasks, &stop) => led?,
    }
    let result = join(tasks, &stop, config.drain).await;
    end(&context.pool, server).await;
    result
}

/// Waits until this process is the one that writes, and begins.
async fn write(
    context: &Context,
    tasks: &mut JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let (config, pool) = (&context.config, &context.pool);
    let (changed, again) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (sender, receiver) = mpsc::channel(CHANNEL_CAPACITY);
    let (chunk_sender, chunks) = mpsc::channel(CHUNK_CAPACITY);
    let mut ingest = Ingest::new(
        config.database.options.clone(),
        Wiring {
            chain: Arc::new(Chain::new(Arc::clone(&context.rpc), context.commitment())),
            changed: Arc::clone(&changed),
            again: Arc::clone(&again),
            commitment: SlotStatus::of(context.commitment()),
            stop: stop.clone(),
        },
    );
    ingest
        .lead()
        .await
        .context("becoming the one that writes")?;
    telemetry::writer(true);
    // How far the tables are is known once nobody else writes.
    let source = configured::source(context, again).await?;
    let ledger = Ledger::new(
        Arc::clone(&context.rpc),
        pool.clone(),
        chunk_sender,
        context.commitment(),
        config.ledger,
    );
    let upkeep = Upkeep {
        months_ahead: config.partitions_ahead_months,
        months_kept: config.events_keep_months,
        statistics: config.statistics,
    };
    tasks.spawn(infallible(source.run(sender, stop.clone())));
    tasks.spawn(async move {
        match ingest.run(receiver, chunks).await {
            // What is left to be done, the other one does.
            Err(IngestError::Relieved) => Ok(()),
            ended => ended.context("writing"),
        }
    });
    tasks.spawn(infallible(ledger.run(stop.clone())));
    tasks.spawn(infallible(derive::run(pool.clone(), changed, stop.clone())));
    tasks.spawn(infallible(upkeep.run(pool.clone(), stop.clone())));
    Ok(())
}

/// Serves the API until a signal.
pub async fn serve(config: &Config) -> anyhow::Result<()> {
    let stop = stop_on_signals().context("signals")?;
    let pool = pool(config.readable(), config.connections);
    let watch = Watch {
        health: Arc::new(Health::new(Role::Reader, config.stall)),
        writing: None,
        reading: Some(pool.clone()),
        finality: config.commitment.into(),
    };
    let server = tell(config, &watch).await?;
    let listener = bind(config.listen).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(infallible(watch.run(stop.clone())));
    tasks.spawn(answer(listener, pool.clone(), stop.clone()));
    let result = join(tasks, &stop, config.drain).await;
    end(&pool, server).await;
    result
}

/// Compares the database with the chain.
pub async fn verify(context: &Context, deadline: Duration) -> anyhow::Result<Report> {
    verify::run(&context.pool, &context.rpc, context.commitment(), deadline)
        .await
        .context("could not check")
}

/// Serves metrics and health where the configuration says so.
async fn tell(config: &Config, watch: &Watch) -> anyhow::Result<Option<Server>> {
    Ok(match config.metrics_listen {
        Some(address) => Some(telemetry::serve(address, Arc::clone(&watch.health)).await?),
        None => None,
    })
}

async fn infallible(task: impl Future<Output = ()>) -> anyhow::Result<()> {
    task.await;
    Ok(())
}

/// Waits for all tasks, after a stop not for ever. The first that ends before the stop
/// stops the others.
async fn join(
    mut tasks: JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
    drain: Duration,
) -> anyhow::Result<()> {
    let all = async {
        let mut result = Ok(());
        while let Some(ended) = tasks.join_next().await {
            let ended = ended.context("a task broke off").and_then(|done| done);
            stop.cancel();
            if result.is_ok() {
                result = ended;
            }
        }
        result
    };
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        result = all => result,
        () = patience => Err(anyhow!(
            "what was under way did not end within {} s (drain_seconds); it will be read again",
            drain.as_secs()
        )),
    }
}

/// Lets go of the database, and tells nothing any more.
async fn end(pool: &PgPool, server: Option<Server>) {
    pool.close().await;
    if let Some(server) = server {
        server.stop().await;
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("listen: cannot listen on {address}; choose another port or stop what uses it")
    })?;
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!(%address, "serving the API");
    Ok(listener)
}

/// Answers requests until `stop`.
async fn answer(
    listener: TcpListener,
    pool: PgPool,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    axum::serve(listener, api::router(pool))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .context("serving the API")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_waits_for_what_is_under_way_but_not_for_ever() {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let token = stop.clone();
        tasks.spawn(async move {
            token.cancelled().await;
            tokio::task::yield_now().await;
            Ok(())
        });
        stop.cancel();
        assert!(join(tasks, &stop, Duration::from_secs(30)).await.is_ok());

        let mut tasks = JoinSet::new();
        tasks.spawn(std::future::pending());
        let ended = join(tasks, &stop, Duration::from_millis(1)).await;
        assert!(ended.is_err_and(|error| error.to_string().contains("drain_seconds")));
    }

    #[tokio::test]
    async fn the_first_that_fails_stops_the_others_and_is_what_is_reported() {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let token = stop.clone();
        tasks.spawn(async move {
            token.cancelled().await;
            Err(anyhow!("stopped"))
        });
        tasks.spawn(async { Err(anyhow!("broken")) });
        let ended = join(tasks, &stop, Duration::from_secs(30)).await;
        assert!(ended.is_err_and(|error| error.to_string() == "broken"));
    }
}
