//! What the loop reads in the background.

use lottery_client::{
    account,
    instruction::Token,
    lottery::{money::is_native, state::House},
};
use solana_pubkey::Pubkey;

use super::leading::Inheritance;
use crate::{
    error::LoadError,
    load::{ChainClock, Found, Loader, Read},
    mirror::Mirror,
    state::{Oracle, Orphan},
    text,
};

/// Houses, lanes, draws, games, the oracles of the houses' queues, their tokens, and
/// the time.
pub struct Scan {
    pub core: Found,
    pub oracles: Vec<(Pubkey, Vec<Oracle>)>,
    pub tokens: Vec<Token>,
    /// Entries that closed games left behind, if they were looked for.
    pub orphans: Option<Vec<(Pubkey, Orphan)>>,
    pub clock: ChainClock,
}

/// An answer to one of the loop's questions.
pub enum Answer {
    Clock(Result<ChainClock, LoadError>),
    Scan(Result<Scan, LoadError>),
    /// Accounts that a scan did not find.
    Missing(Vec<Pubkey>, Result<Read, LoadError>),
    Entries(Pubkey, Result<Found, LoadError>),
    /// None for who does not lead any more.
    Inheritance(Option<Inheritance>),
}

/// Reads everything but entries; with `sweep` also those that closed games left
/// behind. A queue that cannot be read is logged and left out: the other houses'
/// draws go on.
pub async fn scan(loader: &Loader, sweep: bool) -> Result<Scan, LoadError> {
    let core = loader.core().await?;
    let houses: Vec<House> = core
        .accounts
        .iter()
        .filter_map(|(_, account)| account::decode::<House>(&account.owner, &account.data).ok())
        .collect();
    let queues = distinct(houses.iter().map(|house| house.vrf_queue));
    let mints = distinct(houses.iter().map(|house| house.mint));
    let mints: Vec<Pubkey> = mints.into_iter().filter(|mint| !is_native(mint)).collect();
    let mut oracles = Vec::with_capacity(queues.len());
    for queue in queues {
        match loader.oracles(&queue).await {
            Ok(found) => oracles.push((queue, found)),
            Err(error) => {
                tracing::warn!(%queue, error = text::scrub(&error), "cannot read the oracles");
            }
        }
    }
    let tokens = loader.tokens(&mints).await?;
    let orphans = if sweep {
        let found = loader.orphans().await.inspect_err(|error| {
            tracing::warn!(
                error = text::scrub(error),
                "cannot look for orphaned entries"
            );
        });
        found.ok()
    } else {
        None
    };
    // Last, so that nothing read is newer than the clock says.
    let clock = loader.clock().await?;
    Ok(Scan {
        core,
        oracles,
        tokens,
        orphans,
        clock,
    })
}

fn distinct(addresses: impl Iterator<Item = Pubkey>) -> Vec<Pubkey> {
    let mut addresses: Vec<Pubkey> = addresses.collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// Takes a scan into the mirror. Returns the accounts that it did not find, to be
/// looked at one by one.
#[must_use]
pub fn apply(mirror: &mut Mirror, scan: Scan) -> Vec<Pubkey> {
    let missing = mirror.apply_core(&scan.core);
    for (queue, oracles) in scan.oracles {
        mirror.set_oracles(queue, oracles);
    }
    mirror.set_tokens(scan.tokens);
    if let Some(orphans) = scan.orphans {
        mirror.set_orphans(orphans);
    }
    mirror.set_clock(scan.clock);
    missing
}

/// Reads all that a plan depends on.
pub async fn catch_up(loader: &Loader, mirror: &mut Mirror, sweep: bool) -> Result<(), LoadError> {
    let missing = apply(mirror, scan(loader, sweep).await?);
    let read = loader.accounts(&missing, None).await?;
    mirror.apply_read(&missing, &read);
    for game in mirror.state().games_missing_entries() {
        let found = loader.entries(&game).await?;
        mirror.apply_entries(game, &found);
    }
    Ok(())
}
