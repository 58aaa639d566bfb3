//! What a batch refuses, and what it leaves out.

use lottery::{LotteryError, state::Game};
use lottery_client::{
    instruction::{Batch, EntryKeys, Purchase},
    refusal,
};
use lottery_tests::{
    payouts::{Sold, send_batch},
    rules,
    world::{World, assert_fails, assert_refused, replaced},
};
use solana_account::Account;
use solana_instruction::error::InstructionError;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// A cancelled game, and who cranks.
pub fn cancelled(tickets: &[u32]) -> (World, Sold, Keypair) {
    let mut world = World::new();
    let sold = world.cancelled(tickets);
    let cranker = world.player();
    (world, sold, cranker)
}

/// Errors of a batch's operations, by position.
pub fn errors(results: &[Option<refusal::Refusal>]) -> Vec<Option<LotteryError>> {
    results
        .iter()
        .map(|result| result.map(|refusal| refusal.lottery_error().unwrap()))
        .collect()
}

pub fn refunds(world: &World, cranker: &Keypair, entries: &[Pubkey]) -> Batch {
    let mut batch = Batch::new(cranker.pubkey());
    for entry in entries {
        batch.refund(world.entry_keys(entry)).unwrap();
    }
    batch
}

/// Bytes of everything the program owns, and the balances of players.
fn state(world: &World, sold: &Sold) -> (Vec<(Pubkey, Account)>, Vec<u64>) {
    let mut accounts = world.svm.get_program_accounts(&lottery::ID);
    accounts.sort_by_key(|(address, _)| *address);
    let players = &sold.players;
    let balances = players.iter().map(|p| world.lamports(&p.pubkey()));
    (accounts, balances.collect())
}

#[test]
fn one_refused_member_is_left_out_and_its_code_returned_at_its_position() {
    let (mut world, sold, cranker) = cancelled(&[1; 5]);
    world.refund(&sold.entries[2]).unwrap();
    let before = world.lamports(&sold.players[2].pubkey());
    let batch = refunds(&world, &cranker, &sold.entries);
    let results = send_batch(&mut world, &cranker, batch, false).unwrap();
    let paid = Some(LotteryError::AlreadyPaid);
    assert_eq!(errors(&results), [None, None, paid, None, None]);
    assert_eq!(world.lamports(&sold.players[2].pubkey()), before);
    assert!(world.game(&sold.game).has(Game::FLAG_PAID));
}

#[test]
fn each_kind_of_member_is_refused_by_its_own_name() {
    let mut world = World::new();
    let settled = world.settled(rules::game, &[1, 1]);
    let (winner, ticket) = world.winner(&settled.game, 0);
    let on_sale = world.sell(rules::game, &[1]);
    let cancelled = world.sell(rules::game, &[1]);
    world.pass(3_599);
    let fresh = world.create_game(rules::game).unwrap();
    let cranker = world.player();
    let mut batch = Batch::new(cranker.pubkey());
    let loser = *settled.entries.iter().find(|e| **e != winner).unwrap();
    let lost = world.entry(&loser).first_ticket;
    let keys = |world: &World, entry: &Pubkey| world.entry_keys(entry);
    let join = |tickets, game, max_total| Purchase {
        player: cranker.pubkey(),
        house: world.house,
        game,
        tickets,
        nonce: 0,
        max_total,
    };
    batch.join(&join(0, fresh, u64::MAX), None).unwrap();
    batch.join(&join(1, fresh, 1), None).unwrap();
    batch.join(&join(1, settled.game, u64::MAX), None).unwrap();
    batch.claim(keys(&world, &loser), lost).unwrap();
    batch.claim(keys(&world, &loser), ticket).unwrap();
    batch.claim_jackpot(keys(&world, &winner), 0).unwrap();
    batch.refund(keys(&world, &cancelled.entries[0])).unwrap();
    batch
        .close_entry(keys(&world, &on_sale.entries[0]))
        .unwrap();
    batch.claim(keys(&world, &winner), ticket).unwrap();
    let results = send_batch(&mut world, &cranker, batch, false).unwrap();
    assert_eq!(
        errors(&results),
        [
            Some(LotteryError::TicketsZero),
            Some(LotteryError::PriceAboveMax),
            Some(LotteryError::GameNotOpen),
            Some(LotteryError::TicketLost),
            Some(LotteryError::TicketNotInEntry),
            Some(LotteryError::NoAward),
            Some(LotteryError::GameNotCancelled),
            Some(LotteryError::GameStillOwes),
            None,
        ]
    );
    assert!(world.game(&settled.game).has(Game::FLAG_PAID));
}

