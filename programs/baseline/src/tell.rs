//! Events: instructions of the program to itself, encoded in place.

use anchor_lang::{prelude::*, Discriminator};
use pinocchio::{
    cpi::{Seed, Signer},
    instruction::InstructionAccount,
};

use crate::{
    call::invoke,
    events::{self, EVENT_VERSION},
    state::{Draw, Game, House, Jackpot, Treasury, TIERS},
    view::{bytes_of, same, word, Input, Outcome},
};

/// The program's own call: only the event authority may make it.
#[inline(always)]
pub unsafe fn receive(input: &Input) -> Outcome {
    let given = unsafe { input.accounts.cast::<u64>().read() };
    demand!(given >= 1, ErrorCode::AccountNotEnoughKeys);
    let authority = unsafe { AccountView::new_unchecked(input.accounts.add(8).cast()) };
    demand!(authority.is_signer(), ErrorCode::ConstraintSigner);
    demand!(
        same(authority.address(), &events::AUTHORITY),
        ErrorCode::ConstraintSeeds
    );
    Ok(())
}

/// What every event begins with.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Head {
    tag: u64,
    discriminator: u64,
    version: u8,
}

impl Head {
    pub const fn of<T: Discriminator>() -> Self {
        Self {
            tag: anchor_lang::event::EVENT_IX_TAG,
            discriminator: word(T::DISCRIMINATOR),
            version: EVENT_VERSION,
        }
    }
}

#[inline(never)]
pub fn send(authority: &AccountView, data: &[u8]) {
    let metas = [InstructionAccount::readonly_signer(authority.address())];
    let bump = [events::AUTHORITY_BUMP];
    let seeds = [Seed::from(events::AUTHORITY_SEED), Seed::from(&bump)];
    invoke(
        &crate::ID,
        data,
        &metas,
        [authority],
        &[Signer::from(&seeds)],
    );
}

/// Sends an event of fixed size.
#[inline(always)]
pub fn emit<T>(authority: &AccountView, event: &T) {
    send(authority, bytes_of(event));
}

/// A place in the heap, from which nothing else is allocated.
#[inline(always)]
pub fn heap(offset: usize) -> *mut u8 {
    const HEAP: usize = 0x3_0000_0000;
    core::ptr::with_exposed_provenance_mut(HEAP.wrapping_add(offset))
}

/// Writes an event of varying size at the start of the heap.
pub struct Writer {
    start: *mut u8,
    at: *mut u8,
}

impl Writer {
    #[inline(always)]
    pub fn new() -> Self {
        let start = heap(0);
        Self { start, at: start }
    }

    /// At most 128 parts of at most 78 bytes each are written, beside the fixed ones.
    #[inline(always)]
    pub fn push<T>(&mut self, part: T) {
        unsafe {
            self.at.cast::<T>().write_unaligned(part);
            self.at = self.at.add(size_of::<T>());
        }
    }

    /// Puts in what was not known before.
    #[inline(always)]
    pub fn set<T>(&mut self, offset: usize, part: T) {
        unsafe { self.start.add(offset).cast::<T>().write_unaligned(part) };
    }

    #[inline(always)]
    pub fn send(&self, authority: &AccountView) {
        let len = (self.at as usize).wrapping_sub(self.start as usize);
        send(authority, unsafe {
            core::slice::from_raw_parts(self.start, len)
        });
    }
}

#[repr(C, packed)]
pub struct HouseChanged {
    head: Head,
    house: Address,
    authority: Address,
    pending_authority: Address,
    treasury_wallet: Address,
    vrf_queue: Address,
    mint: Address,
    jackpot_mean: [u64; TIERS],
    bounty: u64,
    draw_timeout: u64,
    claim_window: u32,
    prize_bps: u16,
    treasury_bps: u16,
    jackpot_bps: [u16; TIERS],
    reserve_bps: [u16; TIERS],
    flags: u8,
}

#[inline(always)]
pub fn house_changed(authority: &AccountView, address: &Address, house: &House) {
    let event = HouseChanged {
        head: Head::of::<events::HouseChanged>(),
        house: *address,
        authority: house.authority,
        pending_authority: house.pending_authority,
        treasury_wallet: house.treasury_wallet,
        vrf_queue: house.vrf_queue,
        mint: house.mint,
        jackpot_mean: house.jackpot_mean,
        bounty: house.bounty,
        draw_timeout: house.draw_timeout,
        claim_window: house.claim_window,
        prize_bps: house.prize_bps,
        treasury_bps: house.treasury_bps,
        jackpot_bps: house.jackpot_bps,
        reserve_bps: house.reserve_bps,
        flags: house.flags,
    };
    emit(authority, &event);
}

#[repr(C, packed)]
pub struct TreasuryWithdrawn {
    head: Head,
    house: Address,
    wallet: Address,
    amount: u64,
    accrued: u64,
    total_withdrawn: u64,
}

