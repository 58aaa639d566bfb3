//! The chain as the keeper sees it.

use std::collections::BTreeMap;

use lottery_client::{
    account::{Account as Decoded, decode_any},
    gateway::gateway_uri,
    instruction::Token,
};
use lottery_keeper::{
    load::{ChainClock, Found, Read},
    mirror::Mirror,
    state::{Oracle, Orphan},
};
use randomness_stand_in::layout;
use solana_account::Account;
use solana_pubkey::Pubkey;

use crate::world::World;

/// Everything of the program that exists.
pub struct Chain {
    core: Vec<(Pubkey, Account)>,
    /// By game.
    entries: BTreeMap<Pubkey, Vec<(Pubkey, Account)>>,
    orphans: Vec<(Pubkey, Orphan)>,
    oracles: Vec<Oracle>,
    queue: Pubkey,
    tokens: Vec<Token>,
    clock: ChainClock,
}

impl Chain {
    /// As it is now.
    pub fn read(world: &World, tokens: &[Token]) -> Self {
        let mut chain = Self {
            core: Vec::new(),
            entries: BTreeMap::new(),
            orphans: Vec::new(),
            oracles: oracles(world),
            queue: world.queue,
            tokens: tokens.to_vec(),
            clock: ChainClock {
                slot: world.slot(),
                now: world.now(),
            },
        };
        let mut entries = Vec::new();
        for (address, account) in world.svm.get_program_accounts(&lottery::ID) {
            match decode_any(&account.owner, &account.data) {
                Ok(Decoded::Entry(entry)) => entries.push((address, entry, account)),
                Ok(_) => chain.core.push((address, account)),
                // Closed, but there until the end of the block for all that is known.
                Err(_) => assert!(account.data.is_empty(), "{address} cannot be read"),
            }
        }
        for (address, entry, account) in entries {
            if chain.core.iter().any(|(game, _)| *game == entry.game) {
                let of_game = chain.entries.entry(entry.game).or_default();
                of_game.push((address, account));
            } else {
                let orphan = Orphan {
                    game: entry.game,
                    player: entry.player,
                };
                chain.orphans.push((address, orphan));
            }
        }
        chain
    }

    /// Takes a scan into a mirror, with the entries that are wanted and whatever closed
    /// games left behind.
    pub fn scan(&self, world: &World, mirror: &mut Mirror) {
        let missing = mirror.apply_core(&Found {
            slot: self.clock.slot,
            accounts: self.core.clone(),
        });
        look_again(world, mirror, &missing);
        mirror.set_oracles(self.queue, self.oracles.clone());
        mirror.set_tokens(self.tokens.clone());
        mirror.set_orphans(self.orphans.clone());
        mirror.set_clock(self.clock);
        for game in mirror.state().games_missing_entries() {
            let accounts = self.entries.get(&game).cloned().unwrap_or_default();
            let found = Found {
                slot: self.clock.slot,
                accounts,
            };
            mirror.apply_entries(game, &found);
        }
    }

    /// A mirror that knows nothing but this scan.
    pub fn fresh(&self, world: &World) -> Mirror {
        let mut mirror = Mirror::new(None, true);
        self.scan(world, &mut mirror);
        mirror
    }

    /// Entries that there are.
    pub fn entries(&self) -> usize {
        self.entries.values().map(Vec::len).sum::<usize>() + self.orphans.len()
    }
}

/// Takes into a mirror what an action may have changed, as the keeper does after it.
pub fn look_again(world: &World, mirror: &mut Mirror, touched: &[Pubkey]) {
    let accounts = touched
        .iter()
        .map(|address| world.svm.get_account(address))
        .collect();
    let read = Read {
        slot: world.slot(),
        accounts,
    };
    mirror.apply_read(touched, &read);
}

fn oracles(world: &World) -> Vec<Oracle> {
    let queue = world.account(&world.queue).data;
    let node_timeout = lottery::switchboard::parse_node_timeout(&queue).unwrap();
    let mut oracles: Vec<Oracle> = world
        .oracles
        .iter()
        .map(|oracle| {
            let address = solana_signer::Signer::pubkey(&oracle.account);
            let data = world.account(&address).data;
            assert_eq!(data.len(), layout::ORACLE_LEN);
            Oracle {
                address,
                data: lottery::switchboard::parse_oracle(&data).unwrap(),
                node_timeout,
                gateway: gateway_uri(&data).ok(),
            }
        })
        .collect();
    oracles.sort_unstable_by_key(|oracle| oracle.address);
    oracles
}
