//! What the keeper can do: a file per action. Each says which things it needs
//! for itself while it runs, which accounts it changes, and how it is done.

mod cancel_game;
mod claim;
mod claim_jackpot;
mod open_lane;
mod refund;
mod request_draw;
mod reveal_draw;
mod settle_draw;

use std::{fmt, sync::Arc};

use lottery_client::{
    gateway::Gateway,
    sender::{Landed, Sender},
};
use serde::Serialize;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use tokio_util::sync::CancellationToken;

pub use cancel_game::CancelGame;
pub use claim::Claim;
pub use claim_jackpot::ClaimJackpot;
pub use open_lane::OpenLane;
pub use refund::Refund;
pub use request_draw::RequestDraw;
pub use reveal_draw::RevealDraw;
pub use settle_draw::SettleDraw;

use crate::{error::ActionError, load::Loader, text};

/// A thing that at most one running action may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Lane(Pubkey),
    Draw(Pubkey),
    Game(Pubkey),
    /// A prize place of a game.
    Place(Pubkey, u8),
    /// A jackpot tier that a game hit.
    Award(Pubkey, u8),
    Entry(Pubkey),
}

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
    RevealDraw(RevealDraw),
    RequestDraw(RequestDraw),
    CancelGame(CancelGame),
    OpenLane(OpenLane),
    ClaimJackpot(ClaimJackpot),
    Claim(Claim),
    Refund(Refund),
}

/// One instruction of a push, with what it may cost.
pub struct Push {
    pub instruction: Instruction,
    /// Compute units, rounded up.
    pub compute_units: u32,
}

impl Action {
    /// What it needs for itself while it runs.
    pub fn keys(&self) -> Vec<Key> {
        match self {
            Self::SettleDraw(action) => action.keys(),
            Self::RevealDraw(action) => action.keys(),
            Self::RequestDraw(action) => action.keys(),
            Self::CancelGame(action) => vec![Key::Game(action.game.address)],
            Self::OpenLane(action) => vec![Key::Lane(action.lane())],
            Self::ClaimJackpot(action) => vec![action.key()],
            Self::Claim(action) => vec![action.key()],
            Self::Refund(action) => vec![action.key()],
        }
    }

    /// The key that its failures are remembered under.
    pub fn main_key(&self) -> Key {
        match self {
            Self::SettleDraw(action) => Key::Draw(action.draw),
            Self::RevealDraw(action) => Key::Draw(action.draw),
            Self::RequestDraw(action) => Key::Lane(action.lane()),
            Self::CancelGame(action) => Key::Game(action.game.address),
            Self::OpenLane(action) => Key::Lane(action.lane()),
            Self::ClaimJackpot(action) => action.key(),
            Self::Claim(action) => action.key(),
            Self::Refund(action) => action.key(),
        }
    }

    /// Id of the draw that it is about.
    pub fn draw_id(&self) -> Option<u64> {
        match self {
            Self::SettleDraw(action) => Some(action.draw_id),
            Self::RevealDraw(action) => Some(action.draw_id),
            Self::RequestDraw(action) => Some(action.draw_id),
            _ => None,
        }
    }

    /// Ids of the games that it is about, for logs.
    pub fn game_ids(&self) -> String {
        match self {
            Self::SettleDraw(action) => ids(action.games()),
            Self::RequestDraw(action) => ids(&action.games),
            Self::CancelGame(action) => action.game.id.to_string(),
            Self::ClaimJackpot(action) => action.game.id.to_string(),
            Self::Claim(action) => action.game.id.to_string(),
            Self::Refund(action) => action.game.id.to_string(),
            Self::RevealDraw(_) | Self::OpenLane(_) => String::new(),
        }
    }

    /// Accounts of the program that it changes and that plans depend on.
    pub fn touched(&self) -> Vec<Pubkey> {
        match self {
            Self::SettleDraw(action) => action.touched(),
            Self::RevealDraw(action) => vec![action.lane(), action.draw],
            Self::RequestDraw(action) => action.touched(),
            Self::CancelGame(action) => vec![action.game.address],
            Self::OpenLane(action) => vec![action.lane()],
            Self::ClaimJackpot(action) => vec![action.game.address],
            Self::Claim(action) => vec![action.game.address],
            Self::Refund(action) => vec![action.game.address, action.entry],
        }
    }

    /// The instruction of an action that is packed with others of its sort;
    /// `None` for those that go alone.
    pub fn push(&self) -> Option<Push> {
        match self {
            Self::ClaimJackpot(action) => Some(action.push()),
            Self::Claim(action) => Some(action.push()),
            Self::Refund(action) => Some(action.push()),
            _ => None,
        }
    }

    /// Does it, alone.
    pub async fn execute(&self, context: &Context) -> Result<Landed, ActionError> {
        match self {
            Self::SettleDraw(action) => action.execute(context).await,
            Self::RevealDraw(action) => action.execute(context).await,
            Self::RequestDraw(action) => action.execute(context).await,
            Self::CancelGame(action) => action.execute(context).await,
            Self::OpenLane(action) => action.execute(context).await,
            Self::ClaimJackpot(action) => context.send(&[action.push().instruction]).await,
            Self::Claim(action) => context.send(&[action.push().instruction]).await,
            Self::Refund(action) => context.send(&[action.push().instruction]).await,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SettleDraw(action) => action.fmt(f),
            Self::RevealDraw(action) => action.fmt(f),
            Self::RequestDraw(action) => action.fmt(f),
            Self::CancelGame(action) => action.fmt(f),
            Self::OpenLane(action) => action.fmt(f),
            Self::ClaimJackpot(action) => action.fmt(f),
            Self::Claim(action) => action.fmt(f),
            Self::Refund(action) => action.fmt(f),
        }
    }
}

/// What actions are carried out with.
#[derive(Clone)]
pub struct Context {
    pub loader: Loader,
    pub sender: Sender,
    pub gateway: Gateway,
    /// Pays fees and the rent of draws and lanes.
    pub payer: Arc<Keypair>,
    /// Cancelled when nothing new may be sent.
    pub stopping: CancellationToken,
}

impl Context {
    /// Sends one transaction and waits for its confirmation, unless the keeper
    /// is stopping.
    pub async fn send(&self, instructions: &[Instruction]) -> Result<Landed, ActionError> {
        if self.stopping.is_cancelled() {
            return Err(ActionError::Stopping);
        }
        Ok(self.sender.send(instructions, &self.payer, &[]).await?)
    }

    /// Address of the fee payer.
    pub fn payer_address(&self) -> Pubkey {
        self.payer.pubkey()
    }
}

/// `1, 2, 3` of the games' ids.
fn ids<'a>(games: impl IntoIterator<Item = &'a GameRef>) -> String {
    let ids: Vec<String> = games.into_iter().map(|game| game.id.to_string()).collect();
    ids.join(", ")
}
