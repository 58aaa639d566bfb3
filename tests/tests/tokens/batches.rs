//! Batches of everything, in native SOL and tokens with the same numbers.

use litesvm::types::TransactionMetadata;
use lottery::{LotteryError, state::Game};
use lottery_client::{
    address,
    instruction::{Batch, Purchase},
};
use lottery_tests::{
    payouts::Sold,
    refusal::assert_refused,
    rules::FEE,
    tokens::{Currency, PLAYER_TOKENS},
    world::World,
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::common::{second_house, ten_tickets, won, world_of_hits};

for_each_token! {
    closes_alone
    join_of_a_frozen_vault_is_left_out
    payments_of_a_frozen_vault_are_left_out
    joins_that_cannot_be_paid_are_left_out
    houses_of_one_mint
    houses_of_two_currencies
}

/// A code per operation, 0 for done.
pub fn codes(done: &TransactionMetadata) -> Vec<u32> {
    let (codes, []) = done.return_data.data.as_chunks() else {
        panic!("not whole codes");
    };
    codes.iter().map(|code| u32::from_le_bytes(*code)).collect()
}

/// Every prize, award, refund and rent of these games; returns the operations.
fn everything(world: &World, won: &Sold, cancelled: &Sold) -> (Instruction, usize) {
    let mut batch = Batch::new(world.authority.pubkey());
    let (entry, ticket) = world.winner(&won.game, 0);
    batch.claim(world.entry_keys(&entry), ticket).unwrap();
    for entry in &cancelled.entries {
        batch.refund(world.entry_keys(entry)).unwrap();
    }
    for tier in 0..3 {
        let ticket = world.game(&won.game).jackpot_tickets[usize::from(tier)];
        let entry = world.holder(&won.game, ticket);
        batch.claim_jackpot(world.entry_keys(&entry), tier).unwrap();
    }
    for entry in won.entries.iter().chain(&cancelled.entries) {
        batch.close_entry(world.entry_keys(entry)).unwrap();
    }
    let operations = batch.len();
    (batch.build(true), operations)
}

/// What players gained from a batch that paid everything; and what who cranked got.
fn all_at_once(currency: Currency) -> (Vec<u64>, u64) {
    let mut world = world_of_hits(currency);
    let cancelled = {
        let sold = world.sell(ten_tickets, &[1]);
        world.pass(3_600);
        world.cancel(&sold.game).unwrap();
        sold
    };
    let won = won(&mut world);
    let players: Vec<_> = [&won, &cancelled]
        .iter()
        .flat_map(|sold| sold.players.iter().map(Keypair::pubkey))
        .collect();
    let money = |world: &World| -> Vec<u64> {
        let all = players.iter().map(|player| world.money_of(player));
        all.collect()
    };
    let before = money(&world);
    let (batch, operations) = everything(&world, &won, &cancelled);
    let cranker = world.lamports(&world.authority.pubkey());
    let done = world.crank(batch).unwrap();
    assert_eq!(codes(&done), vec![0; operations]);
    for sold in [&won, &cancelled] {
        assert!(world.game(&sold.game).has(Game::FLAG_PAID));
        assert!(sold.entries.iter().all(|entry| world.is_gone(entry)));
        world.close_game(&sold.game).unwrap();
    }
    let rent = world.rent(112);
    let gains = before.iter().zip(money(&world)).enumerate();
    let gains = gains.map(|(n, (before, after))| {
        // In native SOL the entry's rent arrives in the same account, and with it
        // the bounty of a refund that nobody made.
        let unspent = if n < won.players.len() { 10_000 } else { 0 };
        let lamports = if currency == Currency::Native {
            rent + unspent
        } else {
            0
        };
        after - before - lamports
    });
    let gains = gains.collect();
    (gains, world.lamports(&world.authority.pubkey()) - cranker)
}

#[test]
fn everything_in_every_currency() {
    let [native, spl_token, token_2022] = Currency::ALL.map(all_at_once);
    assert_eq!(native.0, spl_token.0);
    assert_eq!(native.0, token_2022.0);
    let prizes = 90_000_000 + 900_000 + 1_600_000 + 1_500_000;
    assert_eq!(native.0.iter().sum::<u64>(), prizes + FEE);
    // Closing a token house's game returns its vault's rent too.
    assert_eq!(spl_token.1, token_2022.1);
    let vault = World::in_currency(Currency::SplToken, |_| ()).rent(165);
    assert_eq!(spl_token.1, native.1 + 2 * vault);
}

fn order(world: &World, game: &Pubkey, player: &Keypair, nonce: u16, tickets: u32) -> Purchase {
    Purchase {
        player: player.pubkey(),
        house: world.house,
        game: *game,
        tickets,
        nonce,
        max_total: u64::MAX,
    }
}

#[test]
fn joins_in_every_currency() {
    for currency in Currency::ALL {
        let mut world = world_of_hits(currency);
        let games = [0; 2].map(|_| world.create_game(ten_tickets).unwrap());
        let player = world.player();
        let mut batch = Batch::new(player.pubkey());
        for (nonce, game) in (0..2).zip([&games, &games]) {
            for (game, tickets) in game.iter().zip([1, 4]) {
                let order = order(&world, game, &player, nonce, tickets);
                batch.join(&order, world.token).unwrap();
            }
        }
        let before = world.money_of(&player.pubkey());
        let done = world.send(&[batch.build(true)], &player, &[]).unwrap();
        assert_eq!(codes(&done), [0; 4]);
        for (game, tickets) in games.iter().zip([2, 8]) {
            assert_eq!(world.game(game).tickets, tickets);
        }
        let paid = if currency == Currency::Native {
            4 * (world.rent(112) + 2 * 10_000) + 5_000
        } else {
            assert_eq!(world.held_by(&games[0]), 2 * FEE);
            assert_eq!(world.held_by(&games[1]), 8 * FEE);
            0
        };
        assert_eq!(before - world.money_of(&player.pubkey()), 10 * FEE + paid);
    }
}

/// Rent returns without a look at the vault, which the batch does not name.
fn closes_alone(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let sold = world.cancelled(&[1, 2]);
    for entry in &sold.entries {
        world.refund(entry).unwrap();
    }
    let mut batch = Batch::new(world.authority.pubkey());
    for entry in &sold.entries {
        batch.close_entry(world.entry_keys(entry)).unwrap();
    }
    let batch = batch.build(false);
    let vault = address::vault(&sold.game);
    assert!(batch.accounts.iter().all(|meta| meta.pubkey != vault));
    let done = world.crank(batch).unwrap();
    assert_eq!(codes(&done), [0, 0]);
    assert_eq!(world.game(&sold.game).entries_closed, 2);
}

fn join_of_a_frozen_vault_is_left_out(currency: Currency) {
    let mut world = world_of_hits(currency);
    let games = [0; 2].map(|_| world.create_game(ten_tickets).unwrap());
    let vault = address::vault(&games[0]);
    world.freeze(&vault);
    let player = world.player();
    let mut batch = Batch::new(player.pubkey());
    for game in &games {
        let order = order(&world, game, &player, 0, 1);
        batch.join(&order, world.token).unwrap();
    }
    let done = world.send(&[batch.build(false)], &player, &[]).unwrap();
    assert_eq!(codes(&done), [LotteryError::VaultFrozen.code(), 0]);
    assert_eq!(world.money_of(&player.pubkey()), PLAYER_TOKENS - FEE);
    let entry = address::entry(&games[0], &player.pubkey(), 0);
    assert!(world.is_gone(&entry));
}

fn payments_of_a_frozen_vault_are_left_out(currency: Currency) {
    let mut world = world_of_hits(currency);
    let frozen = won(&mut world);
    let other = won(&mut world);
    let vault = address::vault(&frozen.game);
    world.freeze(&vault);
    let mut batch = Batch::new(world.authority.pubkey());
    for sold in [&frozen, &other] {
        let (entry, ticket) = world.winner(&sold.game, 0);
        batch.claim(world.entry_keys(&entry), ticket).unwrap();
        let ticket = world.game(&sold.game).jackpot_tickets[2];
        let entry = world.holder(&sold.game, ticket);
        batch.claim_jackpot(world.entry_keys(&entry), 2).unwrap();
    }
    let done = world.crank(batch.build(false)).unwrap();
    let code = LotteryError::VaultFrozen.code();
    assert_eq!(codes(&done), [code, code, 0, 0]);
    assert_eq!(world.game(&frozen.game).paid_out, 0);
    let award = world.game(&other.game).jackpot_awards[2];
    assert_eq!(world.game(&other.game).paid_out, 90_000_000 + award);
}

/// Each purchase sees what those before it left.
fn joins_that_cannot_be_paid_are_left_out(currency: Currency) {
    let mut world = world_of_hits(currency);
    let games = [0; 3].map(|_| world.create_game(ten_tickets).unwrap());
    let player = world.player();
    let account = world.tokens_of(&player.pubkey());
    let elsewhere = world.tokens_of(&world.authority.pubkey());
    let spare = PLAYER_TOKENS - 3 * FEE;
    world
        .move_tokens(&player, &account, &elsewhere, spare)
        .unwrap();
    let mut batch = Batch::new(player.pubkey());
    for (game, tickets) in games.iter().zip([2, 2, 1]) {
        let order = order(&world, game, &player, 0, tickets);
        batch.join(&order, world.token).unwrap();
    }
    let done = world.send(&[batch.build(false)], &player, &[]).unwrap();
    let refused = LotteryError::InsufficientFunds.code();
    assert_eq!(codes(&done), [0, refused, 0]);
    assert_eq!(world.tokens_in(&account), 0);
}

/// Refunds of two houses that share a mint, each from its own vault.
fn houses_of_one_mint(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let first = world.cancelled(&[3]);
    let keys = world.entry_keys(&first.entries[0]);
    second_house(&mut world);
    let second = world.cancelled(&[5]);
    let mut batch = Batch::new(world.authority.pubkey());
    batch.refund(keys).unwrap();
    let other = world.entry_keys(&second.entries[0]);
    batch.refund(other).unwrap();
    let done = world.crank(batch.build(true)).unwrap();
    assert_eq!(codes(&done), [0, 0]);
    for sold in [first, second] {
        assert_eq!(world.held_by(&sold.game), 0);
        assert_eq!(world.money_of(&sold.players[0].pubkey()), PLAYER_TOKENS);
    }

    // Crossed over, nobody is paid.
    let third = world.cancelled(&[1]);
    let vault = address::vault(&third.game);
    let mut batch = Batch::new(world.authority.pubkey());
    batch.refund(world.entry_keys(&third.entries[0])).unwrap();
    let other = world.create_game(ten_tickets).unwrap();
    let other = address::vault(&other);
    world.mint_to(&other, FEE);
    let crossed = crate::common::swap(&batch.build(false), &vault, &other);
    assert_refused(world.crank(crossed), LotteryError::ForeignVault);
}

/// One house plays for native SOL, another for a token: a player joins a game of each,
/// gets a refund from each, and the rent of both entries, all in one instruction.
fn houses_of_two_currencies(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let (token, house) = (world.token, world.house);
    let player = world.player();
    let cancelled = |world: &mut World, tickets| {
        let game = world.create_game(ten_tickets).unwrap();
        let entry = world.join(&game, &player, tickets).unwrap();
        world.pass(3_600);
        world.cancel(&game).unwrap();
        entry
    };
    let tokens_back = cancelled(&mut world, 1);
    let token_keys = world.entry_keys(&tokens_back);
    world.token = None;
    second_house(&mut world);
    let sol_back = cancelled(&mut world, 1);
    let sol_keys = world.entry_keys(&sol_back);
    let for_sol = world.create_game(ten_tickets).unwrap();
    let order_for_sol = order(&world, &for_sol, &player, 0, 3);
    (world.token, world.house) = (token, house);
    let for_tokens = world.create_game(ten_tickets).unwrap();
    let order_for_tokens = order(&world, &for_tokens, &player, 0, 2);

    let mut batch = Batch::new(player.pubkey());
    batch.refund(sol_keys).unwrap();
    batch.join(&order_for_sol, None).unwrap();
    batch.refund(token_keys).unwrap();
    batch.close_entry(sol_keys).unwrap();
    batch.join(&order_for_tokens, token).unwrap();
    batch.close_entry(token_keys).unwrap();
    let lamports = world.lamports(&player.pubkey());
    let done = world.send(&[batch.build(true)], &player, &[]).unwrap();
    assert_eq!(codes(&done), [0; 6]);

    // Both refunds' bounties and all rent of the old entries; both new entries' rent.
    let after = lamports - 5_000 + FEE - 3 * FEE;
    assert_eq!(world.lamports(&player.pubkey()), after);
    assert_eq!(world.game(&for_sol).tickets, 3);
    assert_eq!(world.money_of(&player.pubkey()), PLAYER_TOKENS - 2 * FEE);
    assert_eq!(world.held_by(&for_tokens), 2 * FEE);
}
