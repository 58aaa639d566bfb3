use anchor_lang::prelude::*;
use pinocchio::cpi::Seed;

use crate::{
    call::{self, Preimage},
    math::WHOLE_BPS,
    seeds,
    state::{
        House, Jackpot, Treasury, LAYOUT_VERSION, MAX_BOUNTY, MAX_CLAIM_WINDOW, MAX_DRAW_TIMEOUT,
        MIN_CLAIM_WINDOW, MIN_DRAW_TIMEOUT, TIERS,
    },
    tell,
    view::{
        add, event_accounts, is_zero, load, load_mut, move_lamports, payer, same, signer,
        system_program, writable, Input, Outcome, Refusal, Rent, Walk,
    },
    LotteryError,
};

/// `HouseRules`, as they come.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Rules {
    treasury_wallet: Address,
    jackpot_mean: [u64; TIERS],
    bounty: u64,
    claim_window: u32,
    prize_bps: u16,
    jackpot_bps: [u16; TIERS],
    treasury_bps: u16,
    reserve_bps: [u16; TIERS],
    open_creation: u8,
}

#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Creation {
    id: u16,
    vrf_queue: Address,
    draw_timeout: u64,
    rules: Rules,
}

impl Rules {
    #[inline(always)]
    fn validate(&self) -> Outcome {
        let shares = self.jackpot_bps;
        let sum = u32::from(self.prize_bps)
            .wrapping_add(u32::from(shares[0]))
            .wrapping_add(u32::from(shares[1]))
            .wrapping_add(u32::from(shares[2]))
            .wrapping_add(u32::from(self.treasury_bps));
        demand!(sum == u32::from(WHOLE_BPS), LotteryError::SplitNotWhole);
        let (reserves, means) = (self.reserve_bps, self.jackpot_mean);
        for tier in 0..TIERS {
            demand!(
                reserves[tier] < WHOLE_BPS,
                LotteryError::ReserveNotBelowWhole
            );
            demand!(means[tier] > 0, LotteryError::JackpotMeanZero);
        }
        demand!(
            !is_zero(&self.treasury_wallet),
            LotteryError::AddressMissing
        );
        demand!(self.bounty <= MAX_BOUNTY, LotteryError::BountyTooHigh);
        let window = self.claim_window;
        demand!(
            (MIN_CLAIM_WINDOW..=MAX_CLAIM_WINDOW).contains(&window),
            LotteryError::ClaimWindow
        );
        demand!(
            self.open_creation <= 1,
            ProgramError::InvalidInstructionData
        );
        Ok(())
    }

    #[inline(always)]
    fn apply(&self, house: &mut House) {
        house.treasury_wallet = self.treasury_wallet;
        house.jackpot_mean = self.jackpot_mean;
        house.bounty = self.bounty;
        house.claim_window = self.claim_window;
        house.prize_bps = self.prize_bps;
        house.jackpot_bps = self.jackpot_bps;
        house.treasury_bps = self.treasury_bps;
        house.reserve_bps = self.reserve_bps;
        let open = House::FLAG_OPEN_CREATION.wrapping_mul(self.open_creation);
        house.flags = house.flags & !House::FLAG_OPEN_CREATION | open;
    }
}

#[inline(never)]
pub unsafe fn create(input: &Input) -> Outcome {
    let params: Creation = unsafe { input.arguments()? };
    let mut walk = unsafe { Walk::<9>::new(input, 9)? };
    accounts!(walk: creator, house, treasury, minor, major, mega, system, authority, this);
    walk.exclusive(0b11_1111)?;
    payer(creator)?;
    system_program(system)?;
    event_accounts(authority, this)?;
    demand!(walk.left() == 0, Refusal::UNWRITTEN);
    demand!(!is_zero(&params.vrf_queue), LotteryError::AddressMissing);
    let timeout = params.draw_timeout;
    demand!(
        (MIN_DRAW_TIMEOUT..=MAX_DRAW_TIMEOUT).contains(&timeout),
        LotteryError::DrawTimeout
    );
    let rules = params.rules;
    rules.validate()?;
    let rent = Rent::get()?;

    let id = params.id.to_le_bytes();
    let bump = Preimage::new(seeds::HOUSE, creator.address(), &id).bump(house.address())?;
    let seeds = [
        Seed::from(seeds::HOUSE),
        Seed::from(creator.address().as_array()),
        Seed::from(&id),
        Seed::from(core::slice::from_ref(&bump)),
    ];
    let state: &mut House = call::create(creator, house, rent, 0, &seeds)?;
    state.creator = *creator.address();
    state.authority = *creator.address();
    state.vrf_queue = params.vrf_queue;
    state.draw_timeout = timeout;
    rules.apply(state);
    state.id = params.id;
    state.version = LAYOUT_VERSION;
    state.bump = bump;

    let key = house.address();
    let bump = Preimage::new(seeds::TREASURY, key, &[]).bump(treasury.address())?;
    let seeds = [
        Seed::from(seeds::TREASURY),
        Seed::from(key.as_array()),
        Seed::from(core::slice::from_ref(&bump)),
    ];
    let holder: &mut Treasury = call::create(creator, treasury, rent, 0, &seeds)?;
    holder.house = *key;
    holder.version = LAYOUT_VERSION;
    holder.bump = bump;
    holder.rent_reserve = rent.minimum(treasury.data_len());

    let jackpot = |view: AccountView, tier: u8| -> Outcome {
        let tier_seed = [tier];
        let bump = Preimage::new(seeds::JACKPOT, key, &tier_seed).bump(view.address())?;
        let seeds = [
            Seed::from(seeds::JACKPOT),
            Seed::from(key.as_array()),
            Seed::from(&tier_seed),
            Seed::from(core::slice::from_ref(&bump)),
        ];
        let holder: &mut Jackpot = call::create(creator, view, rent, 0, &seeds)?;
        holder.house = *key;
        holder.version = LAYOUT_VERSION;
        holder.bump = bump;
        holder.rent_reserve = rent.minimum(view.data_len());
        holder.tier = tier;
        Ok(())
    };
    jackpot(minor, 0)?;
    jackpot(major, 1)?;
    jackpot(mega, 2)?;
    tell::house_changed(&authority, key, state);
    Ok(())
}

