//! What the keeper packs into a transaction goes through, at its worst: every jackpot
//! hit, every game cancelled, every player another one, and none with a token account;
//! in small transactions and in large ones.

use litesvm::types::TransactionMetadata;
use lottery::state::{GameParams, GameStatus};
use lottery_client::sender::Format;
use lottery_keeper::{
    actions::{Action, Claim, ClaimJackpot, CloseEntry, GameRef, Push, Refund},
    pack::{Capacity, PUSH_COMPUTE_UNITS, instructions, next_batch},
};
use lottery_tests::{payouts::Sold, rules, tokens::Currency, world::World};
use solana_account::Account;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;
use solana_message::{
    Message, VersionedMessage,
    v1::{self, TransactionConfig},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_transaction::versioned::VersionedTransaction;

/// Instructions that a transaction may come to, those that are called included.
const MOST_INSTRUCTIONS: usize = 64;

const FORMATS: [Format; 2] = [Format::Legacy, Format::V1];

/// Sends what the keeper would, with a limit and a price; how many instructions it came
/// to, and what it used.
fn send(
    world: &mut World,
    format: &Format,
    instructions: &[Instruction],
) -> (usize, TransactionMetadata) {
    let authority = world.authority.insecure_clone();
    let payer = authority.pubkey();
    assert!(format.fits(instructions, &payer));
    world.svm.expire_blockhash();
    let blockhash = world.svm.latest_blockhash();
    let message = match format {
        Format::V1 => {
            let config = TransactionConfig::empty()
                .with_compute_unit_limit(1_400_000)
                .with_loaded_accounts_data_size_limit(64 * 1024 * 1024);
            let message =
                v1::Message::try_compile_with_config(&payer, instructions, blockhash, config);
            VersionedMessage::V1(message.unwrap())
        }
        _ => {
            let mut all = vec![
                ComputeBudgetInstruction::set_compute_unit_limit(1_400_000),
                ComputeBudgetInstruction::set_compute_unit_price(1),
            ];
            all.extend_from_slice(instructions);
            VersionedMessage::Legacy(Message::new_with_blockhash(&all, Some(&payer), &blockhash))
        }
    };
    let listed = message.instructions().len();
    let transaction = VersionedTransaction::try_new(message, &[&authority]).unwrap();
    let meta = world.svm.send_transaction(transaction).unwrap();
    let called: usize = meta.inner_instructions.iter().map(Vec::len).sum();
    (listed + called, meta)
}

/// Two tickets, sold out at once, that hit all jackpots of [`certain`].
fn pair(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.max_tickets = 2;
    params.max_tickets_per_entry = 2;
    params
}

fn certain(currency: Currency) -> World {
    World::in_currency(currency, |params| rules::certain_hits(params, 2))
}

#[test]
fn settlements_fit_whatever_is_hit() {
    for format in FORMATS {
        let capacity = Capacity::of(&format);
        for currency in Currency::ALL {
            let most = match currency {
                Currency::Native => capacity.settlement,
                _ => capacity.token_settlement,
            };
            // No draw has more.
            let most = most.min(Capacity::of(&Format::V1).request);
            let mut world = certain(currency);
            let games: Vec<Pubkey> = (0..most).map(|_| world.sell(pair, &[2]).game).collect();
            world.pass(60);
            let id = world.lane().next_draw;
            let request = world.request_ix(id, 0, &games);
            send(&mut world, &Format::V1, &[request]);
            world.reveal(id, [3; 32]).unwrap();
            let settle = world.settle_ix(id, &games);
            let (count, meta) = send(&mut world, &format, &[settle]);
            let used = meta.compute_units_consumed;
            println!("{format:?}, {currency:?}: {most} games, {count} instructions, {used} CU");
            assert!(count <= MOST_INSTRUCTIONS - 2, "{currency:?}: {count}");
            assert!(used < u64::from(PUSH_COMPUTE_UNITS));
            for game in &games {
                let state = world.game(game);
                assert!(state.is(GameStatus::Settled));
                assert!(state.jackpot_awards.iter().all(|award| *award > 0));
            }
        }
    }
}

/// As many games as settle in the transaction that brings their value.
#[test]
fn values_fit_beside_what_settles_with_them() {
    for format in FORMATS {
        let capacity = Capacity::of(&format);
        for currency in Currency::ALL {
            let most = match currency {
                Currency::Native => capacity.reveal,
                _ => capacity.token_reveal,
            };
            let most = most.min(Capacity::of(&Format::V1).request);
            let mut world = certain(currency);
            // One more is left, so that the draw stays.
            let games: Vec<Pubkey> = (0..=most).map(|_| world.sell(pair, &[2]).game).collect();
            world.pass(60);
            let id = world.lane().next_draw;
            let request = world.request_ix(id, 0, &games);
            send(&mut world, &Format::V1, &[request]);
            world.pass(0);
            let reveal = world.reveal_ix(id, 0, &world.answer(0, [3; 32]));
            let (at_once, left) = games.split_at(most);
            let settle = world.settle_ix(id, at_once);
            let all = [reveal, settle];
            let sent = if at_once.is_empty() { &all[..1] } else { &all };
            let (count, meta) = send(&mut world, &format, sent);
            let used = meta.compute_units_consumed;
            println!("{format:?}, {currency:?}: {most} games, {count} instructions, {used} CU");
            assert!(count <= MOST_INSTRUCTIONS - 8, "{currency:?}: {count}");
            assert!(used < u64::from(PUSH_COMPUTE_UNITS));
            let settled = |game| world.game(game).is(GameStatus::Settled);
            assert!(at_once.iter().all(settled));
            assert!(!left.iter().any(settled));
        }
    }
}

#[test]
fn a_release_that_cancels_all_its_games_fits() {
    for format in FORMATS {
        let capacity = Capacity::of(&format);
        let most = capacity.request.min(capacity.release);
        let mut world = certain(Currency::Native);
        let games: Vec<Pubkey> = (0..most).map(|_| world.sell(pair, &[2]).game).collect();
        world.pass(60);
        world.fail_draw(0, &games);
        world.fail_draw(1, &games);
        let request = world.request_ix(world.lane().next_draw, 2, &games);
        let id = world.lane().next_draw;
        send(&mut world, &format, &[request]);
        world.time_out(id);
        let abort = world.abort_ix(id, &games);
        let (count, meta) = send(&mut world, &format, &[abort]);
        let used = meta.compute_units_consumed;
        println!("{format:?}: {most} games, {count} instructions, {used} CU");
        let cancelled = |game| world.game(game).is(GameStatus::Cancelled);
        assert!(games.iter().all(cancelled));
    }
}

/// Eight rounds and 32 places; sold out by 40 tickets, it hits all jackpots.
fn longest(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.max_tickets = 40;
    params.max_tickets_per_entry = 40;
    params.min_tickets = 32;
    params.rounds = 8;
    params.winners = 32;
    params.keep_bps = [10_000; 8];
    params.keep_bps[7] = 0;
    params.place_bps = [312; 32];
    params.place_bps[0] = 10_000 - 31 * 312;
    params.round_interval = 0;
    params
}

/// How the players' token accounts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accounts {
    There,
    Missing,
    /// Somebody sent lamports to their addresses, which makes them dearer to create.
    Prefunded,
}

