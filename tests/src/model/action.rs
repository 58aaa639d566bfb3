//! What happens in a world, with every choice made.

use lottery::state::{GameParams, HouseParams, HouseRules};
use solana_pubkey::Pubkey;

/// What an oracle's answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Right,
    /// Signed for another value.
    OtherValue,
    /// Signed by another oracle.
    OtherOracle,
}

/// An entry, as somebody names it: rightly or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Index of the game.
    pub game: usize,
    /// Index of the entry.
    pub entry: usize,
    pub player: Pubkey,
}

/// What pays players, alone or in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    Join {
        game: usize,
        tickets: u32,
        nonce: u16,
        max_total: u64,
    },
    Claim {
        named: Named,
        ticket: u32,
    },
    ClaimJackpot {
        named: Named,
        tier: u8,
    },
    Refund {
        named: Named,
    },
    CloseEntry {
        named: Named,
    },
}

/// One transaction's instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    CreateHouse {
        id: u16,
        params: HouseParams,
    },
    UpdateHouse {
        rules: HouseRules,
    },
    SetPause {
        games: bool,
        joins: bool,
    },
    Propose {
        successor: Pubkey,
    },
    Accept,
    Withdraw {
        wallet: Pubkey,
        amount: u64,
    },
    Fund {
        tier: u8,
        amount: u64,
    },
    OpenLane {
        index: u8,
    },
    CloseLane {
        index: u8,
    },
    CreateGame {
        params: GameParams,
    },
    Request {
        lane: u8,
        oracle: usize,
        games: Vec<usize>,
    },
    Reveal {
        draw: usize,
        oracle: usize,
        answer: Answer,
        value: [u8; 32],
    },
    Settle {
        draw: usize,
        games: Vec<usize>,
    },
    Abort {
        draw: usize,
        games: Vec<usize>,
    },
    SettleGame {
        game: usize,
    },
    Cancel {
        game: usize,
    },
    Expire {
        game: usize,
    },
    CloseGame {
        game: usize,
        creator: Pubkey,
    },
    Pay(Payment),
    Batch {
        payments: Vec<Payment>,
        all_or_nothing: bool,
    },
    Donate {
        to: Pubkey,
        lamports: u64,
    },
    DonateTokens {
        to: Pubkey,
        amount: u64,
    },
    /// The mint's freeze authority acts.
    Freeze {
        account: Pubkey,
    },
    Thaw {
        account: Pubkey,
    },
    CreateAssociated {
        wallet: Pubkey,
    },
}

/// A step of a world's story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A transaction; `who` is an actor, or the sponsor beyond them.
    Send { who: usize, what: What },
    /// Time passes.
    Wait { slot: u64, now: i64 },
    /// Rent exemption costs this for a byte (lamports).
    Rent { per_byte: u64 },
}

impl What {
    /// Whether who acts must sign; cranks name who gets the bounty only.
    pub fn is_signed(&self) -> bool {
        !matches!(
            self,
            Self::Settle { .. }
                | Self::Abort { .. }
                | Self::SettleGame { .. }
                | Self::Cancel { .. }
                | Self::Expire { .. }
                | Self::CloseGame { .. }
                | Self::Freeze { .. }
                | Self::Thaw { .. }
                | Self::CreateAssociated { .. }
                | Self::Pay(
                    Payment::Claim { .. }
                        | Payment::ClaimJackpot { .. }
                        | Payment::Refund { .. }
                        | Payment::CloseEntry { .. }
                )
        )
    }

    /// The instruction's name, for the table of what was covered.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateHouse { .. } => "create_house",
            Self::UpdateHouse { .. } => "update_house",
            Self::SetPause { .. } => "set_pause",
            Self::Propose { .. } => "propose_authority",
            Self::Accept => "accept_authority",
            Self::Withdraw { .. } => "withdraw_treasury",
            Self::Fund { .. } => "fund_jackpot",
            Self::OpenLane { .. } => "open_lane",
            Self::CloseLane { .. } => "close_lane",
            Self::CreateGame { .. } => "create_game",
            Self::Request { .. } => "request_draw",
            Self::Reveal { .. } => "reveal_draw",
            Self::Settle { .. } => "settle_draw",
            Self::Abort { .. } => "abort_draw",
            Self::SettleGame { .. } => "settle_game",
            Self::Cancel { .. } => "cancel_game",
            Self::Expire { .. } => "expire_prizes",
            Self::CloseGame { .. } => "close_game",
            Self::Pay(payment) => payment.name(),
            Self::Batch { .. } => "player_batch",
            Self::Donate { .. } => "(transfer)",
            Self::DonateTokens { .. } => "(token transfer)",
            Self::Freeze { .. } => "(freeze)",
            Self::Thaw { .. } => "(thaw)",
            Self::CreateAssociated { .. } => "(token account)",
        }
    }
}

impl Payment {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Join { .. } => "join",
            Self::Claim { .. } => "claim",
            Self::ClaimJackpot { .. } => "claim_jackpot",
            Self::Refund { .. } => "refund",
            Self::CloseEntry { .. } => "close_entry",
        }
    }
}
