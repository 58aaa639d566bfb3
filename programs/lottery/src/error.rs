use anchor_lang::prelude::*;

/// Every refusal of the program. Codes are stable: 7000 + position; new ones
/// are appended. They start beyond the range that Anchor gives programs by default,
/// so that an error of Switchboard's, passed through, is not taken for one of ours.
#[error_code(offset = 7000)]
#[derive(Debug, PartialEq, Eq, bytemuck::CheckedBitPattern)]
pub enum LotteryError {
    // Rules at creation.
    #[msg("The shares of prize, jackpots and treasury must sum to 10,000 bps")]
    SplitNotWhole,
    #[msg("A jackpot's reserve must be below 10,000 bps: something must be left to win")]
    ReserveNotBelowWhole,
    #[msg("A jackpot's mean contribution between hits must be at least 1")]
    JackpotMeanZero,
    #[msg("Treasury wallet and randomness queue must be given")]
    AddressMissing,
    #[msg("The entry fee must be at least 1")]
    FeeZero,
    #[msg("Fee times the maximum of tickets does not fit 64 bits")]
    GrossOverflow,
    #[msg("Ticket bounds must be 1 <= winners <= minimum <= maximum, 1 <= per entry <= maximum")]
    TicketBounds,
    #[msg("A game must close after it opens, in the future, and within a year")]
    GameTimes,
    #[msg("Rounds must be between 1 and 8")]
    RoundCount,
    #[msg("Each round but the last keeps 1 to 10,000 bps; unused places are 0")]
    KeepBps,
    #[msg("Winners must be between 1 and 32")]
    WinnerCount,
    #[msg("Prizes of all places must be at least 1 bps and sum to 10,000; unused places are 0")]
    PrizeBps,
    #[msg("The round interval must be 0 to 31,536,000 seconds")]
    RoundInterval,
    #[msg("The game's id must be the number of games created so far")]
    GameIdNotNext,

    // Who and when.
    #[msg("Only the house's authority may do this")]
    NotAuthority,
    #[msg("The house has paused new games")]
    GamesPaused,
    #[msg("The house has paused new entries")]
    JoinsPaused,
    #[msg("The game is not open for entries")]
    GameNotOpen,
    #[msg("The game has not opened yet")]
    GameNotYetOpen,
    #[msg("The game is closed for entries")]
    GameClosed,
    #[msg("At least one ticket must be bought")]
    TicketsZero,
    #[msg("More tickets than one entry may hold")]
    TicketsAboveEntryCap,
    #[msg("Not that many tickets are left")]
    SoldOut,
    #[msg("The price is above the maximum given")]
    PriceAboveMax,

    // Accounts that do not belong together.
    #[msg("The account belongs to another house")]
    ForeignHouse,
    #[msg("The account belongs to another game")]
    ForeignGame,
    #[msg("The account belongs to another lane")]
    ForeignLane,
    #[msg("The game is bound to another draw")]
    ForeignDraw,
    #[msg("The account is not the entry's player")]
    ForeignPlayer,
    #[msg("The account is not the draw's payer")]
    ForeignPayer,
    #[msg("Jackpot tier is 0 (minor), 1 (major) or 2 (mega)")]
    UnknownTier,

    // Draws.
    #[msg("No game was given")]
    NoGames,
    #[msg("The lane already waits for a draw")]
    LaneBusy,
    #[msg("The lane does not wait for this draw")]
    LaneIdle,
    #[msg("The draw already has its value")]
    DrawRevealed,
    #[msg("The draw has no value yet")]
    DrawNotRevealed,
    #[msg("The game is still selling tickets")]
    GameStillOpen,
    #[msg("The game's next round is not due yet")]
    RoundNotDue,
    #[msg("The game is not waiting for a draw request")]
    GameNotDrawable,
    #[msg("Too few tickets were sold; cancel the game instead")]
    TooFewTickets,
    #[msg("Games of a draw settle in the order they were bound")]
    SettleOrder,

    // Randomness.
    #[msg("Not the Switchboard On-Demand program")]
    RandomnessProgram,
    #[msg("Not a Switchboard randomness account of this lane")]
    RandomnessAccount,
    #[msg("Not the house's Switchboard queue")]
    RandomnessQueue,
    #[msg("Not an oracle account of the house's queue")]
    OracleAccount,
    #[msg("The oracle is off its queue, not attested, or its attestation is about to expire")]
    OracleNotLive,
    #[msg("Another oracle answers this draw")]
    ForeignOracle,
    #[msg("The randomness was not freshly committed")]
    CommitNotFresh,
    #[msg("The randomness was not revealed now, in a later slot than the request")]
    RevealNotFresh,
    #[msg("The revealed value differs from the one given")]
    ValueMismatch,

