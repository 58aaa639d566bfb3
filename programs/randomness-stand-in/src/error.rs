//! Every refusal, by name. The codes start at 9,000 so that a transaction that
//! fails inside a call from the lottery is not mistaken for the lottery's own.

use anchor_lang::prelude::*;

/// The first variant's code.
pub const FIRST_CODE: u32 = 9000;

#[error_code(offset = 9000)]
pub enum StandInError {
    #[msg("Not a randomness account of this program")]
    RandomnessAccount,
    #[msg("Not a queue account of this program")]
    QueueAccount,
    #[msg("Not an oracle account of this program")]
    OracleAccount,
    #[msg("Not the state account of this program")]
    StateAccount,
    #[msg("The account is in use already")]
    AlreadyInitialized,
    #[msg("The account must be allocated with the exact length, owned by this program")]
    AccountLength,
    #[msg("The signer is not the account's authority")]
    WrongAuthority,
    #[msg("The account belongs to another queue")]
    ForeignQueue,
    #[msg("The oracle is not the one committed to")]
    ForeignOracle,
    #[msg("Not the wrapped SOL account of this randomness account")]
    RewardEscrow,
    #[msg("Not the lookup table signer of this randomness account")]
    LookupTableSigner,
    #[msg("Not the lookup table of this signer and slot")]
    LookupTable,
    #[msg("Not the statistics account of this oracle")]
    OracleStats,
    #[msg("Not the slot hashes sysvar")]
    SlotHashesSysvar,
    #[msg("Not the wrapped SOL mint")]
    WrappedSolMint,
    #[msg("The slot hashes sysvar is empty")]
    NoSlotHash,
    #[msg("There is no commit to reveal")]
    NothingCommitted,
    #[msg("The commit is revealed already")]
    AlreadyRevealed,
    #[msg("The seed slot has not passed")]
    TooEarly,
    #[msg("The recovery id or the signature is malformed")]
    MalformedSignature,
    #[msg("The signature's s is in the upper half of the order")]
    HighS,
    #[msg("The signature is not the oracle's over this value")]
    SignatureMismatch,
    #[msg("The queue holds as many oracles as it can")]
    QueueFull,
    #[msg("The gateway's address is not zero-padded UTF-8")]
    GatewayUri,
    #[msg("Arithmetic overflow")]
    Overflow,
}

impl StandInError {
    /// What a failed transaction shows: `InstructionError::Custom(code)`.
    pub const fn code(self) -> u32 {
        FIRST_CODE.saturating_add(self as u32)
    }
}