fn lose_accounts(world: &mut World, sold: &Sold, accounts: Accounts) {
    let lamports = match accounts {
        Accounts::There => return,
        Accounts::Missing => 0,
        Accounts::Prefunded => 1_000_000,
    };
    for player in &sold.players {
        let account = world.token().associated(&player.pubkey());
        let empty = Account {
            lamports,
            ..Account::default()
        };
        world.svm.set_account(account, empty).unwrap();
    }
}

/// Everything that a settled game owes.
fn claims(world: &World, game: Pubkey) -> Vec<Action> {
    let state = world.game(&game);
    let reference = GameRef {
        id: state.id,
        address: game,
    };
    let (house, token) = (world.house, world.token);
    let awards = (0..3u8).map(|tier| {
        let entry = world.holder(&game, state.jackpot_tickets[usize::from(tier)]);
        Action::ClaimJackpot(ClaimJackpot {
            house,
            game: reference,
            entry,
            player: world.entry(&entry).player,
            tier,
            token,
        })
    });
    let places = (0..state.winners).map(|place| {
        let (entry, ticket) = world.winner(&game, place.into());
        Action::Claim(Claim {
            house,
            game: reference,
            entry,
            player: world.entry(&entry).player,
            ticket,
            place,
            rounds: state.rounds,
            token,
        })
    });
    awards.chain(places).collect()
}

