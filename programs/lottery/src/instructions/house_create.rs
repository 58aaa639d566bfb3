#![expect(
    unused_variables,
    reason = "the derive binds every argument of #[instruction] wherever it generates code"
)]

use anchor_lang::prelude::*;

use super::nested::*;
use crate::{
    events::EventAccounts,
    money::{create_vault, require_admissible, Currency, TokenAccounts},
    seeds,
    state::{House, HouseParams, Jackpot, Treasury, LAYOUT_VERSION},
};

/// Creates a house with its treasury and its three jackpots, and with their vaults if
/// it plays for a token.
///
/// Token accounts, which make it a token house: the vaults of the treasury and of the
/// minor, major and mega jackpot, writable, created here.
#[derive(Accounts)]
#[instruction(id: u16)]
pub struct CreateHouse {
    /// Pays the rent; becomes the authority.
    #[account(mut)]
    pub creator: Signer,
    #[account(init, payer = creator, seeds = [seeds::HOUSE, creator.address().as_ref(), &id.to_le_bytes()], bump)]
    pub house: Account<House>,
    #[account(init, payer = creator, seeds = [seeds::TREASURY, house.address().as_ref()], bump)]
    pub treasury: Account<Treasury>,
    #[account(init, payer = creator, seeds = [seeds::JACKPOT, house.address().as_ref(), &[0]], bump)]
    pub minor: Account<Jackpot>,
    #[account(init, payer = creator, seeds = [seeds::JACKPOT, house.address().as_ref(), &[1]], bump)]
    pub major: Account<Jackpot>,
    #[account(init, payer = creator, seeds = [seeds::JACKPOT, house.address().as_ref(), &[2]], bump)]
    pub mega: Account<Jackpot>,
    pub system_program: Program<System>,
    pub events: Nested<EventAccounts>,
}

impl CreateHouse {
    pub fn run(
        &mut self,
        bumps: &CreateHouseBumps,
        id: u16,
        params: &HouseParams,
        tokens: TokenAccounts,
    ) -> Result<()> {
        params.validate()?;
        let mint = match tokens.mint() {
            Some(mint) => {
                require_admissible(mint)?;
                *mint.address()
            }
            None => Address::default(),
        };
        let currency = Currency::of(&mint, tokens)?;

        let house = &mut self.house;
        house.creator = *self.creator.address();
        house.authority = *self.creator.address();
        house.vrf_queue = params.vrf_queue;
        house.mint = mint;
        house.draw_timeout = params.draw_timeout;
        house.apply(&params.rules);
        house.id = id;
        house.version = LAYOUT_VERSION;
        house.bump = bumps.house;
        self.hold(&currency, bumps, tokens)?;
        self.events
            .emit(&self.house.changed(self.house.address()))?;
        Ok(())
    }

    /// Sets up the accounts that hold the house's money.
    fn hold(
        &mut self,
        currency: &Currency,
        bumps: &CreateHouseBumps,
        tokens: TokenAccounts,
    ) -> Result<()> {
        let house = *self.house.address();
        let payer = *self.creator.account();
        let vault =
            |index, holder: &Address| create_vault(currency, &payer, tokens.get(index), holder);
        let treasury_vault = vault(0, self.treasury.address())?;
        let minor_vault = vault(1, self.minor.address())?;
        let major_vault = vault(2, self.major.address())?;
        let mega_vault = vault(3, self.mega.address())?;

        let reserve = self.treasury.min_lamports()?;
        self.treasury
            .init(house, treasury_vault, bumps.treasury, reserve);
        let reserve = self.minor.min_lamports()?;
        self.minor.init(house, minor_vault, bumps.minor, reserve);
        self.major.init(house, major_vault, bumps.major, reserve);
        self.mega.init(house, mega_vault, bumps.mega, reserve);
        self.major.tier = 1;
        self.mega.tier = 2;
        Ok(())
    }
}
