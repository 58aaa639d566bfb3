//! What the keeper can do: a file per action. Each says which things it needs
//! for itself while it runs, which accounts it changes, and how it is done.

mod abort_draw;
mod cancel_game;
mod claim;
mod claim_jackpot;
mod close_entry;
mod close_game;
mod expire_prizes;
mod key;
mod open_lane;
mod refund;
mod request_draw;
mod reveal_draw;
mod settle_draw;
mod settle_game;

use std::fmt;

use lottery_client::{
    instruction::{Batch, BatchError, EntryKeys},
    sender::Landed,
};
use serde::Serialize;
use solana_pubkey::Pubkey;

pub use abort_draw::AbortDraw;
pub use cancel_game::CancelGame;
pub use claim::Claim;
pub use claim_jackpot::ClaimJackpot;
pub use close_entry::CloseEntry;
pub use close_game::CloseGame;
pub use expire_prizes::ExpirePrizes;
pub use key::{Key, KeyError};
pub use open_lane::OpenLane;
pub use refund::Refund;
pub use request_draw::RequestDraw;
pub use reveal_draw::RevealDraw;
pub use settle_draw::SettleDraw;
pub use settle_game::SettleGame;

use crate::{context::Context, error::ActionError, oracles::OracleSeen, text};

/// A game as logs and plans name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GameRef {
    pub id: u64,
    #[serde(with = "text")]
    pub address: Pubkey,
}

impl fmt::Display for GameRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.address)
    }
}

/// Something to be done on chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    SettleDraw(SettleDraw),
    AbortDraw(AbortDraw),
    RevealDraw(RevealDraw),
    RequestDraw(RequestDraw),
    CancelGame(CancelGame),
    SettleGame(SettleGame),
    ExpirePrizes(ExpirePrizes),
    OpenLane(OpenLane),
    CloseGame(CloseGame),
    ClaimJackpot(ClaimJackpot),
    Claim(Claim),
    Refund(Refund),
    CloseEntry(CloseEntry),
}

/// What is done for a player in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Pays the prize of a ticket.
    Claim(u32),
    /// Pays the award of a tier.
    ClaimJackpot(u8),
    Refund,
    Close,
}

/// One operation of a batch, with what it may cost.
#[derive(Clone, Copy, Debug)]
pub struct Push {
    pub keys: EntryKeys,
    pub operation: Operation,
    /// Compute units, rounded up, of a house that plays for native SOL.
    pub compute_units: u32,
}

impl Push {
    /// Adds it to a batch.
    pub fn add_to(&self, batch: &mut Batch) -> Result<(), BatchError> {
        match self.operation {
            Operation::Claim(ticket) => batch.claim(self.keys, ticket),
            Operation::ClaimJackpot(tier) => batch.claim_jackpot(self.keys, tier),
            Operation::Refund => batch.refund(self.keys),
            Operation::Close => batch.close_entry(self.keys),
        }
    }
}

impl Action {
    /// What it needs for itself while it runs.
    pub fn keys(&self) -> Vec<Key> {
        match self {
            Self::SettleDraw(action) => action.keys(),
            Self::AbortDraw(action) => action.keys(),
            Self::RevealDraw(action) => action.keys(),
            Self::RequestDraw(action) => action.keys(),
            _ => vec![self.main_key()],
        }
    }

    /// The key that its failures are remembered under.
    pub fn main_key(&self) -> Key {
        match self {
            Self::SettleDraw(action) => Key::Draw(action.draw),
            Self::AbortDraw(action) => Key::Release(action.draw),
            Self::RevealDraw(action) => Key::Draw(action.draw),
            Self::RequestDraw(action) => Key::Lane(action.lane()),
            Self::CancelGame(action) => Key::Game(action.game.address),
            Self::SettleGame(action) => Key::Game(action.game.address),
            Self::ExpirePrizes(action) => Key::Game(action.game.address),
            Self::OpenLane(action) => Key::Lane(action.lane()),
            Self::CloseGame(action) => Key::Game(action.game.address),
            Self::ClaimJackpot(action) => action.key(),
            Self::Claim(action) => action.key(),
            Self::Refund(action) => action.key(),
            Self::CloseEntry(action) => action.key(),
        }
    }

    /// Id of the draw that it is about.
    pub fn draw_id(&self) -> Option<u64> {
        match self {
            Self::SettleDraw(action) => Some(action.draw_id),
            Self::AbortDraw(action) => Some(action.draw_id),
            Self::RevealDraw(action) => Some(action.draw_id),
            Self::RequestDraw(action) => Some(action.draw_id),
            _ => None,
        }
    }

