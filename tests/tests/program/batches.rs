//! Several joins, claims, refunds and closes in one instruction.

use lottery::{
    LotteryError,
    state::{Entry, Game, GameParams},
};
use lottery_client::{
    address,
    instruction::{Batch, Purchase},
};
use lottery_tests::{
    payouts::{Sold, send_batch},
    rules,
    world::{SOL, World, assert_refused},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// Three places, drawn in one round, sold out by six tickets.
fn of_six(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.winners = 3;
    params.min_tickets = 3;
    params.max_tickets = 6;
    params.max_tickets_per_entry = 6;
    params.place_bps[..3].copy_from_slice(&[5_000, 3_000, 2_000]);
    params
}

fn purchase(world: &World, player: Pubkey, game: Pubkey, tickets: u32, nonce: u16) -> Purchase {
    Purchase {
        player,
        house: world.house,
        game,
        tickets,
        nonce,
        max_total: u64::MAX,
    }
}

#[test]
fn one_batch_joins_several_games_several_times() {
    let mut world = World::new();
    let games: Vec<_> = (0..3)
        .map(|_| world.create_game(rules::game).unwrap())
        .collect();
    let player = world.player();
    let key = player.pubkey();
    let before = world.lamports(&key);
    let mut batch = Batch::new(key);
    let orders = [(0, 5, 0), (1, 1, 0), (0, 2, 1), (2, 100, 7), (0, 3, 2)];
    for (game, tickets, nonce) in orders {
        let purchase = purchase(&world, key, games[game], tickets, nonce);
        batch.join(&purchase, None).unwrap();
    }
    let results = send_batch(&mut world, &player, batch, false).unwrap();
    assert_eq!(results, [None; 5]);

    let sold: Vec<_> = games.iter().map(|game| world.game(game).tickets).collect();
    assert_eq!(sold, [10, 1, 100]);
    assert_eq!(world.game(&games[0]).entries, 3);
    let mut spent = 5_000;
    let mut first_tickets = Vec::new();
    for (game, tickets, nonce) in orders {
        let entry = address::entry(&games[game], &key, nonce);
        let bought = world.entry(&entry);
        assert_eq!((bought.tickets, bought.player), (tickets, key));
        first_tickets.push(bought.first_ticket);
        spent += bought.paid + world.lamports(&entry);
    }
    assert_eq!(first_tickets, [0, 0, 5, 0, 7]);
    assert_eq!(world.lamports(&key), before - spent);
    for game in &games {
        let state = world.game(game);
        assert_eq!(
            world.lamports(game),
            state.rent_reserve + state.bounty_escrow + state.gross()
        );
    }
}

#[test]
fn one_batch_pays_the_prizes_and_awards_of_many_players_in_many_games() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 6));
    let games: Vec<Sold> = (0..2).map(|_| world.settled(of_six, &[1; 6])).collect();
    let cranker = world.player();
    let mut batch = Batch::new(cranker.pubkey());
    for sold in &games {
        for place in 0..3 {
            let (entry, ticket) = world.winner(&sold.game, place);
            batch.claim(world.entry_keys(&entry), ticket).unwrap();
        }
        for tier in 0..3u8 {
            let ticket = world.game(&sold.game).jackpot_tickets[usize::from(tier)];
            let entry = world.holder(&sold.game, ticket);
            batch.claim_jackpot(world.entry_keys(&entry), tier).unwrap();
        }
    }
    let owed: u64 = games
        .iter()
        .map(|sold| {
            let state = world.game(&sold.game);
            state.prize_pool + state.jackpot_awards.iter().sum::<u64>()
        })
        .sum();
    let total = |world: &World| -> u64 {
        games
            .iter()
            .flat_map(|sold| &sold.players)
            .map(|player| world.lamports(&player.pubkey()))
            .sum()
    };
    let (players, earned) = (total(&world), world.lamports(&cranker.pubkey()));
    let results = send_batch(&mut world, &cranker, batch, false).unwrap();
    assert_eq!(results, [None; 12]);
    assert_eq!(total(&world), players + owed);
    assert_eq!(
        world.lamports(&cranker.pubkey()),
        earned + 12 * 10_000 - 5_000
    );
    for sold in &games {
        assert!(world.game(&sold.game).has(Game::FLAG_PAID));
    }
}

