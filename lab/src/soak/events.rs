//! What the lottery's transactions did: their instructions by name, and the events that
//! tell of money and rounds.

use anchor_lang::{
    BorshConfig, Discriminator,
    event::EVENT_IX_TAG_LE,
    wincode::{SchemaRead, error::ReadError},
};
use lottery_client::lottery::{
    self, Order,
    events::{AUTHORITY, DrawSettled, GameCancelled, GameClosed, GameSettled, PlayersPaid},
    instruction as program,
};

use super::ledger::{Called, Landed};

/// The next field, as the program writes it: borsh.
fn next<'a, T>(rest: &mut &'a [u8]) -> Result<T, ReadError>
where
    T: SchemaRead<'a, BorshConfig, Dst = T>,
{
    T::get(rest)
}

macro_rules! events {
    ($($kind:ident { $($field:ident)* })*) => {
        /// An event.
        #[derive(Clone, Debug)]
        pub enum Event { $($kind($kind),)* }

        impl Event {
            fn read(data: &[u8]) -> Option<Self> {
                $(if let Some(mut rest) = data.strip_prefix($kind::DISCRIMINATOR) {
                    let rest = &mut rest;
                    return Some(Self::$kind($kind { $($field: next(rest).ok()?),* }));
                })*
                None
            }
        }
    };
}

events! {
    DrawSettled { version house draw rounds cranker bounty }
    GameSettled {
        version house game prize_pool treasury_share contributions awards award_tickets pots accrued
    }
    GameCancelled { version house game reason owed cranker bounty }
    PlayersPaid { version game payments paid_out refunded cranker bounty }
    GameClosed {
        version house game creator entries_hash tickets entries lamports tokens cranker bounty
    }
}

/// The events of a transaction, if it succeeded.
pub fn events(landed: &Landed) -> impl Iterator<Item = Event> + '_ {
    let calls = landed.calls.iter().filter(|_| landed.succeeded());
    calls.filter_map(|called| {
        let ours = called.program == lottery::ID && called.accounts.first() == Some(&AUTHORITY);
        Event::read(called.data.strip_prefix(EVENT_IX_TAG_LE).filter(|_| ours)?)
    })
}

macro_rules! instructions {
    ($($name:literal $kind:ident)*) => {
        /// The name of an instruction of the lottery.
        fn name_of(data: &[u8]) -> Option<&'static str> {
            $(if data.starts_with(program::$kind::DISCRIMINATOR) {
                return Some($name);
            })*
            None
        }
    };
}

instructions! {
    "create_house" CreateHouse
    "update_house" UpdateHouse
    "set_pause" SetPause
    "propose_authority" ProposeAuthority
    "accept_authority" AcceptAuthority
    "withdraw_treasury" WithdrawTreasury
    "fund_jackpot" FundJackpot
    "open_lane" OpenLane
    "close_lane" CloseLane
    "create_game" CreateGame
    "join" Join
    "request_draw" RequestDraw
    "reveal_draw" RevealDraw
    "settle_draw" SettleDraw
    "settle_game" SettleGame
    "abort_draw" AbortDraw
    "claim" Claim
    "claim_jackpot" ClaimJackpot
    "cancel_game" CancelGame
    "refund" Refund
    "expire_prizes" ExpirePrizes
    "close_entry" CloseEntry
    "close_game" CloseGame
    "player_batch" PlayerBatch
}

/// The lottery's instruction of a transaction: its last, as a settlement follows the value
/// that it settles with. `None` for a transaction without.
pub fn instruction(landed: &Landed) -> Option<&'static str> {
    let ours = own_calls(landed);
    ours.filter_map(|called| name_of(&called.data)).last()
}

fn own_calls(landed: &Landed) -> impl Iterator<Item = &Called> {
    let calls = landed.calls.iter();
    calls.filter(|called| called.program == lottery::ID && !called.is_inner)
}

/// The joins of a transaction, if it succeeded: the game and the order of each.
pub fn joins(landed: &Landed) -> Vec<(solana_pubkey::Pubkey, Order)> {
    let calls = own_calls(landed).filter(|_| landed.succeeded());
    let joins = calls.filter_map(|called| {
        let mut arguments = called.data.strip_prefix(program::Join::DISCRIMINATOR)?;
        let order: Order = next(&mut arguments).ok()?;
        Some((*called.accounts.get(2)?, order))
    });
    joins.collect()
}
