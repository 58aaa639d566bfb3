//! How far a chain was at any instant of a run.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use lottery_localnet::Localnet;
use solana_commitment_config::CommitmentConfig;

use crate::lock::lock;

/// Pause between two looks.
const LOOKS: Duration = Duration::from_millis(60);

/// A chain's slot and block height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub slot: u64,
    pub height: u64,
}

/// Remembers where a chain was when. All clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    places: Arc<Mutex<Vec<(Instant, Place)>>>,
}

impl Chain {
    /// Looks at a cluster from now on.
    pub fn follow(localnet: &Localnet) -> Self {
        let chain = Self::default();
        let (rpc, places) = (localnet.rpc_client(), chain.places.clone());
        tokio::spawn(async move {
            // Until nobody wants to know any more.
            while Arc::strong_count(&places) > 1 {
                let seen = rpc
                    .get_epoch_info_with_commitment(CommitmentConfig::processed())
                    .await;
                if let Ok(info) = seen {
                    let place = Place {
                        slot: info.absolute_slot,
                        height: info.block_height,
                    };
                    lock(&places).push((Instant::now(), place));
                }
                tokio::time::sleep(LOOKS).await;
            }
        });
        chain
    }

    /// The last place seen before an instant: the chain was there, or further.
    pub fn before(&self, at: Instant) -> Option<Place> {
        let places = lock(&self.places);
        let later = places.partition_point(|(seen, _)| *seen <= at);
        later.checked_sub(1).map(|last| places[last].1)
    }

    /// The first place seen after an instant: the chain was there, or not yet.
    pub fn after(&self, at: Instant) -> Option<Place> {
        let places = lock(&self.places);
        let later = places.partition_point(|(seen, _)| *seen <= at);
        places.get(later).map(|(_, place)| *place)
    }
}
