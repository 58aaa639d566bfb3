//! The loop: look at the chain, plan, start what is due, and again whenever
//! something changed, something ended or something becomes due.

mod events;
mod keeper;
pub(crate) mod reads;
mod report;

use std::sync::Arc;

use lottery_client::{gateway::Gateway, keypair, sender::Sender};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use keeper::Keeper;
pub use report::{Counters, Summary};

use crate::{
    actions::Context, config::Config, error::ConfigError, load::Loader, plan::Settings, stream,
};

/// Changes waiting to be taken in; more make the stream wait.
const STREAM_BUFFER: usize = 4_096;

/// A client of the first node that the configuration names.
pub fn rpc_client(config: &Config) -> Arc<RpcClient> {
    let first = config.endpoints.first();
    Arc::new(RpcClient::new_with_timeout_and_commitment(
        first.map_or_else(String::new, |endpoint| endpoint.rpc_url.clone()),
        config.rpc_timeout,
        CommitmentConfig::confirmed(),
    ))
}

/// A reader of the chain as the configuration says.
pub fn loader(config: &Config) -> Loader {
    Loader::new(rpc_client(config), config.settings.house)
}

fn context(config: &Config, stopping: CancellationToken) -> Result<Context, ConfigError> {
    let path = config
        .keypair
        .as_deref()
        .ok_or(ConfigError::Missing("keypair", "keypair", "KEYPAIR"))?;
    let payer = Arc::new(keypair::read(path)?);
    let rpc = rpc_client(config);
    Ok(Context {
        loader: Loader::new(rpc.clone(), config.settings.house),
        sender: Sender::new(rpc),
        gateway: Gateway::new(config.oracle_rpc_url.clone(), config.gateway_timeout)?,
        payer,
        create_token_accounts: config.create_token_accounts,
        stopping,
    })
}

/// Keeps until stopped.
pub async fn run(config: &Config, stopping: CancellationToken) -> Result<Summary, ConfigError> {
    let context = context(config, stopping.clone())?;
    let (sender, events) = mpsc::channel(STREAM_BUFFER);
    if let Some(endpoint) = config.endpoints.first() {
        tokio::spawn(stream::follow(endpoint.ws_url.clone(), sender, stopping));
    }
    let keeper = Keeper::new(context, config.clone(), Some(events));
    Ok(keeper.run().await)
}

/// Acts until nothing is due, or what is left keeps failing.
pub async fn once(config: &Config, stopping: CancellationToken) -> Result<Summary, ConfigError> {
    let context = context(config, stopping)?;
    let keeper = Keeper::new(context, config.clone(), None);
    Ok(keeper.run().await)
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
