//! The cluster: surfpool's runloop on a thread, its events drained here.

use std::{net::IpAddr, thread, time::Duration};

use anyhow::{Context as _, anyhow, bail};
use surfpool_core::{
    runloops::start_local_surfnet_runloop,
    surfnet::{
        locker::SurfnetSvmLocker,
        svm::{SurfnetSvm, SurfnetSvmConfig},
    },
};
use surfpool_types::{
    RpcConfig, SimnetCommand, SimnetConfig, SimnetEvent, SurfpoolConfig,
    channel::{Receiver, Sender, bounded, select, unbounded},
};

use crate::stop::Stop;

/// How long an orderly end may take before the process ends without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the cluster listens and how fast it is.
#[derive(Debug)]
pub struct Settings {
    pub host: IpAddr,
    pub rpc_port: u16,
    pub ws_port: u16,
    pub slot_ms: u64,
}

/// A running cluster.
pub struct Cluster {
    events: Receiver<SimnetEvent>,
    commands: Sender<SimnetCommand>,
    ended: Receiver<Result<(), String>>,
}

impl Cluster {
    /// Starts the runloop; [`Cluster::run`] waits for it to serve.
    pub fn start(settings: &Settings) -> anyhow::Result<Self> {
        let (svm, events, geyser) = SurfnetSvm::new(SurfnetSvmConfig {
            slot_time: settings.slot_ms,
            // Profiling simulates every transaction a second time, step by step.
            instruction_profiling_enabled: false,
            ..SurfnetSvmConfig::default()
        })
        .map_err(|error| anyhow!("creating the VM: {error}"))?;
        let locker = SurfnetSvmLocker::new(svm);
        let config = surfpool_config(settings);
        let (commands, commands_rx) = unbounded();
        let (ended_tx, ended) = bounded(1);
        let commands_tx = commands.clone();
        thread::Builder::new()
            .name("cluster".into())
            .spawn(move || {
                let runloop =
                    start_local_surfnet_runloop(locker, config, commands_tx, commands_rx, geyser);
                let result = hiro_system_kit::nestable_block_on(runloop);
                let _ = ended_tx.send(result.map_err(|error| error.to_string()));
            })?;
        Ok(Self {
            events,
            commands,
            ended,
        })
    }

    /// Drains the cluster's events until it is told to stop; calls `ready` once both
    /// ports serve. An undrained channel of events would stop the cluster.
    pub fn run(
        self,
        stop: &Receiver<Stop>,
        verbose: bool,
        ready: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut ready = Some(ready);
        loop {
            select! {
                recv(self.events) -> event => {
                    let event = event.context("the cluster closed its events")?;
                    if verbose {
                        print_log(&event);
                    }
                    match event {
                        SimnetEvent::CoreStarted(_) => {
                            if let Some(ready) = ready.take() {
                                ready()?;
                            }
                        }
                        SimnetEvent::Aborted(reason) => bail!("the cluster aborted: {reason}"),
                        _ => {}
                    }
                }
                recv(self.ended) -> result => return match result {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(anyhow!("the cluster ended: {error}")),
                    Err(_) => Err(anyhow!("the cluster's thread ended without a word")),
                },
                recv(stop) -> _ => return self.shut_down(),
            }
        }
    }

    /// Ends the runloop and closes the ports.
    fn shut_down(self) -> anyhow::Result<()> {
        self.commands
            .send(SimnetCommand::Terminate(None))
            .map_err(|_| anyhow!("the cluster takes no commands any more"))?;
        // The runloop may be waiting for room in the channel of events.
        let events = self.events;
        thread::spawn(move || while events.recv().is_ok() {});
        match self.ended.recv_timeout(PATIENCE) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(anyhow!("the cluster ended badly: {error}")),
            Err(_) => Err(anyhow!("the cluster did not end within {PATIENCE:?}")),
        }
    }
}

fn surfpool_config(settings: &Settings) -> SurfpoolConfig {
    SurfpoolConfig {
        simnets: vec![SimnetConfig {
            offline_mode: true,
            remote_rpc_url: None,
            slot_time: settings.slot_ms,
            instruction_profiling_enabled: false,
            ..SimnetConfig::default()
        }],
        rpc: RpcConfig {
            bind_host: settings.host.to_string(),
            bind_port: settings.rpc_port,
            ws_port: settings.ws_port,
            ..RpcConfig::default()
        },
        ..SurfpoolConfig::default()
    }
}

fn print_log(event: &SimnetEvent) {
    match event {
        SimnetEvent::InfoLog(time, text)
        | SimnetEvent::WarnLog(time, text)
        | SimnetEvent::ErrorLog(time, text)
        | SimnetEvent::DebugLog(time, text) => eprintln!("{time} {text}"),
        _ => {}
    }
}
