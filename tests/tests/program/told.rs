//! What events tell: it adds up, and it is what the accounts hold afterwards.

use litesvm::types::TransactionMetadata;
use lottery::{
    draw::{first_entries_hash, next_entries_hash},
    events::{self, GameCreated, Payment},
    state::GameParams,
};
use lottery_client::instruction::{self as ix, Batch};
use lottery_tests::{
    events::{Event, event, events},
    rules,
    world::World,
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

#[test]
fn events_are_signed_by_the_address_of_their_seed() {
    let (authority, bump) = Pubkey::find_program_address(&[events::AUTHORITY_SEED], &lottery::ID);
    assert_eq!(
        (authority, bump),
        (events::AUTHORITY, events::AUTHORITY_BUMP)
    );
}

#[test]
fn nobody_but_the_program_tells_events() {
    use anchor_lang::{Event as _, event::EVENT_IX_TAG_LE};
    let mut world = World::new();
    let lie = events::JackpotFunded {
        version: events::EVENT_VERSION,
        house: world.house,
        tier: 0,
        from: world.house,
        amount: 1,
        pot: 1,
        total_contributions: 1,
    };
    let mut instruction = ix::cancel_game(Pubkey::new_unique(), world.house);
    instruction.accounts = vec![solana_instruction::AccountMeta::new_readonly(
        events::AUTHORITY,
        false,
    )];
    instruction.data = [EVENT_IX_TAG_LE, &lie.data()].concat();
    assert!(world.crank(instruction.clone()).is_err());
    instruction.accounts[0].pubkey = world.authority.pubkey();
    instruction.accounts[0].is_signer = true;
    assert!(world.crank(instruction.clone()).is_err());
    instruction.accounts.clear();
    assert!(world.crank(instruction).is_err());
}

fn of_six(id: u64, now: i64) -> GameParams {
    let mut params = rules::game(id, now);
    params.rounds = 2;
    params.keep_bps[0] = 9_000;
    params.winners = 3;
    params.min_tickets = 3;
    params.max_tickets = 6;
    params.max_tickets_per_entry = 6;
    params.place_bps[..3].copy_from_slice(&[5_000, 3_000, 2_000]);
    params.round_interval = 0;
    params
}

/// Bounties that a transaction's events tell were paid out of games' escrows, or put
/// aside out of them.
fn bounties(meta: &TransactionMetadata) -> u64 {
    let from_escrow = |event: Event| match event {
        Event::DrawRequested(told) => told.bounty + told.reveal_bounty,
        // Put aside by the request.
        Event::DrawRevealed(_) | Event::DrawAborted(_) => 0,
        Event::DrawSettled(told) => told.bounty,
        Event::PlayersPaid(told) => {
            let entries_own = told
                .payments
                .iter()
                .all(|payment| matches!(payment.kind, Payment::REFUND | Payment::RENT));
            if entries_own { 0 } else { told.bounty }
        }
        Event::PrizesExpired(told) => told.bounty,
        Event::GameClosed(told) => told.bounty,
        _ => 0,
    };
    events(meta).into_iter().map(from_escrow).sum()
}

#[test]
fn all_of_a_game_can_be_added_up_from_its_events() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 6));
    let authority = world.authority.pubkey();
    let params = of_six(0, world.now());
    let create = ix::create_game(authority, world.house, params, None);
    let meta = world.crank(create).unwrap();
    let game = lottery_client::address::game(&world.house, 0);
    let state = world.game(&game);
    let Event::GameCreated(created) = event(&meta) else {
        panic!("{meta:?}");
    };
    let house = world.house();
    let expected = GameCreated {
        version: events::EVENT_VERSION,
        house: world.house,
        game,
        creator: authority,
        vault: Pubkey::default(),
        id: 0,
        bounty_escrow: state.bounty_escrow,
        jackpot_mean: house.jackpot_mean,
        bounty: house.bounty,
        claim_window: house.claim_window,
        prize_bps: house.prize_bps,
        treasury_bps: house.treasury_bps,
        jackpot_bps: house.jackpot_bps,
        reserve_bps: house.reserve_bps,
    };
    assert_eq!(created, expected);

    let player = world.player();
    let entry = world.join(&game, &player, 6).unwrap();
    let mut spent = 0;
    for round in 0..2u8 {
        let id = world.lane().next_draw;
        let draw = world.draw_keys(id).draw;
        let request = world.crank(world.request_ix(id, 0, &[game])).unwrap();
        let Event::DrawRequested(requested) = event(&request) else {
            panic!("{request:?}");
        };
        assert_eq!((requested.draw, &requested.games[..]), (draw, &[game][..]));
        assert_eq!(requested.oracle, world.oracles[0].account.pubkey());
        assert_eq!(requested.reveal_bounty, world.draw(id).bounty);
        world.pass(0);
        let answer = world.answer(0, [round; 32]);
        let reveal = world.crank(world.reveal_ix(id, 0, &answer)).unwrap();
        let Event::DrawRevealed(revealed) = event(&reveal) else {
            panic!("{reveal:?}");
        };
        assert_eq!((revealed.draw, revealed.value), (draw, [round; 32]));
        assert_eq!(revealed.bounty, requested.reveal_bounty);
        let settle = world.settle(id, &[game]).unwrap();
        told_of_round(&world, &settle, game, round);
        spent += bounties(&request) + bounties(&reveal) + bounties(&settle);
    }

    let mut paid = 0;
    for (kind, index) in [
        (Payment::PRIZE, 0),
        (Payment::AWARD, 2),
        (Payment::PRIZE, 2),
    ] {
        let meta = match kind {
            Payment::PRIZE => world.claim_place(&game, index.into()),
            _ => world.claim_award(&game, index),
        };
        let meta = meta.unwrap();
        let Event::PlayersPaid(told) = event(&meta) else {
            panic!("{meta:?}");
        };
        let [payment] = told.payments[..] else {
            panic!("{told:?}");
        };
        assert_eq!((payment.kind, payment.index), (kind, index));
        assert_eq!((payment.entry, payment.player), (entry, player.pubkey()));
        paid += payment.amount;
        let state = world.game(&game);
        assert_eq!((told.paid_out, state.paid_out), (paid, paid));
        assert_eq!(told.refunded, 0);
        spent += bounties(&meta);
    }
    world.pass(86_400);
    let meta = world.expire(&game).unwrap();
    spent += bounties(&meta);
    let state = world.game(&game);
    let owed = state.prize_pool + state.jackpot_awards.iter().sum::<u64>();
    assert_eq!(paid + state.expired, owed);
    assert_eq!(
        world.lamports(&game),
        state.rent_reserve + state.bounty_escrow
    );
    let meta = world.close_game(&game).unwrap();
    spent += bounties(&meta);
    let Event::GameClosed(closed) = event(&meta) else {
        panic!("{meta:?}");
    };
    let hash = next_entries_hash(&first_entries_hash(&game), &player.pubkey(), 0, 0, 6);
    assert_eq!(closed.entries_hash, hash);
    assert_eq!((closed.tickets, closed.entries), (6, 1));
    assert_eq!(
        created.bounty_escrow,
        spent + closed.lamports - state.rent_reserve
    );
}

