//! The program's types as JSON: nothing is lost, and nothing is larger than what
//! JavaScript can hold. 64-bit amounts are strings, bytes hex, addresses base58.

use lottery::{
    Order,
    events::{Payment, RoundSettled},
    instructions::Operation,
    state::{GameParams, HouseParams, HouseRules},
};
use serde_json::{Map, Value};
use solana_pubkey::Pubkey;

/// A type that has a lossless form in JSON.
pub(super) trait Json {
    fn json(&self) -> Value;
}

macro_rules! numbers {
    ($($type:ty)*) => {$(impl Json for $type {
        fn json(&self) -> Value { Value::from(*self) }
    })*};
}

numbers! { bool u8 u16 u32 i64 }

macro_rules! texts {
    ($($type:ty)*) => {$(impl Json for $type {
        fn json(&self) -> Value { Value::from(self.to_string()) }
    })*};
}

texts! { u64 Pubkey }

macro_rules! bytes {
    ($($length:literal)*) => {$(impl Json for [u8; $length] {
        fn json(&self) -> Value { Value::from(hex::encode(self)) }
    })*};
}

bytes! { 32 64 }

macro_rules! arrays {
    ($($type:ty)*) => {$(impl<const N: usize> Json for [$type; N] {
        fn json(&self) -> Value { self.iter().map(Json::json).collect() }
    })*};
}

arrays! { u16 u32 u64 }

impl<T: Json> Json for Vec<T> {
    fn json(&self) -> Value {
        self.iter().map(Json::json).collect()
    }
}

/// An object with these fields of a value.
macro_rules! object {
    ($value:expr, $($field:ident)*) => {{
        let value = $value;
        let mut object = serde_json::Map::new();
        $(object.insert(
            stringify!($field).to_owned(),
            $crate::ledger::json::Json::json(&value.$field),
        );)*
        // Of a type without fields nothing is read.
        let _ = value;
        serde_json::Value::Object(object)
    }};
}

pub(super) use object;

macro_rules! structs {
    ($($type:ident { $($field:ident)* })*) => {$(impl Json for $type {
        fn json(&self) -> Value {
            // Every field, or this does not compile.
            let $type { $($field: _),* } = self;
            object!(self, $($field)*)
        }
    })*};
}

structs! {
    HouseParams { vrf_queue draw_timeout rules }
    HouseRules {
        treasury_wallet jackpot_mean bounty claim_window prize_bps jackpot_bps treasury_bps
        reserve_bps open_creation
    }
    GameParams {
        id entry_fee opens_at closes_at min_tickets max_tickets max_tickets_per_entry
        round_interval rounds winners keep_bps place_bps
    }
    Order { tickets nonce bump max_total }
    RoundSettled { game round survivors seed }
    Payment { kind index ticket entry player amount }
}

macro_rules! variants {
    ($($variant:ident $name:literal { $($field:ident)* })*) => {
        impl Json for Operation {
            fn json(&self) -> Value {
                let mut object = Map::new();
                let name = match self {
                    $(Self::$variant { $($field),* } => {
                        $(object.insert(stringify!($field).to_owned(), $field.json());)*
                        $name
                    })*
                };
                object.insert("operation".to_owned(), Value::from(name));
                Value::Object(object)
            }
        }
    };
}

variants! {
    Join "join" { house game entry vault tokens order }
    Claim "claim" { game entry player vault tokens ticket }
    ClaimJackpot "claim_jackpot" { game entry player vault tokens jackpot }
    Refund "refund" { game entry player vault tokens }
    CloseEntry "close_entry" { game entry player }
}