fn refunds(world: &World, sold: &Sold) -> Vec<Action> {
    let game = GameRef {
        id: world.game(&sold.game).id,
        address: sold.game,
    };
    let of = |(entry, player): (&Pubkey, &solana_keypair::Keypair)| {
        Action::Refund(Refund {
            house: world.house,
            game,
            entry: *entry,
            player: player.pubkey(),
            token: world.token,
        })
    };
    sold.entries.iter().zip(&sold.players).map(of).collect()
}

fn closes(sold: &Sold) -> Vec<Action> {
    let of = |(entry, player): (&Pubkey, &solana_keypair::Keypair)| {
        Action::CloseEntry(CloseEntry {
            game: sold.game,
            entry: *entry,
            player: player.pubkey(),
        })
    };
    sold.entries.iter().zip(&sold.players).map(of).collect()
}

/// Sends them in batches; each costs no more than was estimated, and leaves nobody out.
fn push(world: &mut World, format: &Format, what: &str, actions: Vec<Action>) {
    let payer = world.authority.pubkey();
    let mut actions = actions.into_iter().peekable();
    let (mut most, mut calls, mut share) = (0, 0, 0);
    while actions.peek().is_some() {
        let batch = next_batch(&mut actions, &payer, format);
        let pushes: Vec<Push> = batch.iter().filter_map(Action::push).collect();
        let built = instructions(&pushes, &payer, |account| world.is_gone(account)).unwrap();
        let (count, meta) = send(world, format, &built);
        assert!(
            meta.return_data.data.iter().all(|byte| *byte == 0),
            "{batch:?}"
        );
        let estimate: u32 = pushes.iter().map(Push::most_compute_units).sum();
        let used = meta.compute_units_consumed;
        assert!(used <= u64::from(estimate), "{what}: {used} of {estimate}");
        assert!(count < MOST_INSTRUCTIONS, "{what}: {count} instructions");
        (most, calls) = (most.max(batch.len()), calls.max(count));
        share = share.max(used * 100 / u64::from(estimate));
    }
    println!("{format:?}, {what}: {most} a batch, {calls} instructions, {share} % of the estimate");
}

fn pay_everybody(format: &Format, currency: Currency, accounts: Accounts) {
    let name = |what: &str| format!("{what}, {currency:?}, {accounts:?}");
    let mut world = World::in_currency(currency, |params| rules::certain_hits(params, 40));
    let sold = world.sell(longest, &[1; 40]);
    world.pass(60);
    world.play(&sold.game, 7).unwrap();
    lose_accounts(&mut world, &sold, accounts);
    let owed = claims(&world, sold.game);
    push(&mut world, format, &name("claims"), owed);
    push(&mut world, format, &name("closes"), closes(&sold));

    let mut world = World::in_currency(currency, |_| ());
    let cancelled = world.cancelled(&[1; 40]);
    lose_accounts(&mut world, &cancelled, accounts);
    let owed = refunds(&world, &cancelled);
    push(&mut world, format, &name("refunds"), owed);
}

#[test]
fn batches_of_payments_fit_even_if_every_token_account_is_created() {
    for format in FORMATS {
        pay_everybody(&format, Currency::Native, Accounts::There);
        for currency in Currency::TOKENS {
            for accounts in [Accounts::There, Accounts::Missing, Accounts::Prefunded] {
                pay_everybody(&format, currency, accounts);
            }
        }
    }
}

/// Payments of many games, one each: as many events as payments.
#[test]
fn batches_of_many_games_fit() {
    for format in FORMATS {
        for currency in Currency::ALL {
            let mut world = certain(currency);
            let games: Vec<Sold> = (0..12).map(|_| world.sell(pair, &[1, 1])).collect();
            world.pass(60);
            let mut owed = Vec::new();
            for sold in &games {
                world.play(&sold.game, 7).unwrap();
                if currency != Currency::Native {
                    lose_accounts(&mut world, sold, Accounts::Prefunded);
                }
                owed.push(claims(&world, sold.game));
            }
            // Every other one of another game.
            let longest = owed.iter().map(Vec::len).max().unwrap();
            let mixed = (0..longest).flat_map(|at| owed.iter().filter_map(move |of| of.get(at)));
            let mixed: Vec<Action> = mixed.cloned().collect();
            let name = format!("claims of many games, {currency:?}");
            push(&mut world, &format, &name, mixed);
        }
    }
}
