//! Table `instructions`: what transactions asked of the program.

use solana_pubkey::Pubkey;

use super::{column::Json, record::record};

record! {
    /// An instruction, or an operation of a batch.
    pub struct InstructionRow => "instructions" {
        /// Order within the transaction.
        position: i32,
        slot: i64,
        /// Of the transaction.
        success: bool,
        /// Index of the transaction's instruction that it is, or was called by.
        top: i16,
        /// Position of the batch it is an operation of.
        batch: Option<i32>,
        name: &'static str,
        house: Option<Pubkey>,
        game: Option<Pubkey>,
        draw: Option<Pubkey>,
        entry: Option<Pubkey>,
        player: Option<Pubkey>,
        accounts: Json,
        /// `None` where they could not be decoded.
        arguments: Option<Json>,
        /// Of an operation: 0 when it was done, else why not.
        result: Option<u32>,
    }
}
