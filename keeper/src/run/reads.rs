//! What the loop reads in the background.

use lottery_client::{account, lottery::state::House};
use solana_pubkey::Pubkey;

use crate::{
    error::LoadError,
    load::{ChainClock, Found, Loader},
    mirror::Mirror,
    state::Oracle,
    text,
};

/// Houses, lanes, draws, games, the oracles of the houses' queues, and the time.
pub struct Scan {
    pub core: Found,
    pub oracles: Vec<(Pubkey, Vec<Oracle>)>,
    pub clock: ChainClock,
}

/// An answer to one of the loop's questions.
pub enum Answer {
    Clock(Result<ChainClock, LoadError>),
    Scan(Result<Scan, LoadError>),
    Entries(Pubkey, Result<Found, LoadError>),
}

/// Reads everything but entries. A queue that cannot be read is logged and left
/// out: the other houses' draws go on.
pub async fn scan(loader: &Loader) -> Result<Scan, LoadError> {
    let core = loader.core().await?;
    let mut queues: Vec<Pubkey> = core
        .accounts
        .iter()
        .filter_map(|(_, account)| account::decode::<House>(&account.owner, &account.data).ok())
        .map(|house| house.vrf_queue)
        .collect();
    queues.sort_unstable();
    queues.dedup();
    let mut oracles = Vec::with_capacity(queues.len());
    for queue in queues {
        match loader.oracles(&queue).await {
            Ok(found) => oracles.push((queue, found)),
            Err(error) => {
                tracing::warn!(%queue, error = text::scrub(&error), "cannot read the oracles");
            }
        }
    }
    // Last, so that nothing read is newer than the clock says.
    let clock = loader.clock().await?;
    Ok(Scan {
        core,
        oracles,
        clock,
    })
}

/// Takes a scan into the mirror.
pub fn apply(mirror: &mut Mirror, scan: Scan) {
    mirror.apply_core(&scan.core);
    for (queue, oracles) in scan.oracles {
        mirror.set_oracles(queue, oracles);
    }
    mirror.set_clock(scan.clock);
}

/// Reads all that a plan depends on.
pub async fn catch_up(loader: &Loader, mirror: &mut Mirror) -> Result<(), LoadError> {
    apply(mirror, scan(loader).await?);
    for game in mirror.state().games_missing_entries() {
        let found = loader.entries(&game).await?;
        mirror.apply_entries(game, &found);
    }
    Ok(())
}
