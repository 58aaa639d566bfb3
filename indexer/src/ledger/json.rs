//! The program's types as JSON: nothing is lost, and nothing is larger than what
//! JavaScript can hold. 64-bit amounts are strings, bytes hex, addresses base58.
//!
//! It is written as text at once. Every row of the ledger has some, and trees of values
//! would cost more than all the rest of its decoding.

use std::fmt::Write as _;

use lottery::{
    Order,
    events::{Payment, RoundSettled},
    instructions::Operation,
    state::{GameParams, HouseParams, HouseRules},
};
use solana_pubkey::Pubkey;

use crate::store::{
    base58,
    column::{Json, hex},
};

/// A type that has a lossless form in JSON, without a character that has to be escaped.
pub(super) trait ToJson {
    fn write(&self, out: &mut String);
}

macro_rules! numbers {
    ($($type:ty)*) => {$(impl ToJson for $type {
        fn write(&self, out: &mut String) {
            // Writing to a String cannot fail.
            let _ = write!(out, "{self}");
        }
    })*};
}

numbers! { bool u8 u16 u32 i64 }

macro_rules! texts {
    ($($type:ty)*) => {$(impl ToJson for $type {
        fn write(&self, out: &mut String) {
            let _ = write!(out, "\"{self}\"");
        }
    })*};
}

texts! { u64 }

impl ToJson for Pubkey {
    fn write(&self, out: &mut String) {
        out.push('"');
        base58::push(out, self);
        out.push('"');
    }
}

macro_rules! bytes {
    ($($length:literal)*) => {$(impl ToJson for [u8; $length] {
        fn write(&self, out: &mut String) {
            out.push('"');
            hex(out, self);
            out.push('"');
        }
    })*};
}

bytes! { 32 64 }

macro_rules! arrays {
    ($($type:ty)*) => {$(impl<const N: usize> ToJson for [$type; N] {
        fn write(&self, out: &mut String) { array(out, self); }
    })*};
}

arrays! { u16 u32 u64 }

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, out: &mut String) {
        array(out, self);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }
}

fn array<T: ToJson>(out: &mut String, items: &[T]) {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        item.write(out);
    }
    out.push(']');
}

/// An object, field by field.
pub(super) struct Object<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl<'a> Object<'a> {
    /// Begins one at the end of the text.
    pub fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self {
            out,
            is_empty: true,
        }
    }

    /// One of its own.
    pub fn alone(fill: impl FnOnce(&mut Object<'_>)) -> Json {
        let mut out = String::new();
        let mut object = Object::begin(&mut out);
        fill(&mut object);
        object.end();
        Json(out)
    }

    pub fn field(&mut self, name: &str, value: &impl ToJson) {
        self.key(name);
        value.write(self.out);
    }

    /// A text that needs no escapes.
    pub fn word(&mut self, name: &str, word: &str) {
        self.key(name);
        let _ = write!(self.out, "\"{word}\"");
    }

    fn key(&mut self, name: &str) {
        if !self.is_empty {
            self.out.push(',');
        }
        self.is_empty = false;
        let _ = write!(self.out, "\"{name}\":");
    }

    pub fn end(self) {
        self.out.push('}');
    }
}

macro_rules! structs {
    ($($type:ident { $($field:ident)* })*) => {$(impl ToJson for $type {
        fn write(&self, out: &mut String) {
            // Every field, or this does not compile.
            let $type { $($field),* } = self;
            let mut object = Object::begin(out);
            $(object.field(stringify!($field), $field);)*
            object.end();
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
        impl ToJson for Operation {
            fn write(&self, out: &mut String) {
                let mut object = Object::begin(out);
                let name = match self {
                    $(Self::$variant { $($field),* } => {
                        $(object.field(stringify!($field), $field);)*
                        $name
                    })*
                };
                object.word("operation", name);
                object.end();
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