    // Paying out.
    #[msg("The game cannot be cancelled: enough tickets were sold or it is still open")]
    NotCancellable,
    #[msg("The game was not cancelled")]
    GameNotCancelled,
    #[msg("The game is not settled")]
    GameNotSettled,
    #[msg("The ticket does not belong to the entry")]
    TicketNotInEntry,
    #[msg("The ticket did not win")]
    TicketLost,
    #[msg("Already paid")]
    AlreadyPaid,
    #[msg("This game did not hit that jackpot")]
    NoAward,
    #[msg("The payout would leave the wallet below rent exemption; fund it first")]
    PayoutBelowRentExemption,
    #[msg("The payout would go to a program's account")]
    PayoutToProgram,

    // What must never happen.
    #[msg("Arithmetic overflow")]
    Overflow,
    #[msg("An account holds less than it owes")]
    Insolvent,

    // Administration.
    #[msg("The bounty of a crank must be at most 1,000,000 lamports")]
    BountyTooHigh,
    #[msg("The claim window must be 3,600 to 31,536,000 seconds")]
    ClaimWindow,
    #[msg("The draw timeout must be 100 to 216,000 slots")]
    DrawTimeout,
    #[msg("A sold-out game would contribute more to a jackpot than its mean between hits")]
    ContributionAboveMean,
    #[msg("Only the address that the authority proposed may accept")]
    NotPendingAuthority,
    #[msg("The treasury has accrued less than that")]
    AboveAccrued,
    #[msg("The amount must be at least 1")]
    AmountZero,
    #[msg("Not the house's treasury wallet")]
    ForeignTreasuryWallet,

    // Draws that fail, and what is returned at the end.
    #[msg("Only who paid for the lane may close it")]
    NotLanePayer,
    #[msg("The draw's oracle still has time to answer")]
    DrawNotTimedOut,
    #[msg("The draw was aborted")]
    DrawAborted,
    #[msg("This oracle was already asked for this round; a redraw needs another one")]
    OracleTriedBefore,
    #[msg("The claim window is over; what was not claimed goes to the mega jackpot")]
    ClaimsEnded,
    #[msg("Prizes can still be claimed")]
    ClaimsOpen,
    #[msg("Nothing is left to expire")]
    NothingToExpire,
    #[msg("The game still owes money to players")]
    GameStillOwes,
    #[msg("The game has entries that are not closed, and its claim window is not over")]
    EntriesOpen,
    #[msg("The account is not the game's creator")]
    ForeignCreator,
    #[msg("The game does not wait for its settlement")]
    NotAwaitingSettlement,

    // Tokens.
    #[msg("The house plays for a token: its mint, token program and token accounts must be given")]
    TokenAccountsMissing,
    #[msg("Not the SPL Token or Token-2022 program")]
    TokenProgram,
    #[msg("Not the house's mint, or not a mint of the token program given")]
    Mint,
    #[msg("Not the vault of the account whose money moves")]
    ForeignVault,
    #[msg("Not a token account of this mint and this owner")]
    TokenAccount,
    #[msg("The token account is frozen")]
    TokenAccountFrozen,
    #[msg("Only the wallet itself may have its money paid to another than its associated token account")]
    TokenAccountNotAssociated,
    #[msg("The mint's freeze authority has frozen a vault")]
    VaultFrozen,
    #[msg("Mints with transfer fees are refused: payments would arrive short")]
    MintTransferFee,
    #[msg("Mints with transfer hooks are refused: transfers could be stopped")]
    MintTransferHook,
    #[msg("Mints with a permanent delegate are refused: it could empty the vaults")]
    MintPermanentDelegate,
    #[msg("Mints with a default account state are refused: new accounts could be born frozen")]
    MintDefaultFrozen,
    #[msg("Mints with confidential transfers are refused: balances could be hidden")]
    MintConfidential,
    #[msg("Mints of tokens that cannot be transferred are refused")]
    MintNonTransferable,
    #[msg("Mints that can be paused are refused: payouts could be stopped")]
    MintPausable,
    #[msg("Mints that can be closed are refused: they could come back with other extensions")]
    MintClosable,
    #[msg("Mints with this extension are refused: it is not known to be harmless")]
    MintExtension,

    // Purchases.
    #[msg("The player already has an entry of this nonce in the game")]
    EntryExists,
    #[msg("The player does not have that much")]
    InsufficientFunds,

    // Batches.
    #[msg("The batch is empty")]
    BatchEmpty,
    #[msg("An operation names an account that was not given")]
    BatchAccount,

    // Tokens, again.
    #[msg("The token account takes no transfer without a memo, which payouts do not carry")]
    TokenAccountNeedsMemo,
}

impl LotteryError {
    /// Code of the first error.
    pub const FIRST_CODE: u32 = 7000;

    /// The error with this code, if it is one of ours.
    pub fn from_code(code: u32) -> Option<Self> {
        bytemuck::checked::try_cast(code.checked_sub(Self::FIRST_CODE)?).ok()
    }

    /// The code that a transaction fails with.
    pub fn code(self) -> u32 {
        Self::FIRST_CODE.wrapping_add(self as u32)
    }
}
