//! What landed on chain, by instruction, and what failed, by error.

use std::collections::BTreeMap;

use lottery_client::sender::lottery_error;
use serde::Serialize;
use solana_transaction_error::TransactionError;

use super::{events, ledger::Landed};

/// Transactions of one sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Took effect.
    pub landed: usize,
    /// Landed, and failed.
    pub failed: usize,
    /// Lamports.
    pub fees: u64,
}

/// Transactions of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Traffic {
    pub all: Count,
    pub by_instruction: BTreeMap<&'static str, Count>,
    /// Of those that failed: instruction and error.
    pub errors: BTreeMap<String, usize>,
}

impl Traffic {
    pub fn of(ledger: &[Landed]) -> Self {
        let mut traffic = Self::default();
        for landed in ledger {
            let name = events::instruction(landed).unwrap_or("other");
            let of_name = traffic.by_instruction.entry(name).or_default();
            for count in [of_name, &mut traffic.all] {
                count.landed += usize::from(landed.succeeded());
                count.failed += usize::from(!landed.succeeded());
                count.fees += landed.fee;
            }
            if let Some(error) = &landed.error {
                let error = format!("{name}: {}", describe(error));
                *traffic.errors.entry(error).or_default() += 1;
            }
        }
        traffic
    }
}

fn describe(error: &TransactionError) -> String {
    match lottery_error(error) {
        Some(ours) => format!("{ours:?}"),
        None => error.to_string(),
    }
}
