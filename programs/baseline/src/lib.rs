//! The lottery's instructions written by hand on pinocchio, to measure the lottery
//! against. Never deployed. The compute bench (`lottery-tests`) loads it at the
//! lottery's address in a second VM, runs the same transactions on the same accounts,
//! and demands the same accounts, events and return data afterwards.
//!
//! Layouts, rules and arithmetic are the lottery's own source files, compiled in here;
//! a dependency on its crate would link its dispatcher too. What is written by hand is
//! what Anchor does there: reading accounts, checking them, calling other programs,
//! encoding events. Every check is made, each as cheaply as it can be.
//!
//! Of token houses only purchases are written; other instructions refuse them.

#![expect(
    unsafe_code,
    reason = "raw account views are what is measured here; see `view`"
)]
#![allow(
    clippy::missing_safety_doc,
    reason = "every handler has the entrypoint's contract"
)]

use anchor_lang::prelude::*;

#[path = "../../lottery/src/draw.rs"]
pub mod draw;
#[path = "../../lottery/src/error.rs"]
pub mod error;
#[path = "../../lottery/src/events.rs"]
pub mod events;
#[path = "../../lottery/src/math.rs"]
pub mod math;
#[path = "../../lottery/src/money/mod.rs"]
pub mod money;
#[path = "../../lottery/src/seeds.rs"]
pub mod seeds;
#[path = "../../lottery/src/state/mod.rs"]
pub mod state;
#[path = "../../lottery/src/switchboard.rs"]
pub mod switchboard;

pub use error::LotteryError;

#[macro_use]
mod view;
mod abort;
mod batch;
mod call;
mod fate;
mod games;
mod houses;
mod jackpots;
mod lanes;
mod lists;
mod payouts;
mod purchase;
mod randomness;
mod request;
mod reveal;
mod settle;
mod tell;
mod till;
mod token;

use view::{Input, Outcome};

declare_id!("LottoRounds11111111111111111111111111111111");

#[cfg(not(feature = "no-entrypoint"))]
pinocchio::default_allocator!();
#[cfg(not(feature = "no-entrypoint"))]
pinocchio::default_panic_handler!();

/// First 8 bytes of `sha256("global:" ‖ name)`, as Anchor tells instructions apart.
mod discriminators {
    pub const CREATE_HOUSE: u64 = 0x5940_2d80_088d_5c0b;
    pub const UPDATE_HOUSE: u64 = 0xc8e3_2730_faa6_990d;
    pub const SET_PAUSE: u64 = 0x2d4f_6738_029a_203f;
    pub const PROPOSE_AUTHORITY: u64 = 0x8e63_774c_c6ec_9414;
    pub const ACCEPT_AUTHORITY: u64 = 0xa06b_0c21_5bc6_566b;
    pub const WITHDRAW_TREASURY: u64 = 0x6053_d890_9e7a_3f28;
    pub const FUND_JACKPOT: u64 = 0x0670_70a3_cd32_9709;
    pub const OPEN_LANE: u64 = 0x5435_1241_255f_872e;
    pub const CLOSE_LANE: u64 = 0xfa58_6fc2_3275_9cf2;
    pub const CREATE_GAME: u64 = 0xce48_dcb8_424b_457c;
    pub const JOIN: u64 = 0xa311_dc71_6a02_37ce;
    pub const REQUEST_DRAW: u64 = 0x9f56_152f_5108_b416;
    pub const REVEAL_DRAW: u64 = 0x3072_69b8_e24b_950d;
    pub const SETTLE_DRAW: u64 = 0xc26b_7576_1e4b_9aaf;
    pub const ABORT_DRAW: u64 = 0xfc6c_423e_c19f_43fa;
    pub const CLAIM: u64 = 0xd26c_9fd5_c1d6_c63e;
    pub const CLAIM_JACKPOT: u64 = 0xc6ce_51f9_f886_d61c;
    pub const CANCEL_GAME: u64 = 0x3495_eb67_769a_c279;
    pub const REFUND: u64 = 0x2e2e_d03f_fbb7_6002;
    pub const EXPIRE_PRIZES: u64 = 0x2810_fdb5_8c34_68e6;
    pub const CLOSE_ENTRY: u64 = 0x4372_25be_91ca_1a84;
    pub const CLOSE_GAME: u64 = 0x43f8_14fd_c99d_eced;
    pub const PLAYER_BATCH: u64 = 0x2ba0_1f66_dee1_2dc6;
}

/// `input` is what the loader lays out, `data` the instruction's data (SIMD-0321), its
/// length in the 8 bytes before.
#[cfg_attr(
    all(target_os = "solana", not(feature = "no-entrypoint")),
    export_name = "entrypoint"
)]
pub unsafe extern "C" fn entrypoint(input: *mut u8, data: *const u8) -> u64 {
    match unsafe { process(input, data) } {
        Ok(()) => 0,
        Err(refusal) => refusal.code(),
    }
}

#[inline(always)]
unsafe fn process(input: *mut u8, data: *const u8) -> Outcome {
    use discriminators as is;

    let len = unsafe { data.sub(8).cast::<u64>().read() } as usize;
    let program: &Address = unsafe { &*data.add(len).cast() };
    if !view::same(program, &ID) {
        return Err(ErrorCode::DeclaredProgramIdMismatch.into());
    }
    if len < 8 {
        return Err(ErrorCode::InstructionFallbackNotFound.into());
    }
    let discriminator = unsafe { data.cast::<u64>().read_unaligned() };
    let input = Input {
        accounts: input,
        data: unsafe { data.add(8) },
        len: len.wrapping_sub(8),
    };
    let input = &input;
    if discriminator == anchor_lang::event::EVENT_IX_TAG {
        return unsafe { tell::receive(input) };
    }
    unsafe {
        match discriminator {
            is::JOIN => purchase::join(input),
            is::CREATE_HOUSE => houses::create(input),
            is::UPDATE_HOUSE => houses::update(input),
            is::SET_PAUSE => houses::set_pause(input),
            is::PROPOSE_AUTHORITY => houses::propose(input),
            is::ACCEPT_AUTHORITY => houses::accept(input),
            is::WITHDRAW_TREASURY => houses::withdraw(input),
            is::FUND_JACKPOT => jackpots::fund(input),
            is::OPEN_LANE => lanes::open(input),
            is::CLOSE_LANE => lanes::close(input),
            is::CREATE_GAME => games::create(input),
            is::REQUEST_DRAW => request::request(input),
            is::REVEAL_DRAW => reveal::reveal(input),
            is::SETTLE_DRAW => settle::settle(input),
            is::ABORT_DRAW => abort::abort(input),
            is::CLAIM => payouts::claim(input),
            is::CLAIM_JACKPOT => payouts::claim_jackpot(input),
            is::CANCEL_GAME => games::cancel(input),
            is::REFUND => payouts::refund(input),
            is::EXPIRE_PRIZES => jackpots::expire(input),
            is::CLOSE_ENTRY => payouts::close_entry(input),
            is::CLOSE_GAME => games::close(input),
            is::PLAYER_BATCH => batch::batch(input),
            _ => Err(ErrorCode::InstructionFallbackNotFound.into()),
        }
    }
}
