//! How much fits into one transaction: what 1,232 bytes hold always does; what lookup
//! tables make room for does with a larger heap, because nothing is given back to it.

use std::collections::BTreeSet;

use lottery::state::{Game, GameParams, GameStatus, MAX_PLACES};
use lottery_client::{
    instruction::{self as ix, Batch},
    sender::packed_size,
};
use lottery_tests::{
    events::{Event, events},
    payouts::send_batch,
    rules,
    world::World,
};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// Accounts that a transaction may lock.
const MAX_ACCOUNTS: usize = 64;
/// Bytes of a packet.
const MAX_BYTES: usize = 1_232;
/// The largest heap that a transaction may ask for (bytes).
const LARGEST_HEAP: u32 = 256 * 1_024;

/// Sends as the authority: with a larger heap what lookup tables would make room for,
/// without one what fits a packet.
fn crank(world: &mut World, instruction: Instruction) -> litesvm::types::TransactionMetadata {
    let authority = world.authority.insecure_clone();
    let mut instructions = vec![ComputeBudgetInstruction::set_compute_unit_limit(1_400_000)];
    if packed_size(std::slice::from_ref(&instruction), &authority.pubkey()) > MAX_BYTES {
        let heap = ComputeBudgetInstruction::request_heap_frame(LARGEST_HEAP);
        instructions.push(heap);
    }
    let accounts: BTreeSet<_> = instruction.accounts.iter().map(|m| m.pubkey).collect();
    assert!(accounts.len() + 2 <= MAX_ACCOUNTS, "{}", accounts.len());
    instructions.push(instruction);
    world.send(&instructions, &authority, &[]).unwrap()
}

/// The most members with which what `build` makes fits a packet.
fn most(payer: Pubkey, build: impl Fn(usize) -> Instruction) -> usize {
    (1..)
        .find(|members| packed_size(&[build(members + 1)], &payer) > MAX_BYTES)
        .unwrap()
}

/// One round, sold out by two tickets.
fn of_two(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.max_tickets = 2;
    params.max_tickets_per_entry = 2;
    params
}

fn refunds_and_closes(world: &World, signer: Pubkey, entries: &[Pubkey]) -> Batch {
    let mut batch = Batch::new(signer);
    for entry in entries {
        batch.refund(world.entry_keys(entry)).unwrap();
    }
    for entry in entries {
        batch.close_entry(world.entry_keys(entry)).unwrap();
    }
    batch
}

#[test]
fn a_batch_refunds_and_closes_as_many_entries_as_a_transaction_holds() {
    let mut world = World::new();
    let sold = world.cancelled(&[1; 28]);
    let signer = world.authority.pubkey();
    let fits = most(signer, |members| {
        refunds_and_closes(&world, signer, &sold.entries[..members]).build(true)
    });
    assert!(fits >= 10, "{fits}");
    let (some, rest) = sold.entries.split_at(fits);
    for entry in rest {
        world.refund(entry).unwrap();
    }
    let batch = refunds_and_closes(&world, signer, some).build(true);
    crank(&mut world, batch);
    assert!(some.iter().all(|entry| world.is_gone(entry)));

    let sold = world.cancelled(&[1; 28]);
    let batch = refunds_and_closes(&world, signer, &sold.entries).build(true);
    crank(&mut world, batch);
    assert!(sold.entries.iter().all(|entry| world.is_gone(entry)));
}

#[test]
fn a_batch_pays_all_places_of_a_game() {
    let mut world = World::new();
    let sold = world.settled(
        |id, now| {
            let mut params = rules::game(id, now);
            params.winners = 32;
            params.min_tickets = 32;
            params.place_bps = [312; MAX_PLACES];
            params.place_bps[0] = 10_000 - 31 * 312;
            params
        },
        &[20, 20],
    );
    let cranker = world.player();
    let mut batch = Batch::new(cranker.pubkey());
    for place in 0..32 {
        let (entry, ticket) = world.winner(&sold.game, place);
        batch.claim(world.entry_keys(&entry), ticket).unwrap();
    }
    let results = send_batch(&mut world, &cranker, batch, true).unwrap();
    assert_eq!(results, [None; 32]);
    assert!(world.game(&sold.game).has(Game::FLAG_PAID));
}

#[test]
fn a_batch_joins_as_many_games_as_a_transaction_holds() {
    let mut world = World::new();
    let player = world.player();
    let mut batch = Batch::new(player.pubkey());
    for _ in 0..27 {
        let game = world.create_game(rules::game).unwrap();
        let purchase = ix::Purchase {
            player: player.pubkey(),
            house: world.house,
            game,
            tickets: 1,
            nonce: 0,
            max_total: u64::MAX,
        };
        batch.join(&purchase, None).unwrap();
    }
    let results = send_batch(&mut world, &player, batch, true).unwrap();
    assert_eq!(results, [None; 27]);
}

/// Binds, releases, binds and settles games, all in one transaction each.
fn whole_draw(world: &mut World, games: &[Pubkey]) {
    let id = world.lane().next_draw;
    let request = world.request_ix(id, 0, games);
    crank(world, request);
    world.time_out(id);
    let abort = world.abort_ix(id, games);
    crank(world, abort);
    let id = id + 1;
    let request = world.request_ix(id, 1, games);
    crank(world, request);
    assert_eq!(usize::from(world.draw(id).games), games.len());
    world.pass(0);
    let answer = world.answer(1, [1; 32]);
    world.crank(world.reveal_ix(id, 1, &answer)).unwrap();
    let settle = world.settle_ix(id, games);
    let meta = crank(world, settle);
    let settled = events(&meta)
        .into_iter()
        .filter(|event| matches!(event, Event::GameSettled(_)))
        .count();
    assert_eq!(settled, games.len());
    for game in games {
        assert!(world.game(game).is(GameStatus::Settled));
        assert!(world.game(game).jackpot_awards[2] > 0);
    }
}

#[test]
fn a_draw_binds_releases_and_settles_as_many_games_as_a_transaction_holds() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 2));
    let games: Vec<Pubkey> = (0..45).map(|_| world.sell(of_two, &[2]).game).collect();
    let payer = world.authority.pubkey();
    let fits = most(payer, |members| world.settle_ix(0, &games[..members]));
    assert!(fits >= 10, "{fits}");
    whole_draw(&mut world, &games[..fits]);
    let more: Vec<Pubkey> = (0..fits).map(|_| world.sell(of_two, &[2]).game).collect();
    let games = [&games[fits..], &more].concat();
    whole_draw(&mut world, &games);
}