#[inline(always)]
pub fn treasury_withdrawn(
    authority: &AccountView,
    wallet: &Address,
    treasury: &Treasury,
    amount: u64,
) {
    let event = TreasuryWithdrawn {
        head: Head::of::<events::TreasuryWithdrawn>(),
        house: treasury.house,
        wallet: *wallet,
        amount,
        accrued: treasury.accrued,
        total_withdrawn: treasury.total_withdrawn,
    };
    emit(authority, &event);
}

#[repr(C, packed)]
pub struct JackpotFunded {
    head: Head,
    house: Address,
    tier: u8,
    from: Address,
    amount: u64,
    pot: u64,
    total_contributions: u64,
}

#[inline(always)]
pub fn jackpot_funded(authority: &AccountView, from: &Address, jackpot: &Jackpot, amount: u64) {
    let event = JackpotFunded {
        head: Head::of::<events::JackpotFunded>(),
        house: jackpot.house,
        tier: jackpot.tier,
        from: *from,
        amount,
        pot: jackpot.amount,
        total_contributions: jackpot.total_contributions,
    };
    emit(authority, &event);
}

#[repr(C, packed)]
pub struct GameCreated {
    head: Head,
    house: Address,
    game: Address,
    creator: Address,
    vault: Address,
    id: u64,
    bounty_escrow: u64,
    jackpot_mean: [u64; TIERS],
    bounty: u64,
    claim_window: u32,
    prize_bps: u16,
    treasury_bps: u16,
    jackpot_bps: [u16; TIERS],
    reserve_bps: [u16; TIERS],
}

#[inline(always)]
pub fn game_created(authority: &AccountView, address: &Address, game: &Game) {
    let event = GameCreated {
        head: Head::of::<events::GameCreated>(),
        house: game.house,
        game: *address,
        creator: game.creator,
        vault: game.vault,
        id: game.id,
        bounty_escrow: game.bounty_escrow,
        jackpot_mean: game.jackpot_mean,
        bounty: game.bounty,
        claim_window: game.claim_window,
        prize_bps: game.prize_bps,
        treasury_bps: game.treasury_bps,
        jackpot_bps: game.jackpot_bps,
        reserve_bps: game.reserve_bps,
    };
    emit(authority, &event);
}

#[repr(C, packed)]
pub struct DrawRevealed {
    head: Head,
    draw: Address,
    value: [u8; 32],
    cranker: Address,
    bounty: u64,
}

#[inline(always)]
pub fn draw_revealed(
    authority: &AccountView,
    address: &Address,
    draw: &Draw,
    cranker: &Address,
    bounty: u64,
) {
    let event = DrawRevealed {
        head: Head::of::<events::DrawRevealed>(),
        draw: *address,
        value: draw.value,
        cranker: *cranker,
        bounty,
    };
    emit(authority, &event);
}

#[repr(C, packed)]
pub struct GameSettled {
    head: Head,
    house: Address,
    game: Address,
    prize_pool: u64,
    treasury_share: u64,
    contributions: [u64; TIERS],
    awards: [u64; TIERS],
    award_tickets: [u32; TIERS],
    pots: [u64; TIERS],
    accrued: u64,
}

#[inline(always)]
pub fn game_settled(
    authority: &AccountView,
    address: &Address,
    game: &Game,
    pots: [u64; TIERS],
    accrued: u64,
) {
    let event = GameSettled {
        head: Head::of::<events::GameSettled>(),
        house: game.house,
        game: *address,
        prize_pool: game.prize_pool,
        treasury_share: game.treasury_share,
        contributions: game.jackpot_contributions,
        awards: game.jackpot_awards,
        award_tickets: game.jackpot_tickets,
        pots,
        accrued,
    };
    emit(authority, &event);
}

#[repr(C, packed)]
pub struct GameCancelled {
    head: Head,
    house: Address,
    game: Address,
    reason: u8,
    owed: u64,
    cranker: Address,
    bounty: u64,
}

#[inline(always)]
pub fn game_cancelled(
    authority: &AccountView,
    view: AccountView,
    game: &Game,
    (reason, owed): (u8, u64),
    (cranker, bounty): (&Address, u64),
) {
    let event = GameCancelled {
        head: Head::of::<events::GameCancelled>(),
        house: game.house,
        game: *view.address(),
        reason,
        owed,
        cranker: *cranker,
        bounty,
    };
    emit(authority, &event);
}

#[repr(C, packed)]
pub struct PrizesExpired {
    pub head: Head,
    pub house: Address,
    pub game: Address,
    pub amount: u64,
    pub pot: u64,
    pub cranker: Address,
    pub bounty: u64,
}

#[repr(C, packed)]
pub struct GameClosed {
    pub head: Head,
    pub house: Address,
    pub game: Address,
    pub creator: Address,
    pub entries_hash: [u8; 32],
    pub tickets: u32,
    pub entries: u32,
    pub lamports: u64,
    pub tokens: u64,
    pub cranker: Address,
    pub bounty: u64,
}
