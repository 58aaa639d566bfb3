//! Every account of every instruction, replaced by each other kind of account,
//! truncated, of another owner, read-only, missing: never accepted.

use lottery::events;
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{LANE, World, assert_fails},
};
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::accounts::{Two, two_houses};

/// What is tried against an instruction, just before it is sent unchanged.
type Trial = fn(&mut World, other_house: Pubkey, &Instruction);

/// Sends every instruction of a house's and a game's life, as the authority, each
/// after a trial.
fn every_instruction(trial: Trial) {
    let mut two = two_houses();
    give_away_other_house(&mut two);
    administration(&mut two, trial);
    let Two {
        mut world,
        other,
        game,
        entry,
        ..
    } = two;
    let world = &mut world;
    let cranker = world.authority.pubkey();
    let send = |world: &mut World, instruction: Instruction| {
        trial(world, other, &instruction);
        world.crank(instruction).unwrap();
    };
    world.pass(3_600);
    let id = world.lane().next_draw;
    send(world, world.request_ix(id, 0, &[game]));
    world.time_out(id);
    send(world, world.abort_ix(id, &[game]));
    let id = id + 1;
    world.request_of(1, &[game]).unwrap();
    world.pass(0);
    let answer = world.answer(1, [1; 32]);
    send(world, world.reveal_ix(id, 1, &answer));
    send(world, world.settle_ix(id, &[game]));
    let (_, ticket) = world.winner(&game, 0);
    send(world, world.claim_ix(&entry, ticket));
    let keys = world.entry_keys(&entry);
    let mut batch = ix::Batch::new(cranker);
    batch.close_entry(keys).unwrap();
    trial(world, other, &batch.build(false));
    send(world, world.close_entry_ix(&entry));
    send(world, ix::close_game(cranker, game, cranker, None));
    let wallet = world.treasury_wallet.pubkey();
    let minimum = world.rent(0);
    world.svm.airdrop(&wallet, minimum).unwrap();
    let accrued = world.treasury().accrued;
    let house = world.house;
    send(
        world,
        ix::withdraw_treasury(cranker, house, wallet, accrued, None),
    );

    let unclaimed = world.settled(rules::game, &[2]).game;
    world.pass(86_400);
    send(world, ix::expire_prizes(cranker, house, unclaimed, None));

    let sold = world.sell(rules::game, &[1]);
    world.pass(3_600);
    send(world, ix::cancel_game(cranker, sold.game));
    send(world, world.refund_ix(&sold.entries[0]));
}

/// So that one house's authority does not pass for the other's.
fn give_away_other_house(two: &mut Two) {
    let (world, other) = (&mut two.world, two.other);
    let successor = world.player();
    let authority = world.authority.pubkey();
    world
        .crank(ix::propose_authority(authority, other, successor.pubkey()))
        .unwrap();
    let accept = ix::accept_authority(successor.pubkey(), other);
    world.send(&[accept], &successor, &[]).unwrap();
}

fn administration(two: &mut Two, trial: Trial) {
    let (world, other) = (&mut two.world, two.other);
    let authority = world.authority.pubkey();
    let house = world.house;
    let rules = rules::house(world.treasury_wallet.pubkey(), world.queue).rules;
    let id = world.treasury().games_created;
    let params = rules::game(id, world.now());
    for instruction in [
        ix::update_house(authority, house, rules),
        ix::set_pause(authority, house, false, false),
        ix::propose_authority(authority, house, authority),
        ix::accept_authority(authority, house),
        ix::create_game(authority, house, params, None),
    ] {
        trial(world, other, &instruction);
        world.crank(instruction).unwrap();
    }
}

#[test]
fn no_substituted_account_is_accepted() {
    every_instruction(substitute);
}

#[test]
fn no_other_account_passes_for_the_event_authority_or_the_program() {
    every_instruction(|world, _, instruction| {
        wrong_event_accounts(world, instruction);
        // Those that any jackpot, any house, any game is right for.
        let authority = world.authority.pubkey();
        let game = address::game(&world.house, 0);
        let params = rules::house(world.treasury_wallet.pubkey(), world.queue);
        for other in [
            ix::create_house(authority, 9, params, None),
            ix::fund_jackpot(authority, world.house, 0, 1, None),
            ix::settle_game(world.house, game, None),
        ] {
            if !world.is_gone(&game) {
                wrong_event_accounts(world, &other);
            }
        }
    });
}

