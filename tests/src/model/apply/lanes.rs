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
        if self.lane(index).is_some() {
            return Err(Why::EXISTS);
        }
        let lut_slot = self.slot - 1;
        self.ledger.create(key, address, bytes::<state::Lane>())?;
        self.ledger.create(key, randomness, RANDOMNESS)?;
        // The escrow and the lookup table of a lane that was closed stay where they are.
        let escrow = address::reward_escrow(&randomness);
        if self.ledger.get(&escrow).bytes == 0 {
            self.ledger.create(key, escrow, TOKEN_ACCOUNT)?;
        }
        let table = address::lookup_table(&randomness, lut_slot);
        if self.ledger.get(&table).bytes > 0 {
            return Err(Why::TABLE_EXISTS);
        }
        self.ledger.create(key, table, LOOKUP_TABLE)?;
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
