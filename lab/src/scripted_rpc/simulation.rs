//! What simulations find.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use solana_pubkey::Pubkey;
use solana_transaction_error::TransactionError;

/// What a simulation finds. The default is a success that costs little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// Compute units.
    pub units: u64,
    /// What the transaction loads (bytes).
    pub loaded_accounts_data_size: u32,
    /// The program that returned something, and what.
    pub return_data: Option<(Pubkey, Vec<u8>)>,
    pub logs: Vec<String>,
    pub error: Option<TransactionError>,
}

impl Default for Simulation {
    fn default() -> Self {
        Self {
            units: 10_000,
            loaded_accounts_data_size: 100_000,
            return_data: None,
            logs: Vec::new(),
            error: None,
        }
    }
}

impl Simulation {
    /// A simulation that fails like this.
    pub fn failure(error: TransactionError) -> Self {
        Self {
            error: Some(error),
            ..Self::default()
        }
    }

    /// As a node says it; the replacement is a blockhash's JSON, or null.
    pub(super) fn json(&self, replacement: Value) -> Value {
        let returned = self.return_data.as_ref().map(|(program, data)| {
            json!({
                "programId": program.to_string(),
                "data": [BASE64_STANDARD.encode(data), "base64"],
            })
        });
        json!({
            "err": self.error,
            "logs": self.logs,
            "accounts": null,
            "unitsConsumed": self.units,
            "loadedAccountsDataSize": self.loaded_accounts_data_size,
            "returnData": returned,
            "innerInstructions": null,
            "replacementBlockhash": replacement,
        })
    }
}
