//! Houses: creation, rules, pauses, handover, treasury, gifts to jackpots.

use lottery::{
    LotteryError as E,
    state::{self, HouseParams, HouseRules},
};
use lottery_client::address;
use solana_pubkey::Pubkey;

use super::money::Moves;
use crate::model::{
    state::{House, Jackpot, Model, Treasury},
    why::Why,
};

/// Bytes of an account of the program.
pub const fn bytes<T>() -> u64 {
    8 + size_of::<T>() as u64
}

fn valid_rules(rules: &HouseRules) -> Result<(), E> {
    let shares = rules.jackpot_bps.iter().map(|bps| u32::from(*bps));
    let sum = shares.sum::<u32>() + u32::from(rules.prize_bps) + u32::from(rules.treasury_bps);
    if sum != 10_000 {
        return Err(E::SplitNotWhole);
    }
    for tier in 0..3 {
        if rules.reserve_bps[tier] >= 10_000 {
            return Err(E::ReserveNotBelowWhole);
        }
        if rules.jackpot_mean[tier] == 0 {
            return Err(E::JackpotMeanZero);
        }
    }
    if rules.treasury_wallet == Pubkey::default() {
        return Err(E::AddressMissing);
    }
    if rules.bounty > 1_000_000 {
        return Err(E::BountyTooHigh);
    }
    if !(3_600..=31_536_000).contains(&rules.claim_window) {
        return Err(E::ClaimWindow);
    }
    Ok(())
}

fn valid_params(params: &HouseParams) -> Result<(), E> {
    if params.vrf_queue == Pubkey::default() {
        return Err(E::AddressMissing);
    }
    if !(100..=216_000).contains(&params.draw_timeout) {
        return Err(E::DrawTimeout);
    }
    valid_rules(&params.rules)
}

impl Model {
    pub(super) fn create_house(
        &mut self,
        key: Pubkey,
        id: u16,
        params: &HouseParams,
    ) -> Result<(), Why> {
        let house = address::house(&key, id);
        let treasury = address::treasury(&house);
        let jackpots = [0, 1, 2].map(|tier| address::jackpot(&house, tier));
        self.ledger.create(key, house, bytes::<state::House>())?;
        self.ledger
            .create(key, treasury, bytes::<state::Treasury>())?;
        for jackpot in &jackpots {
            self.ledger
                .create(key, *jackpot, bytes::<state::Jackpot>())?;
        }
        valid_params(params)?;
        for holder in [&treasury].into_iter().chain(&jackpots) {
            self.create_vault(key, holder)?;
        }
        if house != self.cast.house {
            return Ok(());
        }
        let rent = self.ledger.rent(bytes::<state::Jackpot>());
        let jackpot = Jackpot {
            rent,
            ..Jackpot::default()
        };
        self.house = House {
            authority: key,
            rules: Some(params.rules),
            draw_timeout: params.draw_timeout,
            treasury: Treasury {
                rent: self.ledger.rent(bytes::<state::Treasury>()),
                ..Treasury::default()
            },
            jackpots: [jackpot.clone(), jackpot.clone(), jackpot],
            ..House::default()
        };
        Ok(())
    }

    fn require_authority(&self, key: Pubkey) -> Result<(), Why> {
        if key != self.house.authority {
            return Err(E::NotAuthority.into());
        }
        Ok(())
    }

    pub(super) fn update_house(&mut self, key: Pubkey, rules: &HouseRules) -> Result<(), Why> {
        self.require_authority(key)?;
        valid_rules(rules)?;
        self.house.rules = Some(*rules);
        Ok(())
    }

    pub(super) fn set_pause(&mut self, key: Pubkey, games: bool, joins: bool) -> Result<(), Why> {
        self.require_authority(key)?;
        self.house.pause_games = games;
        self.house.pause_joins = joins;
        Ok(())
    }

    pub(super) fn propose(&mut self, key: Pubkey, successor: Pubkey) -> Result<(), Why> {
        self.require_authority(key)?;
        self.house.pending = (successor != Pubkey::default()).then_some(successor);
        Ok(())
    }

    pub(super) fn accept(&mut self, key: Pubkey) -> Result<(), Why> {
        if self.house.pending != Some(key) {
            return Err(E::NotPendingAuthority.into());
        }
        self.house.authority = key;
        self.house.pending = None;
        Ok(())
    }

    pub(super) fn withdraw(&mut self, key: Pubkey, wallet: Pubkey, amount: u64) -> Result<(), Why> {
        self.require_authority(key)?;
        if wallet != self.rules().treasury_wallet {
            return Err(E::ForeignTreasuryWallet.into());
        }
        if amount == 0 {
            return Err(E::AmountZero.into());
        }
        let treasury = &mut self.house.treasury;
        treasury.accrued = treasury
            .accrued
            .checked_sub(u128::from(amount))
            .ok_or(E::AboveAccrued)?;
        treasury.total_withdrawn += u128::from(amount);
        let from = self.cast.treasury;
        self.require_payout(&from, &wallet, u128::from(amount))?;
        let mut moves = Moves::new();
        self.pay(from, wallet, u128::from(amount), &mut moves)?;
        self.ledger.make(moves)
    }

    pub(super) fn fund(&mut self, key: Pubkey, tier: u8, amount: u64) -> Result<(), Why> {
        if amount == 0 {
            return Err(E::AmountZero.into());
        }
        let to = self.cast.jackpots[usize::from(tier)];
        self.collect(key, to, amount)?;
        self.contribute(usize::from(tier), u128::from(amount));
        Ok(())
    }

    pub(super) fn contribute(&mut self, tier: usize, amount: u128) {
        let jackpot = &mut self.house.jackpots[tier];
        jackpot.amount += amount;
        jackpot.contributions += amount;
    }
}
