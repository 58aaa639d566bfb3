//! The program's events, as far as verification reads them.

use anchor_lang::{
    BorshConfig, Discriminator,
    event::EVENT_IX_TAG_LE,
    wincode::{SchemaRead, error::ReadError},
};
use lottery::events::{
    AUTHORITY, DrawSettled, EVENT_VERSION, GameCancelled, GameClosed, GameCreated, GameSettled,
    PlayersPaid, PrizesExpired,
};

use super::transactions::Called;

/// The next field, as the program writes it: borsh.
pub fn next<'a, T>(rest: &mut &'a [u8]) -> Result<T, ReadError>
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
                    let event = $kind { $($field: next(rest).ok()?),* };
                    return (event.version == EVENT_VERSION).then_some(Self::$kind(event));
                })*
                None
            }
        }
    };
}

events! {
    GameCreated {
        version house game creator vault id bounty_escrow jackpot_mean bounty claim_window prize_bps
        treasury_bps jackpot_bps reserve_bps
    }
    DrawSettled { version house draw rounds cranker bounty }
    GameSettled {
        version house game prize_pool treasury_share contributions awards award_tickets pots accrued
    }
    GameCancelled { version house game reason owed cranker bounty }
    PlayersPaid { version game payments paid_out refunded cranker bounty }
    PrizesExpired { version house game amount pot cranker bounty }
    GameClosed {
        version house game creator entries_hash tickets entries lamports tokens cranker bounty
    }
}

impl Event {
    /// The event that a call is, if it is one of these. The program accepts it from its
    /// own event authority only, hence from itself.
    pub fn of(called: &Called) -> Option<Self> {
        let ours = called.program == lottery::ID && called.accounts.first() == Some(&AUTHORITY);
        Self::read(called.data.strip_prefix(EVENT_IX_TAG_LE).filter(|_| ours)?)
    }
}
