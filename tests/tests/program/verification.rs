//! `lottery_client::verify` finds what was tampered with.

use lottery_client::{
    address,
    verify::{Record, RevealedDraw, Source, verify},
};
use lottery_tests::{
    rules,
    world::{LANE, World},
};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer as _;

/// The record of a settled game of five rounds, as the chain would give it.
fn record() -> Record {
    let mut world = World::with_house(|params| rules::certain_hits(params, 24));
    let game = world
        .create_game(|id, now| {
            let mut params = rules::five_rounds(id, now);
            params.max_tickets = 24;
            params.max_tickets_per_entry = 3;
            params
        })
        .unwrap();
    let entries: Vec<Pubkey> = (0..12)
        .map(|n| {
            let player = world.player();
            world.join(&game, &player, 1 + n % 3).unwrap()
        })
        .collect();
    world.pass(3_600);
    let first_draw = world.lane().next_draw;
    world.play(&game, 7).unwrap();
    let lane = address::lane(&world.house, LANE);
    let draws = (0..5u8)
        .map(|round| RevealedDraw {
            draw: address::draw(&lane, first_draw + u64::from(round)),
            oracle: world.oracles[0].account.pubkey(),
            value: [7 + round; 32],
            requested_slot: 10,
            reveal: Signature::default(),
            reveal_slot: 11,
        })
        .collect();
    Record {
        address: game,
        game: world.game(&game),
        entries: entries
            .iter()
            .map(|entry| (*entry, world.entry(entry)))
            .collect(),
        draws,
        source: Source::Accounts,
        payments: Vec::new(),
    }
}

#[test]
fn an_honest_record_passes_and_names_the_winners() {
    let report = verify(&record());
    assert!(report.passed(), "{:#?}", report.steps);
    assert_eq!(report.winners.len(), 3);
    assert_eq!(report.awards.len(), 3);
    let prizes: u64 = report.winners.iter().map(|winner| winner.prize).sum();
    assert_eq!(prizes, record().game.prize_pool);
}

/// What was done to a record, and how.
type Tampering = (&'static str, fn(&mut Record));

#[test]
fn every_tampering_fails_a_step() {
    let honest = record();
    let cases: [Tampering; 16] = [
        ("an entry is missing", |r| {
            r.entries.remove(3);
        }),
        ("an entry is there twice", |r| r.entries.push(r.entries[0])),
        ("a player was swapped", |r| {
            r.entries[2].1.player = Pubkey::new_unique();
        }),
        ("tickets were added", |r| r.entries[11].1.tickets += 1),
        ("tickets moved between entries", |r| {
            r.entries[0].1.tickets += 1;
            r.entries[1].1.first_ticket += 1;
            r.entries[1].1.tickets -= 1;
        }),
        ("a price was lowered", |r| r.entries[5].1.paid -= 1),
        ("a nonce was changed", |r| r.entries[5].1.nonce = 9),
        ("an entry is another game's", |r| {
            r.entries[5].1.game = Pubkey::new_unique();
        }),
        ("a value was changed", |r| r.draws[2].value[0] ^= 1),
        ("a draw is missing", |r| {
            r.draws.remove(4);
        }),
        ("the value was known at the freeze", |r| {
            r.draws[1].requested_slot = r.draws[1].reveal_slot;
        }),
        ("a seed was changed", |r| r.game.round_seeds[1][5] ^= 1),
        ("the prize pool was changed", |r| r.game.prize_pool -= 1),
        ("the treasury took more", |r| r.game.treasury_share += 1),
        ("an award went to another ticket", |r| {
            r.game.jackpot_tickets[1] ^= 1;
        }),
        ("a hit was paid that was none", |r| {
            r.game.jackpot_mean[2] = u64::MAX;
        }),
    ];
    for (what, tamper) in cases {
        let mut tampered = honest.clone();
        tamper(&mut tampered);
        assert!(!verify(&tampered).passed(), "not found: {what}");
    }
}
