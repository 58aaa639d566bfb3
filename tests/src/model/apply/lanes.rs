//! Lanes.

use lottery::{LotteryError as E, state};
use lottery_client::address;
use solana_pubkey::Pubkey;

use super::houses::bytes;
use crate::model::{
    state::{Lane, Model},
    why::Why,
};

const RANDOMNESS: u64 = 480;
const TOKEN_ACCOUNT: u64 = 165;
const LOOKUP_TABLE: u64 = 56;

impl Model {
    pub(super) fn open_lane(&mut self, key: Pubkey, index: u8) -> Result<(), Why> {
        let house = self.cast.house;
        let address = address::lane(&house, index);
        let randomness = address::randomness(&address);
        let lut_slot = self.slot - 1;
        self.ledger.create(key, address, bytes::<state::Lane>())?;
        self.ledger.create(key, randomness, RANDOMNESS)?;
        // What a lane that was closed left behind serves the next one.
        for (account, size) in [
            (address::reward_escrow(&randomness), TOKEN_ACCOUNT),
            (address::lookup_table(&randomness, lut_slot), LOOKUP_TABLE),
        ] {
            if self.ledger.get(&account).bytes == 0 {
                self.ledger.create(key, account, size)?;
            }
        }
        self.lanes.push(Lane {
            index,
            address,
            randomness,
            payer: key,
            next_draw: self.slot,
            waits_for: None,
            lut_slot,
            gone: false,
        });
        Ok(())
    }

    pub(super) fn open_lane_at(&self, index: u8) -> Result<usize, Why> {
        self.lane(index).ok_or(Why::GONE)
    }

    pub(super) fn close_lane(&mut self, key: Pubkey, index: u8) -> Result<(), Why> {
        let lane = self.open_lane_at(index)?;
        let lane = &mut self.lanes[lane];
        if lane.payer != key {
            return Err(E::NotLanePayer.into());
        }
        if lane.waits_for.is_some() {
            return Err(E::LaneBusy.into());
        }
        lane.gone = true;
        let (address, randomness) = (lane.address, lane.randomness);
        self.ledger.close(randomness, address);
        self.ledger.close(address, key);
        Ok(())
    }
}
