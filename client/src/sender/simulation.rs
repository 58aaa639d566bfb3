//! What a transaction would do, by a node.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::RpcSimulateTransactionConfig;
use solana_rpc_client_types::response::RpcSimulateTransactionResult;
use solana_transaction_status_client_types::UiTransactionEncoding;

use super::{Limits, MAX_COMPUTE_UNITS, SendError, Sender, message};
use crate::rpc::Fault;

/// How long, and how often, a node is waited for that has not seen what a transaction
/// builds on.
const CATCHING_UP: Duration = Duration::from_millis(200);
const CATCH_UPS: usize = 10;

/// Most log lines kept in an error.
const KEPT_LOGS: usize = 6;

/// What a simulation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    pub compute_units: u32,
    /// Bytes of the accounts that it loads; `None` from a node that does not tell.
    pub loaded_bytes: Option<u32>,
    /// What the lottery program returned; empty if it returned nothing.
    pub return_data: Vec<u8>,
}

/// The state that a transaction builds on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// What is confirmed.
    #[default]
    Confirmed,
    /// What was processed up to this slot: what was sent just before. Should a fork undo
    /// that, the transaction fails or dies.
    Processed(u64),
}

impl Sender {
    /// What the instructions would do, or why they would fail.
    pub async fn simulate(
        &self,
        instructions: &[Instruction],
        payer: &Pubkey,
        basis: Basis,
    ) -> Result<Simulated, SendError> {
        let (commitment, min_context_slot) = match basis {
            Basis::Confirmed => (CommitmentConfig::confirmed(), None),
            Basis::Processed(slot) => (CommitmentConfig::processed(), Some(slot)),
        };
        let blockhash = solana_hash::Hash::default();
        let limits = Limits::SIMULATED;
        let message = self
            .format
            .message(instructions, limits, payer, &blockhash)?;
        let config = RpcSimulateTransactionConfig {
            sig_verify: false,
            replace_recent_blockhash: true,
            commitment: Some(commitment),
            encoding: Some(UiTransactionEncoding::Base64),
            min_context_slot,
            ..Default::default()
        };
        let params = json!([STANDARD.encode(message::unsealed(&message)), config]);
        // Whoever told of that slot need not be who is asked: behind one URL there may be
        // several nodes.
        let catching_up = ConstantBuilder::default()
            .with_delay(CATCHING_UP)
            .with_max_times(if min_context_slot.is_some() {
                CATCH_UPS
            } else {
                0
            });
        let ask = || self.pool.request("simulateTransaction", params.clone());
        let (_, answer) = ask.retry(catching_up).when(Fault::is_behind).await?;
        let nonsense = || SendError::Rpc("a simulation that makes no sense".into());
        let value = answer.get("value").cloned().ok_or_else(nonsense)?;
        read_simulation(serde_json::from_value(value).map_err(|_| nonsense())?)
    }
}

fn read_simulation(result: RpcSimulateTransactionResult) -> Result<Simulated, SendError> {
    if let Some(error) = result.err {
        let logs = result.logs.unwrap_or_default();
        let skipped = logs.len().saturating_sub(KEPT_LOGS);
        return Err(SendError::Simulation {
            error: error.into(),
            logs: logs.into_iter().skip(skipped).collect(),
        });
    }
    let units = result.units_consumed.unwrap_or(MAX_COMPUTE_UNITS.into());
    let returned = result
        .return_data
        .filter(|returned| returned.program_id == lottery::ID.to_string())
        .map(|returned| {
            let data = STANDARD.decode(returned.data.0);
            data.map_err(|_| SendError::Rpc("return data that are no base64".into()))
        });
    Ok(Simulated {
        compute_units: u32::try_from(units).unwrap_or(MAX_COMPUTE_UNITS),
        loaded_bytes: result.loaded_accounts_data_size.filter(|bytes| *bytes > 0),
        return_data: returned.transpose()?.unwrap_or_default(),
    })
}