fn wrong_event_accounts(world: &mut World, instruction: &Instruction) {
    let position = event_authority(instruction).unwrap();
    for (index, stranger) in [
        (position, Pubkey::new_unique()),
        (position, lottery::ID),
        (position, world.treasury_wallet.pubkey()),
        (position + 1, Pubkey::new_unique()),
        (position + 1, randomness_stand_in::ID),
        (position + 1, events::AUTHORITY),
    ] {
        let mut changed = instruction.clone();
        changed.accounts[index].pubkey = stranger;
        // Anchor's `ConstraintAddress`.
        assert_fails(world.crank(changed), &InstructionError::Custom(2012));
    }
}

/// Position of the event authority; the program follows it.
fn event_authority(instruction: &Instruction) -> Option<usize> {
    instruction
        .accounts
        .iter()
        .position(|meta| meta.pubkey == events::AUTHORITY)
}

fn substitute(world: &mut World, other_house: Pubkey, instruction: &Instruction) {
    let house = world.house;
    let strangers = [
        house,
        other_house,
        address::treasury(&house),
        address::jackpot(&house, 0),
        address::jackpot(&other_house, 2),
        address::lane(&house, LANE),
        address::lane(&other_house, LANE),
        address::randomness(&address::lane(&house, LANE)),
        address::game(&other_house, 0),
        world.queue,
        lottery::ID,
        Pubkey::new_unique(),
    ];
    let program = event_authority(instruction).map(|authority| authority + 1);
    for index in 0..instruction.accounts.len() {
        let mut short = instruction.clone();
        short.accounts.truncate(index);
        refuse(world, &short, index, "missing");

        let meta = &instruction.accounts[index];
        let (key, signer) = (meta.pubkey, meta.is_signer);
        // Whoever it is may crank, and gets the bounty.
        let cranker = index == 0 && !signer;
        // Token accounts, which houses that play for native SOL do not look at.
        let absent = key == lottery::ID && Some(index) != program;
        if signer || cranker || absent {
            continue;
        }
        for stranger in strangers {
            if stranger != key {
                let mut changed = instruction.clone();
                changed.accounts[index].pubkey = stranger;
                refuse(world, &changed, index, "substituted");
            }
        }
        for twin in &instruction.accounts {
            if twin.pubkey != key {
                let mut changed = instruction.clone();
                changed.accounts[index].pubkey = twin.pubkey;
                refuse(world, &changed, index, "duplicated");
            }
        }
        if meta.is_writable && key != world.authority.pubkey() {
            let mut changed = instruction.clone();
            changed.accounts[index].is_writable = false;
            refuse(world, &changed, index, "read-only");
        }
        let is_ours = world
            .svm
            .get_account(&key)
            .is_some_and(|account| account.owner == lottery::ID);
        if is_ours {
            let original = world.account(&key);
            world.corrupt(&key, |account| {
                account.data.pop();
            });
            refuse(world, instruction, index, "truncated");
            world.svm.set_account(key, original.clone()).unwrap();
            world.corrupt(&key, |account| account.owner = randomness_stand_in::ID);
            refuse(world, instruction, index, "of another owner");
            world.svm.set_account(key, original).unwrap();
        }
    }
    for length in 0..8 {
        let mut cut = instruction.clone();
        cut.data.truncate(length);
        refuse(world, &cut, 0, "cut off behind the discriminator");
    }
}

fn refuse(world: &mut World, changed: &Instruction, index: usize, what: &str) {
    let watched: Vec<_> = world.svm.get_program_accounts(&lottery::ID);
    assert!(
        world.crank(changed.clone()).is_err(),
        "accepted with account {index} {what}: {changed:?}"
    );
    for (address, account) in watched {
        assert_eq!(world.account(&address).data, account.data, "{what}");
    }
}
