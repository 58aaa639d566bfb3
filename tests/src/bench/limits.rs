//! What a cluster admits, and what throughput follows.

use std::path::Path;

use anyhow::Context as _;
use lottery_client::sender::packed_size;
use serde::{Deserialize, Serialize};
use solana_instruction::Instruction;
use solana_message::Message;

use super::Cost;

/// What transactions may be like, and blocks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub transaction: Transaction,
    pub cluster: Vec<Cluster>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// Serialized.
    pub bytes: usize,
    pub locks: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    pub name: String,
    /// Compute units of a block.
    pub block: u64,
    /// Compute units of a block's transactions that write one account.
    pub account: u64,
    pub slot_ms: u64,
}

impl Limits {
    /// Those the bench comes with.
    pub fn shipped() -> Self {
        toml::from_str(include_str!("../../limits.toml")).expect("limits.toml is valid")
    }

    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }
}

/// The largest number that the instruction made of it fits a transaction with.
pub fn most(of: impl Fn(usize) -> Instruction) -> usize {
    let limits = Limits::shipped().transaction;
    let fits = |n: usize| {
        let instruction = of(n);
        let payer = instruction
            .accounts
            .iter()
            .find(|meta| meta.is_signer)
            .map_or_else(solana_pubkey::Pubkey::default, |meta| meta.pubkey);
        let instructions = [instruction];
        // And the program of the limit instruction.
        let locks = Message::new(&instructions, Some(&payer)).account_keys.len() + 1;
        packed_size(&instructions, &payer) <= limits.bytes && locks <= limits.locks
    };
    (1..limits.locks)
        .take_while(|n| fits(*n))
        .last()
        .unwrap_or(0)
}

/// How many a second, if nothing else is in the blocks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Throughput {
    pub what: String,
    pub cluster: String,
    /// Where all write one account: joins their game, settlements their house's
    /// jackpots.
    pub per_account: f64,
    pub per_block: f64,
}

impl Throughput {
    /// Of a transaction that does `items` things.
    pub fn of(cost: &Cost, items: usize, cluster: &Cluster) -> Self {
        let per_second = |units: u64| {
            let transactions = units / cost.block_units();
            transactions as f64 * items as f64 * 1_000.0 / cluster.slot_ms as f64
        };
        Self {
            what: cost.instruction.clone(),
            cluster: cluster.name.clone(),
            per_account: per_second(cluster.account),
            per_block: per_second(cluster.block),
        }
    }
}
