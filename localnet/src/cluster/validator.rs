//! Agave's `solana-test-validator` as a child.

use std::path::{Path, PathBuf};

use super::{Cluster, Kind, Program, programs};
use crate::{Options, Result, options, ports::Ports, process::Process};

const NAME: &str = "solana-test-validator";

/// Notifications, and bytes of them, that wait for WebSocket clients before those who
/// are behind are cut off: what `agave-validator` allows. The test validator's own limit
/// of 1,000 is met by a second of joins.
const QUEUED_NOTIFICATIONS: u64 = 10_000_000;
const QUEUED_BYTES: u64 = 256 * 1_024 * 1_024;

pub(super) fn find() -> Option<PathBuf> {
    options::find_on_path(NAME)
}

pub(super) fn start(binary: &Path, options: &Options) -> Result<Cluster> {
    let programs = programs(options)?;
    let ports = Ports::claim()?;
    let rpc_port = options.rpc_port.unwrap_or_else(|| ports.rpc());
    let process = Process::start_guarded(NAME, binary, |ledger| {
        arguments(options, &programs, &ports, rpc_port, ledger)
    })?;
    Ok(Cluster {
        kind: Kind::Validator,
        rpc_url: format!("http://127.0.0.1:{rpc_port}"),
        ws_url: format!("ws://127.0.0.1:{}", rpc_port.saturating_add(1)),
        process: Some(process),
        _ports: Some(ports),
    })
}

fn arguments(
    options: &Options,
    programs: &[Program],
    ports: &Ports,
    rpc_port: u16,
    ledger: &Path,
) -> Vec<String> {
    let (first, end) = ports.dynamic();
    // A tick is 6.25 ms, and takes somewhat longer on a busy machine.
    let ticks = options.slot_ms.saturating_mul(4).div_ceil(25).max(2);
    let mut arguments = vec![
        "--reset".to_owned(),
        "--quiet".to_owned(),
        "--ledger".to_owned(),
        ledger.display().to_string(),
    ];
    let named = [
        ("--bind-address", "127.0.0.1".to_owned()),
        ("--rpc-port", rpc_port.to_string()),
        ("--gossip-port", ports.gossip().to_string()),
        ("--faucet-port", ports.faucet().to_string()),
        ("--dynamic-port-range", format!("{first}-{end}")),
        ("--limit-ledger-size", options.ledger_shreds.to_string()),
        ("--ticks-per-slot", ticks.to_string()),
        (
            "--rpc-pubsub-queue-capacity-items",
            QUEUED_NOTIFICATIONS.to_string(),
        ),
        (
            "--rpc-pubsub-queue-capacity-bytes",
            QUEUED_BYTES.to_string(),
        ),
    ];
    for (name, value) in named {
        arguments.extend([name.to_owned(), value]);
    }
    for program in programs {
        arguments.extend([
            "--bpf-program".to_owned(),
            program.address.to_string(),
            program.file.display().to_string(),
        ]);
    }
    arguments
}
