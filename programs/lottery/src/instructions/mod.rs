//! One file per instruction: its accounts, its checks, its handler.

mod draw_request;
mod draw_reveal;
mod draw_settle;
mod entry_refund;
mod game_cancel;
mod game_create;
mod game_join;
mod house_create;
mod house_set_pause;
mod jackpot_claim;
mod lane_open;
mod prize_claim;

pub use draw_request::*;
pub use draw_reveal::*;
pub use draw_settle::*;
pub use entry_refund::*;
pub use game_cancel::*;
pub use game_create::*;
pub use game_join::*;
pub use house_create::*;
pub use house_set_pause::*;
pub use jackpot_claim::*;
pub use lane_open::*;
pub use prize_claim::*;