#[test]
fn one_batch_refunds_a_whole_game_and_closes_its_entries() {
    let mut world = World::new();
    let sold = world.cancelled(&[1, 2, 3, 4]);
    let cranker = world.player();
    let mut batch = Batch::new(cranker.pubkey());
    for entry in &sold.entries {
        batch.refund(world.entry_keys(entry)).unwrap();
    }
    for entry in &sold.entries {
        batch.close_entry(world.entry_keys(entry)).unwrap();
    }
    let before: Vec<_> = sold
        .players
        .iter()
        .map(|player| world.lamports(&player.pubkey()))
        .collect();
    let earned = world.lamports(&cranker.pubkey());
    let results = send_batch(&mut world, &cranker, batch, false).unwrap();
    assert_eq!(results, [None; 8]);
    let rent = world.rent(8 + size_of::<Entry>());
    for (n, player) in sold.players.iter().enumerate() {
        let price = (n as u64 + 1) * rules::FEE;
        assert_eq!(world.lamports(&player.pubkey()), before[n] + price + rent);
        assert!(world.is_gone(&sold.entries[n]));
        assert_eq!(world.lamports(&sold.entries[n]), 0);
    }
    assert_eq!(
        world.lamports(&cranker.pubkey()),
        earned + 8 * 10_000 - 5_000
    );
    assert_eq!(world.game(&sold.game).entries_closed, 4);
    world.close_game(&sold.game).unwrap();
}

#[test]
fn one_entry_is_refunded_and_closed_in_one_batch() {
    let mut world = World::new();
    let sold = world.cancelled(&[1]);
    let cranker = world.player();
    let keys = world.entry_keys(&sold.entries[0]);
    let mut batch = Batch::new(cranker.pubkey());
    batch.refund(keys).unwrap();
    batch.close_entry(keys).unwrap();
    let before = world.lamports(&keys.player);
    let held = world.lamports(&keys.entry);
    let results = send_batch(&mut world, &cranker, batch, true).unwrap();
    assert_eq!(results, [None; 2]);
    assert_eq!(
        world.lamports(&keys.player),
        before + rules::FEE + held - 2 * 10_000
    );
}

#[test]
fn a_prize_is_claimed_and_the_entries_closed_in_one_batch() {
    let mut world = World::new();
    let sold = world.settled(rules::game, &[1, 1]);
    let cranker = world.player();
    let (winner, ticket) = world.winner(&sold.game, 0);
    let mut batch = Batch::new(cranker.pubkey());
    // Nothing can be closed before everything is paid.
    batch
        .close_entry(world.entry_keys(&sold.entries[0]))
        .unwrap();
    batch.claim(world.entry_keys(&winner), ticket).unwrap();
    for entry in &sold.entries {
        batch.close_entry(world.entry_keys(entry)).unwrap();
    }
    let results = send_batch(&mut world, &cranker, batch, false).unwrap();
    let refused = results[0].and_then(|refusal| refusal.lottery_error());
    assert_eq!(refused, Some(LotteryError::GameStillOwes));
    assert_eq!(results[1..], [None; 3]);
}

#[test]
fn the_signer_may_be_a_player_of_the_batch() {
    let mut world = World::new();
    let sold = world.cancelled(&[2]);
    let player = &sold.players[0];
    let keys = world.entry_keys(&sold.entries[0]);
    let mut batch = Batch::new(player.pubkey());
    batch.refund(keys).unwrap();
    batch.close_entry(keys).unwrap();
    let before = world.lamports(&player.pubkey());
    let held = world.lamports(&keys.entry);
    let results = send_batch(&mut world, player, batch, true).unwrap();
    assert_eq!(results, [None; 2]);
    assert_eq!(
        world.lamports(&player.pubkey()),
        before + 2 * rules::FEE + held - 5_000,
        "the bounties are theirs too"
    );

    let sold = world.settled(rules::game, &[1, 1]);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let winner = sold
        .players
        .iter()
        .find(|player| player.pubkey() == world.entry(&entry).player)
        .unwrap();
    let mut batch = Batch::new(winner.pubkey());
    batch.claim(world.entry_keys(&entry), ticket).unwrap();
    batch.close_entry(world.entry_keys(&entry)).unwrap();
    send_batch(&mut world, winner, batch, true).unwrap();
}

