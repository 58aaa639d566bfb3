//! The source of events that the configuration names.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::{
    config::SourceKind,
    source::{
        Event, GeyserConfig, GeyserSource, RpcSnapshots, RpcSource, RpcSourceConfig, Source,
        at_least_confirmed,
    },
    store::watermark,
};

/// Between two looks at the chain's slot: about its duration.
const SLOT_INTERVAL: Duration = Duration::from_millis(400);

/// Longest wait for a connection to a Geyser server, and for a subscription.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two pings to a Geyser server: proxies close what is idle for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A source that the configuration can name.
pub(super) enum Configured {
    Rpc(RpcSource),
    Geyser(Box<GeyserSource<RpcSnapshots>>),
}

impl Source for Configured {
    async fn run(self, events: mpsc::Sender<Event>, stop: CancellationToken) {
        match self {
            Self::Rpc(source) => source.run(events, stop).await,
            Self::Geyser(source) => source.run(events, stop).await,
        }
    }
}

/// The source of events that the configuration names.
pub(super) async fn source(context: &Context, again: Arc<Notify>) -> anyhow::Result<Configured> {
    let config = &context.config;
    let known = watermark::read(&context.pool).await?;
    let known_slot = known.as_ref().and_then(|mark| mark.snapshot_slot);
    let ws_url = match config.source {
        SourceKind::Websocket => Some(config.endpoint.ws_url.clone()),
        SourceKind::Polling => None,
        SourceKind::Geyser => {
            let geyser = config.geyser.as_ref().context("there is no geyser_url")?;
            let server = geyser.server()?;
            let config = GeyserConfig {
                server,
                commitment: context.commitment(),
                connect_timeout: CONNECT_TIMEOUT,
                keep_alive: KEEP_ALIVE,
                silence: config.stream_silence,
                slot_interval: SLOT_INTERVAL,
                snapshot_interval: config.snapshot,
                again,
                known_slot,
                finalized_slot: known.and_then(|k| Some(k.finalized_slot?.min(k.applied_slot?))),
            };
            // What only an abandoned fork had would stay.
            let commitment = at_least_confirmed(context.commitment());
            let snapshots = RpcSnapshots::new(Arc::clone(&context.rpc), commitment)?;
            let source = GeyserSource::new(config, snapshots);
            return Ok(Configured::Geyser(Box::new(source)));
        }
    };
    let snapshots = RpcSnapshots::new(Arc::clone(&context.rpc), context.commitment())?;
    Ok(Configured::Rpc(RpcSource::new(
        snapshots,
        RpcSourceConfig {
            ws_url,
            snapshot_interval: config.snapshot,
            slot_interval: SLOT_INTERVAL,
            silence: config.stream_silence,
            known_slot,
            again,
        },
    )))
}
