//! What instructions told: events, read from a transaction's inner instructions by
//! the documented wire format (borsh's), not by the program's own code.

use anchor_lang::{Discriminator, event::EVENT_IX_TAG_LE};
use litesvm::types::TransactionMetadata;
use lottery::events::{self, EVENT_VERSION, Payment, RoundSettled};
use solana_pubkey::Pubkey;

/// A field, as it is written.
trait Wire: Sized {
    /// Takes it off the front.
    fn read(bytes: &mut &[u8]) -> Self;
}

macro_rules! integers {
    ($($integer:ty)*) => {
        $(impl Wire for $integer {
            fn read(bytes: &mut &[u8]) -> Self {
                let (first, rest) = bytes.split_first_chunk().expect("the event is cut off");
                *bytes = rest;
                Self::from_le_bytes(*first)
            }
        })*
    };
}

integers! { u8 u16 u32 u64 }

impl<T: Wire, const N: usize> Wire for [T; N] {
    fn read(bytes: &mut &[u8]) -> Self {
        std::array::from_fn(|_| T::read(bytes))
    }
}

impl Wire for Pubkey {
    fn read(bytes: &mut &[u8]) -> Self {
        Self::from(<[u8; 32]>::read(bytes))
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn read(bytes: &mut &[u8]) -> Self {
        let count = u32::read(bytes);
        (0..count).map(|_| T::read(bytes)).collect()
    }
}

macro_rules! parts {
    ($($part:ident { $($field:ident)* })*) => {
        $(impl Wire for $part {
            fn read(bytes: &mut &[u8]) -> Self {
                // In the order they are written here, which is the program's.
                Self { $($field: Wire::read(bytes)),* }
            }
        })*
    };
}

parts! {
    RoundSettled { game round survivors seed }
    Payment { kind index ticket entry player amount }
}

macro_rules! events {
    ($($kind:ident { $($field:ident)* })*) => {
        /// An event.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event { $($kind(events::$kind),)* }

        fn read(data: &[u8]) -> Event {
            $(if let Some(mut rest) = data.strip_prefix(events::$kind::DISCRIMINATOR) {
                let event = events::$kind { $($field: Wire::read(&mut rest)),* };
                assert!(rest.is_empty(), "{} bytes after {event:?}", rest.len());
                assert_eq!(event.version, EVENT_VERSION);
                return Event::$kind(event);
            })*
            panic!("an event of an unknown kind: {data:02x?}");
        }
    };
}

events! {
    HouseChanged {
        version house authority pending_authority treasury_wallet vrf_queue mint jackpot_mean bounty
        draw_timeout claim_window prize_bps treasury_bps jackpot_bps reserve_bps flags
    }
    TreasuryWithdrawn { version house wallet amount accrued total_withdrawn }
    JackpotFunded { version house tier from amount pot total_contributions }
    GameCreated {
        version house game creator vault id bounty_escrow jackpot_mean bounty claim_window prize_bps
        treasury_bps jackpot_bps reserve_bps
    }
    DrawRequested { version house draw oracle games cranker bounty reveal_bounty }
    DrawRevealed { version draw value cranker bounty }
    DrawSettled { version house draw rounds cranker bounty }
    GameSettled {
        version house game prize_pool treasury_share contributions awards award_tickets pots accrued
    }
    DrawAborted { version house draw oracle released cranker bounty }
    GameCancelled { version house game reason owed cranker bounty }
    PlayersPaid { version game payments paid_out refunded cranker bounty }
    PrizesExpired { version house game amount pot cranker bounty }
    GameClosed {
        version house game creator entries_hash tickets entries lamports tokens cranker bounty
    }
}

/// The events of a transaction, in order.
pub fn events(meta: &TransactionMetadata) -> Vec<Event> {
    meta.inner_instructions
        .iter()
        .flatten()
        .filter_map(|inner| inner.instruction.data.strip_prefix(EVENT_IX_TAG_LE))
        .map(read)
        .collect()
}

/// The one event of a transaction.
#[track_caller]
pub fn event(meta: &TransactionMetadata) -> Event {
    let mut all = events(meta);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}