fn claim_all(world: &mut World, game: &Pubkey) {
    for place in 0..3 {
        world.claim_place(game, place).unwrap();
    }
    for tier in 0..3 {
        world.claim_award(game, tier).unwrap();
    }
}

#[test]
fn one_batch_mixes_everything() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 6));
    let won = world.settled(of_six, &[1; 6]);
    let paid = world.settled(of_six, &[6]);
    claim_all(&mut world, &paid.game);
    let cancelled = world.sell(of_six, &[1, 1]);
    world.pass(3_600);
    world.cancel(&cancelled.game).unwrap();
    let on_sale = world.create_game(of_six).unwrap();

    let player = world.player();
    let key = player.pubkey();
    let mut batch = Batch::new(key);
    let (first, first_ticket) = world.winner(&won.game, 0);
    let awarded = world.holder(&won.game, world.game(&won.game).jackpot_tickets[1]);
    batch.claim(world.entry_keys(&first), first_ticket).unwrap();
    let one = purchase(&world, key, on_sale, 1, 0);
    batch.join(&one, None).unwrap();
    batch
        .refund(world.entry_keys(&cancelled.entries[1]))
        .unwrap();
    batch.claim_jackpot(world.entry_keys(&awarded), 1).unwrap();
    batch
        .close_entry(world.entry_keys(&paid.entries[0]))
        .unwrap();
    let two = purchase(&world, key, on_sale, 2, 1);
    batch.join(&two, None).unwrap();
    batch
        .refund(world.entry_keys(&cancelled.entries[0]))
        .unwrap();
    let results = send_batch(&mut world, &player, batch, true).unwrap();
    assert_eq!(results, [None; 7]);
    let state = world.game(&won.game);
    assert_eq!((state.places_paid, state.awards_paid), (1, 2));
    assert_eq!(world.game(&on_sale).tickets, 3);
    assert!(world.game(&cancelled.game).has(Game::FLAG_PAID));
    assert_eq!(world.game(&paid.game).entries_closed, 1);
    // A later game hit it since, and waits for its own winner.
    assert_eq!(world.jackpot(1).last_game, paid.game);
}

#[test]
fn a_batch_after_a_game_closed_closes_its_entries() {
    let mut world = World::new();
    let sold = world.cancelled(&[1, 1]);
    for entry in &sold.entries {
        world.refund(entry).unwrap();
    }
    world.pass(86_400);
    world.close_game(&sold.game).unwrap();
    let cranker = world.player();
    let mut batch = Batch::new(cranker.pubkey());
    for entry in &sold.entries {
        batch.close_entry(world.entry_keys(entry)).unwrap();
    }
    send_batch(&mut world, &cranker, batch, true).unwrap();
    assert!(sold.entries.iter().all(|entry| world.is_gone(entry)));
}

#[test]
fn a_batch_buys_with_what_the_signer_has_and_no_more() {
    let mut world = World::new();
    let game = world
        .create_game(|id, now| {
            let mut params = rules::game(id, now);
            params.entry_fee = 30 * SOL;
            params
        })
        .unwrap();
    let player = world.player(); // 100 SOL
    let key = player.pubkey();
    let mut batch = Batch::new(key);
    for nonce in 0..5 {
        let purchase = purchase(&world, key, game, 1, nonce);
        batch.join(&purchase, None).unwrap();
    }
    let results = send_batch(&mut world, &player, batch.clone(), false).unwrap();
    let refused: Vec<_> = results
        .iter()
        .map(|result| result.and_then(|refusal| refusal.lottery_error()))
        .collect();
    let short = Some(LotteryError::InsufficientFunds);
    assert_eq!(refused, [None, None, None, short, short]);
    assert_eq!(world.game(&game).tickets, 3);
    // Now that nothing of it can be done:
    assert_refused(
        send_batch(&mut world, &player, batch, false),
        LotteryError::EntryExists,
    );
}