#[test]
fn a_batch_of_which_all_is_refused_fails_for_the_firsts_reason_and_changes_nothing() {
    let (mut world, sold, cranker) = cancelled(&[1, 1]);
    for entry in &sold.entries {
        world.refund(entry).unwrap();
    }
    let mut batch = Batch::new(cranker.pubkey());
    batch.claim(world.entry_keys(&sold.entries[1]), 1).unwrap();
    batch.refund(world.entry_keys(&sold.entries[0])).unwrap();
    let before = state(&world, &sold);
    assert_refused(
        send_batch(&mut world, &cranker, batch, false),
        LotteryError::GameNotSettled,
    );
    assert_eq!(state(&world, &sold), before);
}

#[test]
fn all_or_nothing_does_nothing_when_one_is_refused() {
    let (mut world, sold, cranker) = cancelled(&[1; 3]);
    world.refund(&sold.entries[1]).unwrap();
    let before = state(&world, &sold);
    let batch = refunds(&world, &cranker, &sold.entries);
    assert_refused(
        send_batch(&mut world, &cranker, batch, true),
        LotteryError::AlreadyPaid,
    );
    assert_eq!(state(&world, &sold), before);
    let rest = [sold.entries[0], sold.entries[2]];
    let batch = refunds(&world, &cranker, &rest);
    assert_eq!(
        send_batch(&mut world, &cranker, batch, true).unwrap(),
        [None; 2]
    );
}

#[test]
fn an_entry_named_twice_is_paid_once() {
    let (mut world, sold, cranker) = cancelled(&[1, 1]);
    let [first, second] = [sold.entries[0], sold.entries[1]];
    let batch = refunds(&world, &cranker, &[first, first, second, first]);
    let before = world.lamports(&sold.players[0].pubkey());
    let results = send_batch(&mut world, &cranker, batch, false).unwrap();
    let paid = Some(LotteryError::AlreadyPaid);
    assert_eq!(errors(&results), [None, paid, None, paid]);
    assert_eq!(
        world.lamports(&sold.players[0].pubkey()),
        before + rules::FEE
    );

    let mut batch = Batch::new(cranker.pubkey());
    for entry in [first, first, second, first] {
        batch.close_entry(world.entry_keys(&entry)).unwrap();
    }
    let before = world.lamports(&sold.players[0].pubkey());
    let held = world.lamports(&first);
    let results = send_batch(&mut world, &cranker, batch, false).unwrap();
    assert_eq!(errors(&results), [None, paid, None, paid]);
    assert_eq!(
        world.lamports(&sold.players[0].pubkey()),
        before + held - 10_000
    );
    assert_eq!(world.game(&sold.game).entries_closed, 2);
}

#[test]
fn an_entry_closed_in_a_batch_is_not_refunded_after_it() {
    let (mut world, sold, cranker) = cancelled(&[1]);
    let keys = world.entry_keys(&sold.entries[0]);
    let mut batch = Batch::new(cranker.pubkey());
    batch.refund(keys).unwrap();
    batch.close_entry(keys).unwrap();
    batch.refund(keys).unwrap();
    let results = send_batch(&mut world, &cranker, batch, false).unwrap();
    let paid = Some(LotteryError::AlreadyPaid);
    assert_eq!(errors(&results), [None, None, paid]);
}

