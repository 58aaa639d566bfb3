//! Lamports that anybody sends to an account change nothing that is owed.

use std::collections::BTreeMap;

use lottery::{state::GameParams, switchboard};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{LANE, SOL, World},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// A gift (lamports), different for every account and step.
const GIFT: u64 = 1_234_567;

/// What was given to whom so far.
#[derive(Default)]
struct Gifts(Option<BTreeMap<Pubkey, u64>>);

impl Gifts {
    /// Gives something to every account of the program and around it, if at all.
    fn give(&mut self, world: &mut World) {
        let Some(given) = &mut self.0 else {
            return;
        };
        let lane = address::lane(&world.house, LANE);
        let mut to: Vec<_> = world
            .svm
            .get_program_accounts(&lottery::ID)
            .into_iter()
            .map(|(address, _)| address)
            .collect();
        to.push(address::randomness(&lane));
        to.push(lottery::events::AUTHORITY);
        for (n, address) in (0..).zip(to) {
            world.svm.airdrop(&address, GIFT + n).unwrap();
            *given.entry(address).or_default() += GIFT + n;
        }
    }
}

fn of_eight(id: u64, now: i64) -> GameParams {
    let mut params = rules::five_rounds(id, now);
    params.max_tickets = 8;
    params.max_tickets_per_entry = 8;
    params.round_interval = 0;
    params
}

/// What is left at the end of a world's scripted life: accounts' data and balances.
struct End {
    data: BTreeMap<Pubkey, Vec<u8>>,
    lamports: BTreeMap<Pubkey, u64>,
    wallets: BTreeMap<Pubkey, u64>,
}

/// One life with everything in it: five rounds, an abort, hits, claims, an expiry, a
/// cancellation, refunds, a withdrawal; gifts come between any two steps.
fn live(gifts: &mut Gifts) -> End {
    let mut world = World::with_house(|params| rules::certain_hits(params, 8));
    let world = &mut world;
    gifts.give(world);
    let sold = world.sell(of_eight, &[3, 5]);
    let unsold = world.sell(of_eight, &[2]);
    gifts.give(world);
    world.pass(3_600);
    let games = [sold.game];
    world.fail_draw(0, &games);
    for round in 0..5 {
        let id = world.request_of(1, &games).unwrap();
        gifts.give(world);
        world.pass(0);
        let answer = world.answer(1, [round; 32]);
        world.crank(world.reveal_ix(id, 1, &answer)).unwrap();
        gifts.give(world);
        world.settle(id, &games).unwrap();
    }
    gifts.give(world);
    world.claim_place(&sold.game, 0).unwrap();
    world.claim_award(&sold.game, 2).unwrap();
    world.cancel(&unsold.game).unwrap();
    gifts.give(world);
    world.refund(&unsold.entries[0]).unwrap();
    let wallet = world.treasury_wallet.pubkey();
    world.svm.airdrop(&wallet, SOL).unwrap();
    let (authority, house) = (world.authority.pubkey(), world.house);
    let all = world.treasury().accrued;
    world
        .crank(ix::withdraw_treasury(authority, house, wallet, all, None))
        .unwrap();
    world
        .crank(ix::fund_jackpot(authority, house, 1, SOL, None))
        .unwrap();
    gifts.give(world);
    world.pass(86_400);
    world.expire(&sold.game).unwrap();

    let accounts = world.svm.get_program_accounts(&lottery::ID);
    let players = sold.players.iter().chain(&unsold.players);
    End {
        lamports: accounts
            .iter()
            .map(|(address, account)| (*address, account.lamports))
            .collect(),
        data: accounts
            .into_iter()
            .map(|(address, account)| (address, account.data))
            .collect(),
        wallets: players
            .map(solana_signer::Signer::pubkey)
            .chain([wallet])
            .map(|wallet| (wallet, world.lamports(&wallet)))
            .collect(),
    }
}

#[test]
fn a_whole_life_goes_the_same_way_with_donations_to_every_account() {
    let plain = live(&mut Gifts(None));
    let mut gifts = Gifts(Some(BTreeMap::new()));
    let given = live(&mut gifts);
    assert_eq!(plain.data, given.data, "not a byte differs");
    assert_eq!(plain.wallets, given.wallets, "nobody got more, or less");
    let gifts = gifts.0.unwrap();
    assert!(gifts.len() > 12);
    for (address, lamports) in &plain.lamports {
        let gift = gifts.get(address).copied().unwrap_or(0);
        assert_eq!(given.lamports[address], lamports + gift, "{address}");
    }
}

#[test]
fn a_donation_to_an_address_to_come_stops_nobody() {
    let mut world = World::new();
    let game = address::game(&world.house, 0);
    let lane = address::lane(&world.house, 7);
    let draw = address::draw(&address::lane(&world.house, LANE), world.lane().next_draw);
    for address in [game, lane, address::randomness(&lane), draw] {
        world.svm.airdrop(&address, SOL).unwrap();
    }
    let sold = world.sell(rules::game, &[1, 1]);
    assert_eq!(sold.game, game);
    let state = world.game(&game);
    assert!(world.lamports(&game) >= state.rent_reserve + state.bounty_escrow + state.gross());
    world.pass(3_600);
    world.play(&game, 1).unwrap();
    world.claim_place(&game, 0).unwrap();
    world.open_lane(7).unwrap();
    let data = world.account(&address::randomness(&lane)).data;
    let lut_slot = switchboard::lut_slot(&data).unwrap();
    let authority = world.authority.pubkey();
    world
        .crank(ix::close_lane(authority, world.house, 7, lut_slot))
        .unwrap();
}
