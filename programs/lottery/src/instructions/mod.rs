//! One file per instruction: its accounts, its checks, its handler. `settlement` and
//! `till` are what several of them share; `batch` carries out `player_batch`.

mod batch;
mod draw_abort;
mod draw_request;
mod draw_reveal;
mod draw_settle;
mod entry_close;
mod entry_refund;
mod game_cancel;
mod game_close;
mod game_create;
mod game_join;
mod game_settle;
mod house_create;
mod house_update;
mod jackpot_claim;
mod jackpot_fund;
mod lane_close;
mod lane_open;
mod nested;
mod player_batch;
mod prize_claim;
mod prizes_expire;
mod settlement;
mod till;
mod treasury_withdraw;

pub use draw_abort::*;
pub use draw_request::*;
pub use draw_reveal::*;
pub use draw_settle::*;
pub use entry_close::*;
pub use entry_refund::*;
pub use game_cancel::*;
pub use game_close::*;
pub use game_create::*;
pub use game_join::*;
pub use game_settle::*;
pub use house_create::*;
pub use house_update::*;
pub use jackpot_claim::*;
pub use jackpot_fund::*;
pub use lane_close::*;
pub use lane_open::*;
pub use player_batch::*;
pub use prize_claim::*;
pub use prizes_expire::*;
pub use settlement::*;
pub use till::*;
pub use treasury_withdraw::*;

use anchor_lang::prelude::*;

/// An optional account, as the code that moves money takes it.
fn view(account: &Option<UncheckedAccount>) -> Option<&AccountView> {
    account.as_ref().map(AnchorAccount::account)
}
