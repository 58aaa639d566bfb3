//! What labels may say: nothing that grows with games or players.

use lottery_service::label;

use crate::{actions::Action, error::Verdict};

label! {
    /// What an action or a transaction is for.
    #[derive(Default)]
    Kind {
        SettleDraw = "settle_draw",
        AbortDraw = "abort_draw",
        RevealDraw = "reveal_draw",
        RequestDraw = "request_draw",
        CancelGame = "cancel_game",
        SettleGame = "settle_game",
        ExpirePrizes = "expire_prizes",
        OpenLane = "open_lane",
        CloseGame = "close_game",
        ClaimJackpot = "claim_jackpot",
        Claim = "claim",
        Refund = "refund",
        CloseEntry = "close_entry",
        /// A transaction of several operations for players.
        Batch = "batch",
        /// A transaction that is no action's.
        #[default]
        Other = "other",
    }
}

impl Kind {
    /// Of an action.
    pub fn of(action: &Action) -> Self {
        match action {
            Action::SettleDraw(_) => Self::SettleDraw,
            Action::AbortDraw(_) => Self::AbortDraw,
            Action::RevealDraw(_) => Self::RevealDraw,
            Action::RequestDraw(_) => Self::RequestDraw,
            Action::CancelGame(_) => Self::CancelGame,
            Action::SettleGame(_) => Self::SettleGame,
            Action::ExpirePrizes(_) => Self::ExpirePrizes,
            Action::OpenLane(_) => Self::OpenLane,
            Action::CloseGame(_) => Self::CloseGame,
            Action::ClaimJackpot(_) => Self::ClaimJackpot,
            Action::Claim(_) => Self::Claim,
            Action::Refund(_) => Self::Refund,
            Action::CloseEntry(_) => Self::CloseEntry,
        }
    }

    /// Of the transactions of a job.
    pub fn of_job(actions: &[Action]) -> Self {
        match actions {
            [action] if action.push().is_none() => Self::of(action),
            [] => Self::Other,
            _ => Self::Batch,
        }
    }
}

label! {
    /// How an action ended.
    Outcome {
        Done = "done",
        LostRace = "lost_race",
        Refused = "refused",
        Transient = "transient",
        Unprofitable = "unprofitable",
        Stopping = "stopping",
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::LostRace => Self::LostRace,
            Verdict::Refused => Self::Refused,
            Verdict::Transient => Self::Transient,
            Verdict::Unprofitable => Self::Unprofitable,
            Verdict::Stopping => Self::Stopping,
        }
    }
}

label! {
    /// What became of a transaction.
    TransactionEnd {
        Landed = "landed",
        /// It landed, and failed.
        Failed = "failed",
        /// It expired without effect.
        Dead = "dead",
        Uncertain = "uncertain",
    }
}

label! {
    /// A step of a game.
    Step {
        Request = "request",
        Reveal = "reveal",
        Settle = "settle",
        Pay = "pay",
    }
}

label! {
    /// How far a draw has come.
    Stage {
        Requested = "requested",
        Revealed = "revealed",
        Settled = "settled",
        Aborted = "aborted",
    }
}

label! {
    /// What a game came to.
    GameEnd {
        Settled = "settled",
        Cancelled = "cancelled",
        /// Everything that it owed is paid.
        Paid = "paid",
    }
}

label! {
    /// What an oracle did.
    OracleEnd {
        Answered = "answered",
        Failed = "failed",
        /// Its draw had to be given up.
        Aborted = "aborted",
    }
}

label! {
    /// A class of questions to a node.
    Method {
        Accounts = "accounts",
        Search = "search",
        Simulate = "simulate",
        Send = "send",
        Status = "status",
        Blockhash = "blockhash",
        Fees = "fees",
        Slot = "slot",
        Other = "other",
    }
}

impl Method {
    /// Of a JSON-RPC method.
    pub fn of(name: &str) -> Self {
        match name {
            "getMultipleAccounts" | "getAccountInfo" | "getBalance" => Self::Accounts,
            "getProgramAccounts" => Self::Search,
            "simulateTransaction" => Self::Simulate,
            "sendTransaction" => Self::Send,
            "getSignatureStatuses" => Self::Status,
            "getLatestBlockhash" => Self::Blockhash,
            "getRecentPrioritizationFees" => Self::Fees,
            "getSlot" | "getBlockHeight" => Self::Slot,
            _ => Self::Other,
        }
    }
}

/// Statuses of games.
pub const STATUSES: [&str; 5] = ["open", "drawing", "playing", "settled", "cancelled"];
