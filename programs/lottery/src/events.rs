//! What the program tells about every movement of money but joins, which their
//! entries record. Events are instructions of the program to itself, so they are
//! part of the ledger and no log limit cuts them off. Each has a `version` and, where
//! totals change, the totals after it.

use anchor_lang::{
    event::EVENT_IX_TAG_LE, pinocchio::instruction::InstructionAccount, prelude::*,
    unchecked_invoke_signed_fixed, CpiHandle,
};

use crate::{error::LotteryError, state::TIERS};

/// Layout version of all events.
pub const EVENT_VERSION: u8 = 1;

/// Seed of the address that signs events.
pub const AUTHORITY_SEED: &[u8] = b"__event_authority";
/// That address, and its bump; derived once for all, which a test checks.
pub const AUTHORITY: Address =
    Address::from_str_const("H2WFANDVx8Q58dGbu5rrubAoyiHvEry9TuY3WkHzc5av");
pub const AUTHORITY_BUMP: u8 = 255;

/// What every instruction that emits events needs.
#[derive(Accounts)]
pub struct EventAccounts {
    /// Signs events; only this program can.
    #[account(address = AUTHORITY)]
    pub event_authority: UncheckedAccount,
    /// This program.
    #[account(address = crate::ID)]
    pub program: UncheckedAccount,
}

impl EventAccounts {
    /// Emits an event. Carries no account that holds money, so it may come between
    /// moves of lamports.
    #[inline(always)]
    pub fn emit<T>(&self, event: &T) -> Result<()>
    where
        T: Discriminator + SchemaWrite<anchor_lang::BorshConfig, Src = T>,
    {
        self.emit_with(event, 0)
    }

    /// Emits an event whose lists take `lists` bytes, which are asked for at once:
    /// nothing is given back here, and growing would copy.
    #[inline(always)]
    pub fn emit_with<T>(&self, event: &T, lists: usize) -> Result<()>
    where
        T: Discriminator + SchemaWrite<anchor_lang::BorshConfig, Src = T>,
    {
        // Tag and discriminator; fields take no more room written than in memory.
        let fixed = const { 16 + core::mem::size_of::<T>() };
        let mut data = Vec::with_capacity(fixed.wrapping_add(lists));
        data.extend_from_slice(EVENT_IX_TAG_LE);
        data.extend_from_slice(T::DISCRIMINATOR);
        wincode::config::serialize_into(&mut data, event, anchor_lang::BORSH_CONFIG)
            .map_err(|_| LotteryError::Overflow)?;
        self.send(&data);
        Ok(())
    }

    fn send(&self, data: &[u8]) {
        let authority = self.event_authority.account();
        let metas = [InstructionAccount::readonly_signer(authority.address())];
        let handles = [CpiHandle::readonly(authority)];
        unchecked_invoke_signed_fixed(
            &crate::ID,
            data,
            &metas,
            &handles,
            &[&[AUTHORITY_SEED, &[AUTHORITY_BUMP]]],
        );
    }
}

/// A house was created or its rules, pauses or authority changed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseChanged {
    pub version: u8,
    pub house: Address,
    pub authority: Address,
    pub pending_authority: Address,
    pub treasury_wallet: Address,
    pub vrf_queue: Address,
    /// All zero for native SOL.
    pub mint: Address,
    pub jackpot_mean: [u64; TIERS],
    pub bounty: u64,
    /// Slots.
    pub draw_timeout: u64,
    pub claim_window: u32,
    pub prize_bps: u16,
    pub treasury_bps: u16,
    pub jackpot_bps: [u16; TIERS],
    pub reserve_bps: [u16; TIERS],
    /// Bit set of `House::FLAG_*`.
    pub flags: u8,
}

/// Treasury money went to its wallet.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreasuryWithdrawn {
    pub version: u8,
    pub house: Address,
    pub wallet: Address,
    /// Paid (base units).
    pub amount: u64,
    /// Owed to the wallet after it (base units).
    pub accrued: u64,
    /// Ever paid, this included (base units).
    pub total_withdrawn: u64,
}

/// Somebody gave money to a jackpot.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JackpotFunded {
    pub version: u8,
    pub house: Address,
    pub tier: u8,
    pub from: Address,
    /// Given (base units).
    pub amount: u64,
    /// In the pot after it (base units).
    pub pot: u64,
    /// Ever paid in, this included (base units).
    pub total_contributions: u64,
}

/// A game was created, and its bounties escrowed. With the arguments of its creation
/// these are all its rules.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameCreated {
    pub version: u8,
    pub house: Address,
    pub game: Address,
    pub creator: Address,
    /// Token account of a token house's game; else all zero.
    pub vault: Address,
    pub id: u64,
    /// Escrowed for cranks (lamports).
    pub bounty_escrow: u64,
    /// This and all below: taken from the house.
    pub jackpot_mean: [u64; TIERS],
    pub bounty: u64,
    pub claim_window: u32,
    pub prize_bps: u16,
    pub treasury_bps: u16,
    pub jackpot_bps: [u16; TIERS],
    pub reserve_bps: [u16; TIERS],
}

