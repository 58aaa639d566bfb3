use anchor_lang::prelude::*;

use super::nested::*;
use super::{batch::Batch, till::Till, Order};
use crate::{clock::clock, error::LotteryError};

/// Several joins, claims, refunds and closes in one instruction, of one game or of
/// many. Claims, refunds and closes may be anybody's; joins are the signer's.
///
/// An operation that is refused is left out and its error code returned, so that one
/// frozen account, one game settled meanwhile, does not hold up the others; only if
/// all are refused, or `all_or_nothing` is asked for, the transaction fails with the
/// first one's reason. Return data: one `u32` (little-endian) per operation, 0 for done,
/// else the error's code.
///
/// Remaining accounts: what the operations name, by position. If there are token houses
/// among theirs, these share one mint, which is the last but one, and its program the last.
#[derive(Accounts)]
pub struct PlayerBatch {
    /// Buys what is joined; gets the bounties. May be a player of the batch too.
    #[account(mut, unsafe(dup))]
    pub signer: Signer,
    pub system_program: Program<System>,
    pub events: Nested<EventAccounts>,
}

/// One operation; accounts are positions among the remaining accounts. Vaults and
/// token accounts are not looked at in houses that play for native SOL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite, IdlType)]
pub enum Operation {
    Join {
        house: u8,
        game: u8,
        entry: u8,
        vault: u8,
        tokens: u8,
        order: Order,
    },
    Claim {
        game: u8,
        entry: u8,
        player: u8,
        vault: u8,
        tokens: u8,
        ticket: u32,
    },
    ClaimJackpot {
        game: u8,
        entry: u8,
        player: u8,
        vault: u8,
        tokens: u8,
        jackpot: u8,
    },
    Refund {
        game: u8,
        entry: u8,
        player: u8,
        vault: u8,
        tokens: u8,
    },
    CloseEntry {
        game: u8,
        entry: u8,
        player: u8,
    },
}

impl PlayerBatch {
    pub fn run(
        &mut self,
        operations: &[Operation],
        all_or_nothing: bool,
        accounts: &[AccountView],
    ) -> Result<()> {
        require!(!operations.is_empty(), LotteryError::BatchEmpty);
        let mut batch = Batch {
            signer: *self.signer.account(),
            events: &self.events,
            accounts,
            till: Till::of(operations.len(), self.signer.account())?,
            clock: clock()?,
            game: None,
            closed: Vec::new(),
        };
        let mut results = Vec::with_capacity(operations.len().wrapping_mul(4));
        let mut first_refusal = None;
        let mut done = false;
        for operation in operations {
            let code = match batch.execute(operation) {
                Ok(()) => {
                    done = true;
                    0
                }
                Err(refusal) if all_or_nothing => return Err(refusal),
                Err(refusal) => {
                    let code = error_code(&refusal);
                    first_refusal.get_or_insert(refusal);
                    code
                }
            };
            results.extend_from_slice(&code.to_le_bytes());
        }
        match first_refusal {
            Some(refusal) if !done => return Err(refusal),
            _ => {}
        }
        batch.finish()?;
        set_return_data(&results);
        Ok(())
    }
}

/// The code that a transaction would fail with.
fn error_code(error: &Error) -> u32 {
    match error {
        ProgramError::Custom(code) => *code,
        // Builtin errors have their number in the upper half of 64 bits.
        other => (u64::from(other.clone()) >> 32) as u32,
    }
}

fn set_return_data(data: &[u8]) {
    anchor_lang::pinocchio::cpi::set_return_data(data);
}