#[test]
fn a_game_that_is_none_spoils_nothing_for_the_others() {
    let (mut world, sold, cranker) = cancelled(&[1, 1]);
    let wrong = EntryKeys {
        game: Pubkey::new_unique(),
        ..world.entry_keys(&sold.entries[0])
    };
    let lane = EntryKeys {
        game: world.lane().randomness,
        ..wrong
    };
    let mut batch = Batch::new(cranker.pubkey());
    batch.refund(world.entry_keys(&sold.entries[0])).unwrap();
    batch.refund(wrong).unwrap();
    batch.close_entry(lane).unwrap();
    batch.refund(world.entry_keys(&sold.entries[1])).unwrap();
    batch.refund(lane).unwrap();
    let results = send_batch(&mut world, &cranker, batch, false).unwrap();
    let done: Vec<_> = results.iter().map(Option::is_none).collect();
    assert_eq!(done, [true, false, false, true, false]);
    assert!(world.game(&sold.game).has(Game::FLAG_PAID));
}

#[test]
fn an_empty_batch_is_refused() {
    let (mut world, _, cranker) = cancelled(&[1]);
    for all_or_nothing in [false, true] {
        let batch = Batch::new(cranker.pubkey());
        assert_refused(
            send_batch(&mut world, &cranker, batch, all_or_nothing),
            LotteryError::BatchEmpty,
        );
    }
}

#[test]
fn the_signer_signs_and_pays_for_joins() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let (victim, thief) = (world.player(), world.player());
    let mut batch = Batch::new(victim.pubkey());
    let purchase = Purchase {
        player: victim.pubkey(),
        house: world.house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: u64::MAX,
    };
    batch.join(&purchase, None).unwrap();
    let mut unsigned = batch.build(false);
    unsigned.accounts[0].is_signer = false;
    assert_fails(
        world.send(&[unsigned.clone()], &thief, &[]),
        &InstructionError::MissingRequiredSignature,
    );
    // Nor is another's entry bought with one's own signature.
    unsigned.accounts[0].pubkey = thief.pubkey();
    unsigned.accounts[0].is_signer = true;
    assert!(world.send(&[unsigned], &thief, &[]).is_err());
    assert_eq!(world.game(&game).tickets, 0);
}

#[test]
fn members_of_another_game_house_or_player_are_refused() {
    let (mut world, sold, cranker) = cancelled(&[1]);
    let other = world.cancelled(&[1]);
    let keys = world.entry_keys(&sold.entries[0]);
    let wrong_game = EntryKeys {
        game: other.game,
        ..keys
    };
    let wrong_player = EntryKeys {
        player: cranker.pubkey(),
        ..keys
    };
    for (keys, expected) in [
        (wrong_game, LotteryError::ForeignGame),
        (wrong_player, LotteryError::ForeignPlayer),
    ] {
        let mut claim = Batch::new(cranker.pubkey());
        claim.claim(keys, 0).unwrap();
        let mut award = Batch::new(cranker.pubkey());
        award.claim_jackpot(keys, 0).unwrap();
        let mut refund = Batch::new(cranker.pubkey());
        refund.refund(keys).unwrap();
        let mut close = Batch::new(cranker.pubkey());
        close.close_entry(keys).unwrap();
        for batch in [claim, award, refund, close] {
            assert_refused(send_batch(&mut world, &cranker, batch, false), expected);
        }
    }
}

#[test]
fn a_game_that_holds_less_than_it_owes_stops_the_whole_batch() {
    let (mut world, sold, cranker) = cancelled(&[1, 1]);
    world.corrupt(&sold.game, |account| account.lamports -= 1);
    let batch = refunds(&world, &cranker, &sold.entries[..1]);
    assert_refused(
        send_batch(&mut world, &cranker, batch, false),
        LotteryError::Insolvent,
    );
}

#[test]
fn a_join_at_an_address_that_is_not_the_orders_fails_the_whole_batch() {
    // The runtime refuses to sign for the address, and nothing can go on after that.
    let (mut world, sold, _) = cancelled(&[1]);
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let purchase = Purchase {
        player: player.pubkey(),
        house: world.house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: u64::MAX,
    };
    let mut batch = refunds(&world, &player, &sold.entries);
    batch.join(&purchase, None).unwrap();
    let (entry, _) = purchase.order();
    let wrong = replaced(&batch.build(false), &entry, Pubkey::new_unique());
    assert_fails(
        world.send(&[wrong], &player, &[]),
        &InstructionError::PrivilegeEscalation,
    );
    assert_eq!(world.entry(&sold.entries[0]).refunded, 0);
}
