//! `lottery-surfnet` as a child, with the programs written into it.

use std::{fs, process::Command};

use serde_json::json;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::request::RpcRequest;

use super::{Cluster, Kind, Program, programs, ready};
use crate::{LocalnetError, Options, Result, options, ports::Ports, process::Process};

const NAME: &str = "lottery-surfnet";

pub(super) async fn start(options: &Options) -> Result<Cluster> {
    let programs = programs(options)?;
    let binary = options::find_surfnet(options.surfnet.as_deref())?;
    let ports = Ports::claim()?;
    let rpc_port = options.rpc_port.unwrap_or_else(|| ports.rpc());
    let mut command = Command::new(binary);
    command
        .arg("--exit-with-parent")
        .args(["--rpc-port", &rpc_port.to_string()])
        .args(["--slot-ms", &options.slot_ms.to_string()]);
    let process = Process::start(NAME, command)?;
    let mut cluster = Cluster {
        kind: Kind::Surfnet,
        rpc_url: format!("http://127.0.0.1:{rpc_port}"),
        ws_url: format!("ws://127.0.0.1:{}", rpc_port.saturating_add(1)),
        process: Some(process),
        _ports: Some(ports),
    };
    let rpc = ready::rpc_client(&cluster.rpc_url);
    ready::wait_for_health(&rpc, &mut cluster, options.patience).await?;
    for program in &programs {
        write_program(&rpc, program).await?;
    }
    Ok(cluster)
}

/// In one piece, since what was written is parsed at once; the RPC takes 5 MB, thus
/// a program of 2.5 MB, and the largest of ours is a tenth of that.
async fn write_program(rpc: &RpcClient, program: &Program) -> Result<()> {
    let bytes =
        fs::read(&program.file).map_err(|_| LocalnetError::ProgramMissing(program.file.clone()))?;
    let request = RpcRequest::Custom {
        method: "surfnet_writeProgram",
    };
    let parameters = json!([program.address.to_string(), hex::encode(bytes), 0]);
    rpc.send::<serde_json::Value>(request, parameters)
        .await
        .map_err(LocalnetError::rpc("asked to write a program"))?;
    tracing::debug!(address = %program.address, "program written");
    Ok(())
}
