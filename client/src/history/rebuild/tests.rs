//! Games rebuilt from transactions made by hand.
#![expect(clippy::unwrap_used, reason = "tests")]

use anchor_lang::event::EVENT_IX_TAG_LE;
use lottery::{
    draw::{first_entries_hash, next_entries_hash},
    events::{AUTHORITY, EVENT_VERSION, GameCancelled, PlayersPaid},
};
use solana_instruction::Instruction;

use super::*;
use crate::{
    address,
    instruction::{Batch, Purchase, create_game, join},
    verify::{Record, Report, Source, verify},
};

fn called(instruction: &Instruction, top: usize) -> Called {
    let accounts = instruction.accounts.iter();
    Called {
        program: instruction.program_id,
        accounts: accounts.map(|meta| meta.pubkey).collect(),
        data: instruction.data.clone(),
        top,
    }
}

fn creation(entry: Pubkey, top: usize) -> Called {
    Called {
        program: solana_system_interface::program::ID,
        accounts: vec![Pubkey::new_unique(), entry],
        data: Vec::new(),
        top,
    }
}

/// Joins by themselves and in batches; not those of other games, nor those that
/// their batch left out.
#[test]
fn entries_come_back_in_the_order_they_were_made() {
    let (game, house) = (Pubkey::new_unique(), Pubkey::new_unique());
    let purchase = |nonce, tickets, game| Purchase {
        player: Pubkey::new_from_array([7; 32]),
        house,
        game,
        tickets,
        nonce,
        max_total: u64::MAX,
    };
    let alone = purchase(0, 2, game);
    let [made, refused, elsewhere] = [
        purchase(1, 3, game),
        purchase(2, 4, game),
        purchase(3, 5, Pubkey::new_unique()),
    ];
    let mut batch = Batch::new(alone.player);
    for purchase in [&refused, &made, &elsewhere] {
        batch.join(purchase, None).unwrap();
    }
    let entry = |purchase: &Purchase| purchase.order().0;
    let transaction = Fetched {
        slot: 5,
        time: Some(77),
        calls: vec![
            called(&join(&alone, None), 0),
            creation(entry(&alone), 0),
            called(&batch.build(false), 1),
            creation(entry(&made), 1),
            creation(entry(&elsewhere), 1),
        ],
    };
    let ledger = Ledger::of(&game, &[transaction]);
    let entries = ledger.entries(&game, 10);
    let found: Vec<_> = entries
        .iter()
        .map(|(address, entry)| (*address, entry.first_ticket, entry.tickets, entry.paid))
        .collect();
    assert_eq!(found, [(entry(&alone), 0, 2, 20), (entry(&made), 2, 3, 30)]);
    assert_eq!(entries[0].1.joined_at, 77);
}

fn told(event: &impl anchor_lang::Event, top: usize) -> Called {
    Called {
        program: lottery::ID,
        accounts: vec![AUTHORITY],
        data: [EVENT_IX_TAG_LE, &event.data()].concat(),
        top,
    }
}

fn transaction(slot: u64, calls: Vec<Called>) -> Fetched {
    Fetched {
        slot,
        time: Some(1_700_000_000),
        calls,
    }
}

const FEE: u64 = 10;

fn params() -> GameParams {
    GameParams {
        id: 3,
        entry_fee: FEE,
        opens_at: 0,
        closes_at: 1_600_000_000,
        min_tickets: 100,
        max_tickets: 1_000,
        max_tickets_per_entry: 50,
        round_interval: 0,
        rounds: 1,
        winners: 1,
        keep_bps: [0; 8],
        place_bps: std::array::from_fn(|place| if place == 0 { 10_000 } else { 0 }),
    }
}

fn created(house: Pubkey, creator: Pubkey, game: Pubkey) -> GameCreated {
    GameCreated {
        version: EVENT_VERSION,
        house,
        game,
        creator,
        vault: Pubkey::new_unique(),
        id: 3,
        bounty_escrow: 11,
        jackpot_mean: [12, 13, 14],
        bounty: 15,
        claim_window: 16,
        prize_bps: 17,
        treasury_bps: 18,
        jackpot_bps: [19, 20, 21],
        reserve_bps: [22, 23, 24],
    }
}