/// A settled round's events, against the accounts.
fn told_of_round(world: &World, meta: &TransactionMetadata, game: Pubkey, round: u8) {
    let state = world.game(&game);
    let all = events(meta);
    let Some(Event::DrawSettled(settled)) = all.last() else {
        panic!("{all:?}");
    };
    let [told] = settled.rounds[..] else {
        panic!("{settled:?}");
    };
    assert_eq!((told.game, told.round), (game, round));
    assert_eq!(told.seed, state.round_seeds[usize::from(round)]);
    assert_eq!(told.survivors, [6, 3][usize::from(round)]);
    if round == 0 {
        assert_eq!(all.len(), 1);
        return;
    }
    let [Event::GameSettled(told), _] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!((told.house, told.game), (world.house, game));
    assert_eq!(told.prize_pool, state.prize_pool);
    assert_eq!(told.treasury_share, state.treasury_share);
    assert_eq!(told.contributions, state.jackpot_contributions);
    assert_eq!(told.awards, state.jackpot_awards);
    assert_eq!(told.award_tickets, state.jackpot_tickets);
    assert_eq!(told.pots, [0, 1, 2].map(|tier| world.jackpot(tier).amount));
    assert_eq!(told.accrued, world.treasury().accrued);
    let gross = told.prize_pool + told.treasury_share + told.contributions.iter().sum::<u64>();
    assert_eq!(gross, state.gross());
    assert!(told.awards.iter().all(|award| *award > 0));
}

