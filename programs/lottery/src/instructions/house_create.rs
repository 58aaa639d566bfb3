#![expect(
    unused_variables,
    reason = "the derive binds every argument of #[instruction] wherever it generates code"
)]

use anchor_lang::prelude::*;

use crate::{
    seeds,
    state::{House, HouseParams, Jackpot, Treasury, LAYOUT_VERSION},
};

/// Creates a house with its treasury and its three jackpots.
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
}

impl CreateHouse {
    pub fn run(&mut self, bumps: &CreateHouseBumps, id: u16, params: &HouseParams) -> Result<()> {
        params.validate()?;
        let house = &mut self.house;
        house.creator = *self.creator.address();
        house.authority = *self.creator.address();
        house.treasury_wallet = params.treasury_wallet;
        house.vrf_queue = params.vrf_queue;
        house.prize_bps = params.prize_bps;
        house.jackpot_bps = params.jackpot_bps;
        house.treasury_bps = params.treasury_bps;
        house.jackpot_mean = params.jackpot_mean;
        house.reserve_bps = params.reserve_bps;
        house.id = id;
        house.flags = if params.open_creation {
            House::FLAG_OPEN_CREATION
        } else {
            0
        };
        house.version = LAYOUT_VERSION;
        house.bump = bumps.house;

        let address = *self.house.address();
        let reserve = self.treasury.min_lamports()?;
        self.treasury.init(address, bumps.treasury, reserve);
        let reserve = self.minor.min_lamports()?;
        self.minor.init(address, 0, bumps.minor, reserve);
        self.major.init(address, 1, bumps.major, reserve);
        self.mega.init(address, 2, bumps.mega, reserve);
        Ok(())
    }
}
