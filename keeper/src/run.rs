//! The loop: look at the chain, plan, start what is due, and again whenever
//! something changed, something ended or something becomes due.

mod ending;
mod events;
mod keeper;
mod leading;
pub(crate) mod reads;
mod report;
mod sight;
mod terms;
mod watch;

use std::sync::Arc;

use lottery_client::{
    gateway::Gateway,
    keypair,
    rpc::{EndpointUrl, Observer, Pool, PoolSettings},
    sender::{Format, Parts, Sender, fees::FeeSettings, load_tables},
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use keeper::Keeper;
use leading::Leading;
pub use report::{Counters, Summary};

use crate::{
    config::{Config, Options, TransactionVersion},
    context::{Context, Terms},
    database::Database,
    error::ConfigError,
    load::Loader,
    plan::{Guard, Settings},
    stream,
    telemetry::{Health, Observed, Role},
    text,
};

/// Changes waiting to be taken in; more make the stream wait.
const STREAM_BUFFER: usize = 4_096;

/// The nodes that the configuration names.
pub fn pool(config: &Config, observer: Option<Arc<dyn Observer>>) -> Arc<Pool> {
    let urls = config.endpoints.iter().map(|endpoint| EndpointUrl {
        http: endpoint.rpc_url.clone(),
        ws: Some(endpoint.ws_url.clone()),
    });
    let settings = PoolSettings {
        timeout: config.rpc_timeout,
        probe: config.probe,
        max_slot_lag: config.max_slot_lag,
        ..PoolSettings::default()
    };
    Pool::new(urls, settings, observer)
}

/// A reader of the chain as the configuration says.
pub fn loader(config: &Config) -> Loader {
    let rpc = Arc::new(pool(config, None).client());
    Loader::new(rpc, config.settings.house)
}

/// How transactions are written, as the configuration says.
async fn format(config: &Config, pool: &Arc<Pool>) -> Result<Format, ConfigError> {
    Ok(match config.transaction_version {
        TransactionVersion::Legacy => Format::Legacy,
        TransactionVersion::V0 => {
            let tables = load_tables(&pool.client(), &config.lookup_tables).await?;
            Format::V0(tables.into())
        }
        TransactionVersion::V1 => Format::V1,
    })
}

/// This keeper's part among those that share its database, if it has one. A database
/// that is away is waited for; one that this keeper cannot use is an error.
async fn leading(config: &Config) -> Result<Option<Leading>, ConfigError> {
    let Some(url) = &config.database.url else {
        return Ok(None);
    };
    let database: Database = url.expose().parse()?;
    match database.migrate().await {
        Err(error) if !error.is_temporary() => return Err(error.into()),
        Err(error) => tracing::warn!(error = text::scrub(&error), "no database yet"),
        Ok(()) => {}
    }
    Ok(Some(Leading::start(database, &config.database)))
}

/// Endpoints of several clusters would contradict each other for ever. Those that do not
/// answer are taken at their word.
async fn check_cluster(config: &Config, pool: &Pool) -> Result<(), ConfigError> {
    if config.endpoints.len() < 2 {
        return Ok(());
    }
    let answers = pool.ask_all("getGenesisHash", &json!([])).await;
    let answers = config.endpoints.iter().zip(answers);
    let mut known = answers.filter_map(|(endpoint, answer)| {
        let genesis = answer.ok()?.as_str()?.to_owned();
        Some((endpoint, genesis))
    });
    let Some((first, cluster)) = known.next() else {
        return Ok(());
    };
    match known.find(|(_, genesis)| *genesis != cluster) {
        None => Ok(()),
        Some((other, _)) => Err(ConfigError::Clusters {
            first: first.to_string(),
            other: other.to_string(),
        }),
    }
}

async fn context(
    config: &Config,
    leading: Option<&Leading>,
    stopping: CancellationToken,
) -> Result<Context, ConfigError> {
    let path = config
        .keypair
        .as_deref()
        .ok_or_else(|| Options::missing("keypair"))?;
    let payer = Arc::new(keypair::read(path)?);
    let pool = pool(config, Some(Arc::new(Observed)));
    check_cluster(config, &pool).await?;
    Ok(Context {
        loader: Loader::new(Arc::new(pool.client()), config.settings.house),
        sender: Sender::from_parts(Parts {
            fees: FeeSettings {
                percentile: config.fees.percentile,
                urgent_percentile: config.fees.urgent_percentile,
                min_micro_lamports: config.fees.min_micro_lamports,
                cap_lamports: config.fees.cap_lamports,
            },
            format: format(config, &pool).await?,
            journal: leading.map(Leading::journal),
            ..Parts::of(pool)
        }),
        gateway: Gateway::new(config.oracle_rpc_url.clone(), config.gateway_timeout)?,
        payer,
        create_token_accounts: config.create_token_accounts,
        guard: Guard {
            enabled: config.profit_guard,
            max_loss: config.max_loss_lamports,
        },
        stopping,
        terms: Arc::new(Terms::default()),
    })
}

/// Keeps until stopped, and tells how it gets on.
pub async fn run(
    config: &Config,
    health: Arc<Health>,
    stopping: CancellationToken,
) -> Result<Summary, ConfigError> {
    let leading = leading(config).await?;
    let context = context(config, leading.as_ref(), stopping.clone()).await?;
    match leading.clone() {
        None => health.acts(Role::Leader, 0),
        Some(leading) => drop(tokio::spawn(leading.forget(stopping.clone()))),
    }
    tokio::spawn(watch::balance(
        context.clone(),
        config.min_balance,
        config.scan,
    ));
    let (sender, events) = mpsc::channel(STREAM_BUFFER);
    let pool = context.sender.pool().clone();
    tokio::spawn(watch::nodes(
        pool.clone(),
        config.max_slot_lag,
        health.clone(),
        stopping.clone(),
    ));
    tokio::spawn(stream::follow(pool, sender, stopping));
    let keeper = Keeper::new(context, config.clone(), Some(events));
    Ok(keeper.tell(health).among(leading).run().await)
}

/// Acts until nothing is due, or what is left keeps failing.
pub async fn once(config: &Config, stopping: CancellationToken) -> Result<Summary, ConfigError> {
    let leading = leading(config).await?;
    let context = context(config, leading.as_ref(), stopping).await?;
    let keeper = Keeper::new(context, config.clone(), None);
    Ok(keeper.among(leading).run().await)
}

/// Reads the chain and plans, without acting.
pub async fn dry_run(
    loader: &Loader,
    settings: &Settings,
) -> Result<crate::plan::Plan, crate::error::LoadError> {
    let mut mirror = crate::mirror::Mirror::new(settings.house, settings.close);
    let sweep = settings.close && settings.house.is_none();
    reads::catch_up(loader, &mut mirror, sweep).await?;
    Ok(crate::plan::plan(mirror.state(), settings))
}