/// Games were frozen and bound to a draw.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawRequested {
    pub version: u8,
    pub house: Address,
    pub draw: Address,
    pub oracle: Address,
    /// In the order they settle.
    pub games: Vec<Address>,
    /// Who was paid the bounties.
    pub cranker: Address,
    /// Paid for the request (lamports).
    pub bounty: u64,
    /// Escrowed in the draw for its reveal (lamports).
    pub reveal_bounty: u64,
}

/// A draw got its value.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawRevealed {
    pub version: u8,
    pub draw: Address,
    pub value: [u8; 32],
    pub cranker: Address,
    /// Paid for the reveal (lamports).
    pub bounty: u64,
}

/// A round of some games was settled.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawSettled {
    pub version: u8,
    pub house: Address,
    pub draw: Address,
    pub rounds: Vec<RoundSettled>,
    pub cranker: Address,
    /// Paid for the settlements (lamports).
    pub bounty: u64,
}

/// A settled round of one game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite, IdlType)]
pub struct RoundSettled {
    pub game: Address,
    /// The round, from 0.
    pub round: u8,
    /// Tickets left.
    pub survivors: u32,
    pub seed: [u8; 32],
}

/// A game's last round was settled and its money divided.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameSettled {
    pub version: u8,
    pub house: Address,
    pub game: Address,
    /// For the winners (base units).
    pub prize_pool: u64,
    /// To the treasury (base units).
    pub treasury_share: u64,
    /// Into each jackpot (base units).
    pub contributions: [u64; TIERS],
    /// Won from each jackpot (base units).
    pub awards: [u64; TIERS],
    pub award_tickets: [u32; TIERS],
    /// In each pot after it (base units).
    pub pots: [u64; TIERS],
    /// Owed to the treasury wallet after it (base units).
    pub accrued: u64,
}

/// A draw's oracle did not answer in time; games were released to be drawn again.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawAborted {
    pub version: u8,
    pub house: Address,
    pub draw: Address,
    pub oracle: Address,
    pub released: Vec<Address>,
    pub cranker: Address,
    /// Paid for the releases (lamports).
    pub bounty: u64,
}

/// A game was cancelled; every entry gets its money back.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameCancelled {
    pub version: u8,
    pub house: Address,
    pub game: Address,
    /// `GameCancelled::TOO_FEW_TICKETS`, …
    pub reason: u8,
    /// To be returned to players (base units).
    pub owed: u64,
    pub cranker: Address,
    /// Paid for the cancellation (lamports).
    pub bounty: u64,
}

impl GameCancelled {
    /// It closed with fewer tickets than its minimum.
    pub const TOO_FEW_TICKETS: u8 = 0;
    /// No oracle answered, `MAX_DRAW_ATTEMPTS` times.
    pub const NO_ORACLE: u8 = 1;
    /// Nobody could request its draw for `DRAW_GRACE` seconds.
    pub const OVERDUE: u8 = 2;
}

/// Players of a game were paid.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayersPaid {
    pub version: u8,
    pub game: Address,
    pub payments: Vec<Payment>,
    /// Prizes and awards paid, these included (base units).
    pub paid_out: u64,
    /// Fees returned, these included (base units).
    pub refunded: u64,
    pub cranker: Address,
    /// Paid for these payments (lamports).
    pub bounty: u64,
}

/// One payment to a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite, IdlType)]
pub struct Payment {
    /// `Payment::PRIZE`, …
    pub kind: u8,
    /// Place of a prize, tier of an award; else 0.
    pub index: u8,
    /// Winning ticket of a prize or an award; else 0.
    pub ticket: u32,
    pub entry: Address,
    pub player: Address,
    /// Base units; lamports of a returned rent.
    pub amount: u64,
}

impl Payment {
    /// The prize of a place.
    pub const PRIZE: u8 = 0;
    /// A jackpot's award.
    pub const AWARD: u8 = 1;
    /// A cancelled game's fee.
    pub const REFUND: u8 = 2;
    /// An entry's rent and unspent bounties.
    pub const RENT: u8 = 3;
}

/// Prizes and awards that nobody claimed in time went to the mega jackpot.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrizesExpired {
    pub version: u8,
    pub house: Address,
    pub game: Address,
    /// Moved (base units).
    pub amount: u64,
    /// In the mega pot after it (base units).
    pub pot: u64,
    pub cranker: Address,
    /// Paid for it (lamports).
    pub bounty: u64,
}

/// A game's account was closed. What proves its entries outlives it here.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GameClosed {
    pub version: u8,
    pub house: Address,
    pub game: Address,
    pub creator: Address,
    /// Over all its entries, see `draw::entries_hash`.
    pub entries_hash: [u8; 32],
    /// Tickets sold.
    pub tickets: u32,
    /// Entries made.
    pub entries: u32,
    /// Rent, unspent bounties and donations, returned to the creator (lamports).
    pub lamports: u64,
    /// Donated tokens, given to the creator (base units).
    pub tokens: u64,
    pub cranker: Address,
    /// Paid for it (lamports).
    pub bounty: u64,
}
