//! Why a transaction is refused, as the model predicts it and as the chain says it.

use std::fmt;

use lottery::LotteryError;
use randomness_stand_in::StandInError;
use solana_instruction::error::InstructionError;
use solana_transaction_error::TransactionError;

/// The reason of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The code of a program's error.
    Code(u32),
    /// An error of the runtime's list.
    Builtin(InstructionError),
    /// An account would be left below rent exemption.
    Rent,
    /// The transaction did not get as far as a program.
    Transaction(TransactionError),
}

impl Why {
    /// The System program: an account has too little.
    pub const NEGATIVE_LAMPORTS: Self = Self::Code(1);
    /// A token program: an account has too little.
    pub const TOKENS_MISSING: Self = Self::Code(1);
    /// A token program: an account is frozen.
    pub const TOKENS_FROZEN: Self = Self::Code(17);
    /// Not a token account.
    pub const NO_TOKEN_ACCOUNT: Self = Self::Builtin(InstructionError::InvalidAccountData);
    /// Anchor: the address does not follow from the seeds.
    pub const SEEDS: Self = Self::Builtin(InstructionError::InvalidSeeds);
    /// An account that is closed, or was never made, where one to be written should be.
    pub const GONE: Self = Self::Builtin(InstructionError::AccountDataTooSmall);
    /// The same where one to be read should be.
    pub const NOTHING: Self = Self::Builtin(InstructionError::UninitializedAccount);
    /// The same if somebody sent lamports there.
    pub const NOT_OURS: Self = Self::Builtin(InstructionError::IllegalOwner);
    /// The System program: the account exists.
    pub const EXISTS: Self = Self::Code(0);

    /// It comes from a program that was called, so it ends the transaction whoever
    /// called.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Code(code) if *code < 100)
    }

    /// From a batch's return data.
    pub fn of_batch(code: u32) -> Self {
        if code < 100 {
            Self::Builtin(InstructionError::from(u64::from(code) << 32))
        } else {
            Self::Code(code)
        }
    }

    /// As a batch's return data tells it.
    pub fn code(&self) -> u32 {
        match self {
            Self::Code(code) => *code,
            Self::Builtin(error) => u64::from(
                solana_program_error::ProgramError::try_from(error.clone())
                    .unwrap_or(solana_program_error::ProgramError::InvalidArgument),
            )
            .wrapping_shr(32) as u32,
            Self::Rent | Self::Transaction(_) => u32::MAX,
        }
    }
}

impl From<LotteryError> for Why {
    fn from(error: LotteryError) -> Self {
        Self::Code(error.code())
    }
}

impl From<StandInError> for Why {
    fn from(error: StandInError) -> Self {
        Self::Code(error.code())
    }
}

impl From<TransactionError> for Why {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::InstructionError(_, InstructionError::Custom(code)) => {
                Self::Code(code)
            }
            TransactionError::InstructionError(_, error) => Self::Builtin(error),
            TransactionError::InsufficientFundsForRent { .. } => Self::Rent,
            other => Self::Transaction(other),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => match LotteryError::from_code(*code) {
                Some(ours) => write!(f, "{ours:?}"),
                None => write!(f, "custom error {code}"),
            },
            Self::Builtin(error) => write!(f, "{error:?}"),
            Self::Rent => f.write_str("InsufficientFundsForRent"),
            Self::Transaction(error) => write!(f, "{error:?}"),
        }
    }
}
