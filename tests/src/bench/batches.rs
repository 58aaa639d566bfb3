use lottery::state::GameParams;
use lottery_client::instruction::{self as ix, EntryKeys, Purchase};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use super::{Batch, Cost, JOIN, draws::addresses, limits, pair::Pair, sales::purchase};
use crate::{rules, world::World};

/// Numbers of operations, up to the most that fit.
fn sizes(most: usize) -> Vec<usize> {
    let mut sizes = vec![1, 2, 4, 8];
    sizes.retain(|size| *size < most);
    sizes.push(most);
    sizes
}

/// Several entries of one player.
pub fn joins() -> Vec<Cost> {
    let mut pair = Pair::with_house(|_| ());
    let game = pair.world.create_game(rules::game).unwrap();
    let house = pair.world.house;
    let of = |first: &Purchase, n: usize| {
        let mut batch = ix::Batch::new(first.player);
        for nonce in 0..n {
            let nonce = u16::try_from(nonce).unwrap();
            batch.join(&Purchase { nonce, ..*first }, None).unwrap();
        }
        batch.build(true)
    };
    let somebody = pair.world.player();
    let first = purchase(house, game, &somebody, 1);
    let most = limits::most(|n| of(&first, n));
    for items in sizes(most) {
        let player = pair.world.player();
        let batch = Batch { what: JOIN, items };
        pair.batch(
            batch,
            of(&purchase(house, game, &player, 1), items),
            &player,
        );
    }
    pair.costs()
}

/// 32 places, each ticket a player's.
fn many_winners(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.winners = 32;
    params.min_tickets = 32;
    params.place_bps = [312; 32];
    params.place_bps[0] = 10_000 - 31 * 312;
    params
}

/// Prizes of different players.
pub fn claims() -> Vec<Cost> {
    let mut pair = Pair::with_house(|_| ());
    let game = pair.world.settled(many_winners, &[1; 40]).game;
    let (authority, house) = (pair.world.authority.insecure_clone(), pair.world.house);
    let of = |winners: &[(EntryKeys, u32)]| {
        let mut batch = ix::Batch::new(authority.pubkey());
        for (keys, ticket) in winners {
            batch.claim(*keys, *ticket).unwrap();
        }
        batch.build(true)
    };
    let most = limits::most(|n| {
        let keys = strangers(house, game, n);
        of(&keys.into_iter().map(|keys| (keys, 0)).collect::<Vec<_>>())
    });
    let mut places = 0..32;
    for items in sizes(most) {
        let winners: Vec<_> = places
            .by_ref()
            .take(items)
            .map(|place| {
                let (entry, ticket) = pair.world.winner(&game, place);
                (pair.world.entry_keys(&entry), ticket)
            })
            .collect();
        let batch = Batch {
            what: "claim (1 round)",
            items: winners.len(),
        };
        pair.batch(batch, of(&winners), &authority);
    }
    pair.costs()
}

/// Refunds of different players, then the rent of their entries.
pub fn refunds_and_closes() -> Vec<Cost> {
    let mut pair = Pair::with_house(|_| ());
    let authority = pair.world.authority.pubkey();
    let refunds = |entries: &[EntryKeys]| {
        let mut batch = ix::Batch::new(authority);
        for keys in entries {
            batch.refund(*keys).unwrap();
        }
        batch.build(true)
    };
    let closes = |entries: &[EntryKeys]| {
        let mut batch = ix::Batch::new(authority);
        for keys in entries {
            batch.close_entry(*keys).unwrap();
        }
        batch.build(true)
    };
    let (house, game) = (pair.world.house, Pubkey::new_from_array([202; 32]));
    let refund_sizes = sizes(limits::most(|n| refunds(&strangers(house, game, n))));
    let close_sizes = sizes(limits::most(|n| closes(&strangers(house, game, n))));
    let total = |sizes: &[usize]| sizes.iter().sum::<usize>();
    let entries = total(&refund_sizes).max(total(&close_sizes));
    let sold = pair.world.cancelled(&vec![1; entries]);
    let entries = keys(&pair.world, &sold.entries);
    run(&mut pair, "refund", &refund_sizes, &entries, refunds);
    for rest in &sold.entries[total(&refund_sizes)..] {
        pair.world.refund(rest).unwrap();
    }
    run(&mut pair, "close_entry", &close_sizes, &entries, closes);
    pair.costs()
}

fn run(
    pair: &mut Pair,
    what: &'static str,
    sizes: &[usize],
    entries: &[EntryKeys],
    of: impl Fn(&[EntryKeys]) -> Instruction,
) {
    let authority = pair.world.authority.insecure_clone();
    let mut rest = entries;
    for items in sizes {
        let (now, later) = rest.split_at(*items);
        rest = later;
        let batch = Batch {
            what,
            items: *items,
        };
        pair.batch(batch, of(now), &authority);
    }
}

fn keys(world: &World, entries: &[Pubkey]) -> Vec<EntryKeys> {
    entries
        .iter()
        .map(|entry| world.entry_keys(entry))
        .collect()
}

/// Entries of different players, to see how many fit.
fn strangers(house: Pubkey, game: Pubkey, n: usize) -> Vec<EntryKeys> {
    let addresses = addresses(2 * n);
    addresses
        .chunks_exact(2)
        .map(|pair| EntryKeys {
            house,
            game,
            entry: pair[0],
            player: pair[1],
            token: None,
        })
        .collect()
}