/// The accounts of everything an authority does to its house.
#[inline(always)]
unsafe fn administer<'a>(input: &Input) -> Outcome<(AccountView, AccountView, &'a mut House)> {
    let mut walk = unsafe { Walk::<4>::new(input, 4)? };
    accounts!(walk: authority, house, events, this);
    walk.exclusive(0b10)?;
    signer(authority)?;
    let state: &mut House = load_mut(house)?;
    demand!(
        same(authority.address(), &state.authority),
        LotteryError::NotAuthority
    );
    event_accounts(events, this)?;
    Ok((events, house, state))
}

#[inline(never)]
pub unsafe fn update(input: &Input) -> Outcome {
    let rules: Rules = unsafe { input.arguments()? };
    let (events, view, house) = unsafe { administer(input)? };
    rules.validate()?;
    rules.apply(house);
    tell::house_changed(&events, view.address(), house);
    Ok(())
}

#[inline(never)]
pub unsafe fn set_pause(input: &Input) -> Outcome {
    let [games, joins]: [u8; 2] = unsafe { input.arguments()? };
    demand!(
        games <= 1 && joins <= 1,
        ProgramError::InvalidInstructionData
    );
    let (events, view, house) = unsafe { administer(input)? };
    let pauses =
        games.wrapping_mul(House::FLAG_PAUSE_GAMES) | joins.wrapping_mul(House::FLAG_PAUSE_JOINS);
    house.flags = house.flags & !House::PAUSE_FLAGS | pauses;
    tell::house_changed(&events, view.address(), house);
    Ok(())
}

#[inline(never)]
pub unsafe fn propose(input: &Input) -> Outcome {
    let successor: Address = unsafe { input.arguments()? };
    let (events, view, house) = unsafe { administer(input)? };
    house.pending_authority = successor;
    tell::house_changed(&events, view.address(), house);
    Ok(())
}

#[inline(never)]
pub unsafe fn accept(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<4>::new(input, 4)? };
    accounts!(walk: successor, view, events, this);
    walk.exclusive(0b10)?;
    signer(successor)?;
    let house: &mut House = load_mut(view)?;
    demand!(
        same(successor.address(), &house.pending_authority),
        LotteryError::NotPendingAuthority
    );
    event_accounts(events, this)?;
    house.authority = *successor.address();
    house.pending_authority = Address::default();
    tell::house_changed(&events, view.address(), house);
    Ok(())
}

#[inline(never)]
pub unsafe fn withdraw(input: &Input) -> Outcome {
    let amount: u64 = unsafe { input.arguments()? };
    let mut walk = unsafe { Walk::<6>::new(input, 6)? };
    accounts!(walk: authority, house, treasury, wallet, events, this);
    walk.exclusive(0b100)?;
    signer(authority)?;
    let house_address = house.address();
    let house: &House = load(house)?;
    demand!(
        same(authority.address(), &house.authority),
        LotteryError::NotAuthority
    );
    let state: &mut Treasury = load_mut(treasury)?;
    demand!(
        same(&state.house, house_address),
        LotteryError::ForeignHouse
    );
    writable(wallet)?;
    demand!(
        same(wallet.address(), &house.treasury_wallet),
        LotteryError::ForeignTreasuryWallet
    );
    event_accounts(events, this)?;
    demand!(is_zero(&state.vault), Refusal::UNWRITTEN);
    demand!(amount > 0, LotteryError::AmountZero);
    state.withdraw(amount)?;
    Rent::get()?.payable(wallet, amount)?;
    move_lamports(treasury, wallet, amount)?;
    tell::treasury_withdrawn(&events, wallet.address(), state, amount);
    treasury_covers(treasury, state)
}

#[inline(always)]
pub fn treasury_covers(view: AccountView, treasury: &Treasury) -> Outcome {
    let needed = add(treasury.rent_reserve, treasury.accrued)?;
    demand!(view.lamports() >= needed, LotteryError::Insolvent);
    Ok(())
}
