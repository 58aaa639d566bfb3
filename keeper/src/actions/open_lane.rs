use std::fmt;

use lottery_client::{address, instruction, sender::Landed};
use serde::Serialize;
use solana_pubkey::Pubkey;

use crate::{context::Context, error::ActionError, text};

/// Opens a lane of draws for a house that has fewer than configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenLane {
    #[serde(with = "text")]
    pub house: Pubkey,
    #[serde(with = "text")]
    pub queue: Pubkey,
    pub index: u8,
}

impl OpenLane {
    pub fn lane(&self) -> Pubkey {
        address::lane(&self.house, self.index)
    }

    pub(super) async fn execute(&self, context: &Context) -> Result<Landed, ActionError> {
        // Switchboard gives the lane a lookup table, whose address comes from a
        // slot that the cluster still knows the hash of.
        let recent_slot = context.loader.newest_hashed_slot().await?;
        let instruction = instruction::open_lane(
            context.payer_address(),
            self.house,
            self.queue,
            self.index,
            recent_slot,
        );
        context.send(&[instruction]).await
    }
}

impl fmt::Display for OpenLane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "open lane {} of house {}", self.index, self.house)
    }
}
