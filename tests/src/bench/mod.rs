//! What every instruction costs, beside what it costs a program written by hand on
//! pinocchio (`programs/baseline`) to do the same: the same transactions on the same
//! accounts, which must leave the same accounts, calls, events and return data.

mod batches;
mod draws;
mod houses;
pub mod limits;
mod pair;
mod payouts;
pub mod report;
mod sales;
pub mod snapshot;

use serde::Serialize;

/// A measured instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    pub instruction: String,
    /// Compute units of a transaction that holds only this.
    pub compute_units: u64,
    /// The same, written by hand.
    pub baseline: Option<u64>,
    #[serde(flatten)]
    pub shape: Shape,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
}

/// What a transaction takes beside compute units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// Serialized, limit instructions included.
    pub bytes: usize,
    /// Accounts locked, and how many of them for writing.
    pub accounts: usize,
    pub writable: usize,
    pub signatures: usize,
    /// Bytes of all instructions' data.
    pub data: usize,
    /// Bytes of the accounts loaded, programs included.
    pub loaded: usize,
}

/// A number of operations in one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Batch {
    /// The instruction that does one of them.
    pub what: &'static str,
    pub items: usize,
}

impl Cost {
    /// Of the baseline's compute units.
    pub fn ratio(&self) -> Option<f64> {
        self.baseline
            .map(|by_hand| self.compute_units as f64 / by_hand as f64)
    }

    /// What a leader counts for the transaction (Agave's cost model): compute units,
    /// signatures, write locks, instruction data, pages of accounts loaded.
    pub fn block_units(&self) -> u64 {
        const SIGNATURE: usize = 720;
        const WRITE_LOCK: usize = 300;
        const DATA_BYTES_PER_UNIT: usize = 4;
        const PAGE: usize = 32 * 1024;
        const PER_PAGE: usize = 8;
        let shape = &self.shape;
        let rest = shape.signatures * SIGNATURE
            + shape.writable * WRITE_LOCK
            + shape.data / DATA_BYTES_PER_UNIT
            + shape.loaded.div_ceil(PAGE) * PER_PAGE;
        self.compute_units + rest as u64
    }
}

/// Most compute units of a join with native SOL and one ticket.
pub const JOIN_BUDGET: u64 = 3_000;
/// Most of an instruction, in parts of the baseline's.
pub const RATIO_BUDGET: f64 = 1.10;

/// The instruction that [`JOIN_BUDGET`] is for.
pub const JOIN: &str = "join (1 ticket)";

/// Plays scenarios with every instruction. Keys, hence addresses and bump searches, are
/// the same in every run.
pub fn measure() -> Vec<Cost> {
    [
        houses::native(),
        houses::lanes(),
        sales::native(),
        draws::one_game(),
        draws::several_games(),
        draws::failed(),
        payouts::settled(),
        payouts::cancelled(),
        payouts::expired(),
        batches::joins(),
        batches::claims(),
        batches::refunds_and_closes(),
        sales::tokens(),
        payouts::tokens(),
    ]
    .concat()
}