    /// Ids of the games that it is about, for logs.
    pub fn game_ids(&self) -> String {
        match self {
            Self::SettleDraw(action) => ids(action.games()),
            Self::AbortDraw(action) => ids(action.games()),
            Self::RequestDraw(action) => ids(&action.games),
            Self::CancelGame(action) => action.game.id.to_string(),
            Self::SettleGame(action) => action.game.id.to_string(),
            Self::ExpirePrizes(action) => action.game.id.to_string(),
            Self::CloseGame(action) => action.game.id.to_string(),
            Self::ClaimJackpot(action) => action.game.id.to_string(),
            Self::Claim(action) => action.game.id.to_string(),
            Self::Refund(action) => action.game.id.to_string(),
            Self::RevealDraw(action) => ids(action.games()),
            Self::OpenLane(_) | Self::CloseEntry(_) => String::new(),
        }
    }

    /// Accounts of the program that it changes and that plans depend on.
    pub fn touched(&self) -> Vec<Pubkey> {
        match self {
            Self::SettleDraw(action) => action.touched(),
            Self::AbortDraw(action) => action.touched(),
            Self::RevealDraw(action) => action.touched(),
            Self::RequestDraw(action) => action.touched(),
            Self::CancelGame(action) => vec![action.game.address],
            Self::SettleGame(action) => vec![action.game.address],
            Self::ExpirePrizes(action) => vec![action.game.address],
            Self::OpenLane(action) => vec![action.lane()],
            Self::CloseGame(action) => vec![action.game.address],
            Self::ClaimJackpot(action) => vec![action.game.address],
            Self::Claim(action) => vec![action.game.address],
            Self::Refund(action) => vec![action.game.address, action.entry],
            Self::CloseEntry(action) => vec![action.game, action.entry],
        }
    }

    /// The operation of an action that goes into a batch; `None` for those that are
    /// done alone.
    pub fn push(&self) -> Option<Push> {
        match self {
            Self::ClaimJackpot(action) => Some(action.push()),
            Self::Claim(action) => Some(action.push()),
            Self::Refund(action) => Some(action.push()),
            Self::CloseEntry(action) => Some(action.push()),
            _ => None,
        }
    }

    /// Does it, alone; those that go into batches are [`push`](crate::execute)ed. Notes in
    /// `seen` how oracles answered.
    pub async fn execute(
        &self,
        context: &Context,
        seen: &mut Vec<OracleSeen>,
    ) -> Result<Landed, ActionError> {
        match self {
            Self::SettleDraw(action) => action.execute(context).await,
            Self::AbortDraw(action) => action.execute(context, seen).await,
            Self::RevealDraw(action) => action.execute(context, seen).await.0,
            Self::RequestDraw(action) => action.execute(context).await,
            Self::CancelGame(action) => action.execute(context).await,
            Self::SettleGame(action) => action.execute(context).await,
            Self::ExpirePrizes(action) => action.execute(context).await,
            Self::OpenLane(action) => action.execute(context).await,
            Self::CloseGame(action) => action.execute(context).await,
            Self::ClaimJackpot(_) | Self::Claim(_) | Self::Refund(_) | Self::CloseEntry(_) => {
                Err(ActionError::Stale("it goes into a batch"))
            }
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SettleDraw(action) => action.fmt(f),
            Self::AbortDraw(action) => action.fmt(f),
            Self::RevealDraw(action) => action.fmt(f),
            Self::RequestDraw(action) => action.fmt(f),
            Self::CancelGame(action) => action.fmt(f),
            Self::SettleGame(action) => action.fmt(f),
            Self::ExpirePrizes(action) => action.fmt(f),
            Self::OpenLane(action) => action.fmt(f),
            Self::CloseGame(action) => action.fmt(f),
            Self::ClaimJackpot(action) => action.fmt(f),
            Self::Claim(action) => action.fmt(f),
            Self::Refund(action) => action.fmt(f),
            Self::CloseEntry(action) => action.fmt(f),
        }
    }
}

/// `1, 2, 3` of the games' ids.
fn ids<'a>(games: impl IntoIterator<Item = &'a GameRef>) -> String {
    let ids: Vec<String> = games.into_iter().map(|game| game.id.to_string()).collect();
    ids.join(", ")
}