#[test]
fn each_game_of_a_settlement_tells_the_pots_after_it() {
    let mut world = World::with_house(|params| rules::certain_hits(params, 6));
    let games: Vec<_> = (0..3)
        .map(|_| {
            world
                .sell(
                    |id, now| {
                        let mut params = of_six(id, now);
                        params.rounds = 1;
                        params.keep_bps = [0; 8];
                        params
                    },
                    &[6],
                )
                .game
        })
        .collect();
    let id = world.request(&games).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    let meta = world.settle(id, &games).unwrap();
    let mut pots = [0; 3];
    let mut accrued = 0;
    let mut settled = Vec::new();
    for told in events(&meta) {
        let Event::GameSettled(told) = told else {
            continue;
        };
        for (tier, pot) in pots.iter_mut().enumerate() {
            *pot += told.contributions[tier];
            *pot -= told.awards[tier];
        }
        accrued += told.treasury_share;
        assert_eq!((told.pots, told.accrued), (pots, accrued));
        settled.push(told.game);
    }
    assert_eq!(settled, games);
    assert_eq!(pots, [0, 1, 2].map(|tier| world.jackpot(tier).amount));
}

#[test]
fn a_batch_tells_the_payments_of_each_game_together() {
    let mut world = World::new();
    let first = world.cancelled(&[1, 2]);
    let second = world.cancelled(&[3, 4]);
    let cranker = world.player();
    let mut batch = Batch::new(cranker.pubkey());
    for sold in [&first, &second] {
        for entry in &sold.entries {
            batch.refund(world.entry_keys(entry)).unwrap();
        }
    }
    for sold in [&first, &second] {
        for entry in &sold.entries {
            batch.close_entry(world.entry_keys(entry)).unwrap();
        }
    }
    let rents: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|sold| &sold.entries)
        .map(|entry| world.lamports(entry) - 20_000)
        .collect();
    let meta = world.send(&[batch.build(true)], &cranker, &[]).unwrap();
    let all = events(&meta);
    let told: Vec<_> = all
        .iter()
        .map(|event| {
            let Event::PlayersPaid(told) = event else {
                panic!("{event:?}");
            };
            assert_eq!(told.cranker, cranker.pubkey());
            let payments = told.payments.iter();
            let payments = payments.map(|p| (p.kind, p.entry, p.amount)).collect();
            (told.game, payments, told.refunded, told.bounty)
        })
        .collect();
    let refund = |sold: &lottery_tests::payouts::Sold, n: usize, tickets| {
        (Payment::REFUND, sold.entries[n], tickets * rules::FEE)
    };
    let rent = |sold: &lottery_tests::payouts::Sold, n: usize, at: usize| {
        (Payment::RENT, sold.entries[n], rents[at])
    };
    let (a, b) = (&first, &second);
    let expected = [
        (a.game, vec![refund(a, 0, 1), refund(a, 1, 2)], 3),
        (b.game, vec![refund(b, 0, 3), refund(b, 1, 4)], 7),
        (a.game, vec![rent(a, 0, 0), rent(a, 1, 1)], 3),
        (b.game, vec![rent(b, 0, 2), rent(b, 1, 3)], 7),
    ]
    .map(|(game, payments, tickets)| (game, payments, tickets * rules::FEE, 20_000));
    assert_eq!(told, expected);
    for sold in [a, b] {
        assert_eq!(world.game(&sold.game).entries_closed, 2);
    }
}

#[test]
fn joins_tell_nothing_and_their_entries_all() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let purchase = ix::Purchase {
        player: player.pubkey(),
        house: world.house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: u64::MAX,
    };
    let meta = world
        .send(&[ix::join(&purchase, None)], &player, &[])
        .unwrap();
    assert_eq!(events(&meta), []);
}

#[test]
fn pauses_and_creation_tell_the_houses_state() {
    let mut world = World::without_house();
    let authority = world.authority.pubkey();
    let params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    let meta = world
        .crank(ix::create_house(authority, 3, params, None))
        .unwrap();
    let house = lottery_client::address::house(&authority, 3);
    let told = |meta: &TransactionMetadata| match event(meta) {
        Event::HouseChanged(told) => told,
        other => panic!("{other:?}"),
    };
    let created = told(&meta);
    assert_eq!((created.house, created.authority), (house, authority));
    assert_eq!((created.bounty, created.flags), (10_000, 0));
    assert_eq!(
        (created.vrf_queue, created.draw_timeout, created.mint),
        (world.queue, params.draw_timeout, Pubkey::default())
    );
    assert_eq!(created.jackpot_mean, params.rules.jackpot_mean);
    for (games, joins, flags) in [(true, false, 1), (true, true, 3), (false, true, 2)] {
        let meta = world
            .crank(ix::set_pause(authority, house, games, joins))
            .unwrap();
        assert_eq!(told(&meta).flags, flags);
    }
    let successor = Pubkey::new_unique();
    let meta = world
        .crank(ix::propose_authority(authority, house, successor))
        .unwrap();
    assert_eq!(told(&meta).pending_authority, successor);
}
