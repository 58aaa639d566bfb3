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