/// Of two entries, cancelled, refunded and closed.
fn closed_game() -> (Pubkey, Ledger) {
    let (house, creator) = (Pubkey::new_unique(), Pubkey::new_unique());
    let game = address::game(&house, 3);
    let purchases = [(0, 2u32), (1, 3)].map(|(nonce, tickets)| Purchase {
        player: Pubkey::new_from_array([7; 32]),
        house,
        game,
        tickets,
        nonce,
        max_total: u64::MAX,
    });
    let mut hash = first_entries_hash(&game);
    let mut first = 0;
    for bought in &purchases {
        hash = next_entries_hash(&hash, &bought.player, bought.nonce, first, bought.tickets);
        first += bought.tickets;
    }
    let cancelled = GameCancelled {
        version: EVENT_VERSION,
        house,
        game,
        reason: GameCancelled::TOO_FEW_TICKETS,
        owed: 5 * FEE,
        cranker: creator,
        bounty: 15,
    };
    let paid = |kind, refunded| PlayersPaid {
        version: EVENT_VERSION,
        game,
        payments: purchases
            .iter()
            .map(|bought| Payment {
                kind,
                index: 0,
                ticket: 0,
                entry: bought.order().0,
                player: bought.player,
                amount: FEE * u64::from(bought.tickets),
            })
            .collect(),
        paid_out: 0,
        refunded,
        cranker: creator,
        bounty: 15,
    };
    let closed = GameClosed {
        version: EVENT_VERSION,
        house,
        game,
        creator,
        entries_hash: hash,
        tickets: 5,
        entries: 2,
        lamports: 1,
        tokens: 0,
        cranker: creator,
        bounty: 15,
    };
    // Another game's events in the same transactions are not this one's.
    let other = Pubkey::new_unique();
    let elsewhere = GameClosed {
        game: other,
        ..closed.clone()
    };
    let ledger = Ledger::of(
        &game,
        &[
            transaction(
                1,
                vec![
                    called(&create_game(creator, house, params(), None), 0),
                    told(&created(house, creator, game), 0),
                    told(&created(house, creator, other), 1),
                ],
            ),
            transaction(2, vec![called(&join(&purchases[0], None), 0)]),
            transaction(3, vec![called(&join(&purchases[1], None), 0)]),
            transaction(4, vec![told(&cancelled, 0)]),
            transaction(5, vec![told(&paid(Payment::REFUND, 5 * FEE), 0)]),
            transaction(6, vec![told(&paid(Payment::RENT, 5 * FEE), 0)]),
            transaction(7, vec![told(&closed, 0), told(&elsewhere, 1)]),
        ],
    );
    (game, ledger)
}

fn verified(address: Pubkey, ledger: &Ledger) -> Report {
    let (params, created) = (ledger.params.unwrap(), ledger.created.as_ref().unwrap());
    verify(&Record {
        address,
        source: Source::Ledger {
            transactions: ledger.transactions,
            game_closed: true,
        },
        game: ledger.game(&params, created, ledger.closed.as_ref().unwrap()),
        entries: ledger.entries(&address, params.entry_fee),
        draws: Vec::new(),
        payments: ledger.payments.clone(),
    })
}

#[test]
fn a_closed_game_has_the_rules_of_its_creation_and_the_sums_of_its_close() {
    let (address, ledger) = closed_game();
    let told = ledger.created.clone().unwrap();
    let closed = ledger.closed.as_ref().unwrap();
    let game = ledger.game(&params(), &told, closed);
    let again = GameCreated {
        version: EVENT_VERSION,
        house: game.house,
        game: address,
        creator: game.creator,
        vault: game.vault,
        id: game.id,
        bounty_escrow: told.bounty_escrow,
        jackpot_mean: game.jackpot_mean,
        bounty: game.bounty,
        claim_window: game.claim_window,
        prize_bps: game.prize_bps,
        treasury_bps: game.treasury_bps,
        jackpot_bps: game.jackpot_bps,
        reserve_bps: game.reserve_bps,
    };
    assert_eq!(again, told);
    assert_eq!((game.entry_fee, game.place_bps), (FEE, params().place_bps));
    assert_eq!((game.tickets, game.entries, game.entries_closed), (5, 2, 2));
    assert_eq!(game.entries_hash, closed.entries_hash);
    assert!(game.is(GameStatus::Cancelled));
    let entries = ledger.entries(&address, FEE);
    assert!(entries.iter().all(|(_, entry)| entry.refunded == 1));
    let report = verified(address, &ledger);
    assert!(report.passed(), "{:#?}", report.steps);
}

#[test]
fn entries_other_than_the_close_tells_are_found() {
    type Tampering = (&'static str, fn(&mut Ledger));
    let cases: [Tampering; 5] = [
        ("the hash", |ledger| {
            ledger.closed.as_mut().unwrap().entries_hash[31] ^= 1;
        }),
        ("the tickets", |ledger| {
            ledger.closed.as_mut().unwrap().tickets -= 1;
        }),
        ("the entries", |ledger| {
            ledger.closed.as_mut().unwrap().entries += 1;
        }),
        ("an entry that the node left out", |ledger| {
            ledger.joins.pop();
        }),
        ("entries in another order", |ledger| ledger.joins.swap(0, 1)),
    ];
    for (what, tamper) in cases {
        let (address, mut ledger) = closed_game();
        tamper(&mut ledger);
        assert!(!verified(address, &ledger).passed(), "not found: {what}");
    }
}
