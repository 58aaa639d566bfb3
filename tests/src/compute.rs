//! What every instruction costs, measured in the VM on one scripted scenario.

use lottery::state::GameStatus;
use lottery_client::{address, instruction as ix};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer as _;

use crate::{
    rules,
    world::{LANE, World},
};

/// A measured instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    pub instruction: String,
    /// Compute units of the whole transaction, which holds only this.
    pub compute_units: u64,
    /// Serialized transaction (bytes), limit instruction included.
    pub bytes: usize,
    /// Accounts that the transaction locks, and how many of them for writing.
    pub accounts: usize,
    pub writable: usize,
}

struct Meter {
    world: World,
    costs: Vec<Cost>,
}

impl Meter {
    fn send(&mut self, name: &str, instruction: Instruction, payer: &Keypair) {
        let message =
            solana_message::Message::new(std::slice::from_ref(&instruction), Some(&payer.pubkey()));
        let header = message.header;
        let read_only = header.num_readonly_signed_accounts + header.num_readonly_unsigned_accounts;
        let writable = message.account_keys.len() - usize::from(read_only);
        let cost = Cost {
            instruction: name.to_owned(),
            compute_units: 0,
            bytes: lottery_client::sender::packed_size(
                std::slice::from_ref(&instruction),
                &payer.pubkey(),
            ),
            accounts: message.account_keys.len(),
            writable,
        };
        let meta = self
            .world
            .send(&[instruction], payer, &[])
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        self.costs.push(Cost {
            compute_units: meta.compute_units_consumed,
            ..cost
        });
    }

    fn crank(&mut self, name: &str, instruction: Instruction) {
        let authority = self.world.authority.insecure_clone();
        self.send(name, instruction, &authority);
    }
}

/// Plays one scenario with every instruction and reports what each cost. The
/// keys, hence all addresses and bump searches, are the same in every run.
pub fn measure() -> Vec<Cost> {
    let mut meter = Meter {
        world: World::without_house(),
        costs: Vec::new(),
    };
    let authority = meter.world.authority.pubkey();
    let mut params = rules::house(meter.world.treasury_wallet.pubkey(), meter.world.queue);
    // Certain to hit: every contribution is above the mean.
    params.jackpot_mean = [1; 3];
    meter.world.house = address::house(&authority, 0);
    meter.crank("create_house", ix::create_house(authority, 0, params));
    let house = meter.world.house;
    meter.crank("set_pause", ix::set_pause(authority, house, false, false));
    let recent_slot = meter.world.slot() - 1;
    meter.crank(
        "open_lane",
        ix::open_lane(authority, house, meter.world.queue, LANE, recent_slot),
    );

    let now = meter.world.now();
    meter.crank(
        "create_game",
        ix::create_game(authority, house, rules::five_rounds(0, now)),
    );
    let game = address::game(&house, 0);
    joins(&mut meter, game);
    one_round_games(&mut meter, 1..5);

    meter.world.pass(3_600);
    draws(&mut meter, game);
    payouts(&mut meter, game);
    cancellation(&mut meter);
    meter.costs
}

fn joins(meter: &mut Meter, game: solana_pubkey::Pubkey) {
    let house = meter.world.house;
    let first = meter.world.player();
    meter.send(
        "join (1 ticket)",
        ix::join(first.pubkey(), house, game, 1, 0, u64::MAX),
        &first,
    );
    let second = meter.world.player();
    meter.send(
        "join (100 tickets)",
        ix::join(second.pubkey(), house, game, 100, 0, u64::MAX),
        &second,
    );
    let third = meter.world.player();
    let entry = address::entry(&game, &third.pubkey(), 0);
    meter.world.svm.airdrop(&entry, 1_000_000).unwrap();
    meter.send(
        "join (entry address prefunded)",
        ix::join(third.pubkey(), house, game, 1, 0, u64::MAX),
        &third,
    );
}

/// Games beside the measured one, for draws that serve several.
fn one_round_games(meter: &mut Meter, ids: std::ops::Range<u64>) {
    for id in ids {
        let game = meter.world.create_game(rules::game).unwrap();
        assert_eq!(game, address::game(&meter.world.house, id));
        let player = meter.world.player();
        meter.world.join(&game, &player, 2).unwrap();
    }
}

fn draws(meter: &mut Meter, game: solana_pubkey::Pubkey) {
    let house = meter.world.house;
    let others: Vec<_> = (1..5).map(|id| address::game(&house, id)).collect();

    let id = meter.world.lane().next_draw;
    meter.crank(
        "request_draw (1 game)",
        meter.world.request_ix(id, 0, &[game]),
    );
    meter.world.pass(0);
    let answer = meter.world.answer(0, [1; 32]);
    meter.crank("reveal_draw", meter.world.reveal_ix(id, 0, &answer));
    meter.crank(
        "settle_draw (1 game, not its last round)",
        meter.world.settle_ix(id, &[game]),
    );

    let id = meter.world.lane().next_draw;
    meter.crank(
        "request_draw (4 games)",
        meter.world.request_ix(id, 0, &others),
    );
    meter.world.reveal(id, [2; 32]).unwrap();
    meter.crank(
        "settle_draw (1 game, last round, 3 jackpots hit)",
        meter.world.settle_ix(id, &others[..1]),
    );
    meter.crank(
        "settle_draw (3 games, last round, 9 hits)",
        meter.world.settle_ix(id, &others[1..]),
    );

    meter.world.pass(60);
    for round in 1..5 {
        meter.world.play_round(&[game], [10 + round; 32]).unwrap();
        meter.world.pass(60);
    }
    assert!(meter.world.game(&game).is(GameStatus::Settled));
}

fn payouts(meter: &mut Meter, game: solana_pubkey::Pubkey) {
    let house = meter.world.house;
    let settled = meter.world.game(&game);
    let (entry, player, ticket) = winner(&meter.world, game, |g, ticket| {
        lottery::draw::fate(
            &lottery::draw::Rules {
                tickets: g.tickets,
                rounds: g.rounds,
                winners: g.winners,
                keep_bps: &g.keep_bps,
            },
            &g.round_seeds[..5],
            ticket,
        ) == lottery::draw::Fate::Alive(0)
    });
    meter.crank("claim (5 rounds)", ix::claim(game, entry, player, ticket));
    let awarded = settled.jackpot_tickets[0];
    let (entry, player, _) = winner(&meter.world, game, |_, ticket| ticket == awarded);
    meter.crank(
        "claim_jackpot",
        ix::claim_jackpot(house, game, entry, player, 0),
    );

    let single = address::game(&house, 1);
    let (entry, player, ticket) = winner(&meter.world, single, |g, ticket| {
        lottery::draw::shuffled_index(&g.round_seeds[0], g.tickets, ticket) == 0
    });
    meter.crank("claim (1 round)", ix::claim(single, entry, player, ticket));
}

/// The ticket of a game that a predicate picks, with its entry and player.
fn winner(
    world: &World,
    game: solana_pubkey::Pubkey,
    wins: impl Fn(&lottery::state::Game, u32) -> bool,
) -> (solana_pubkey::Pubkey, solana_pubkey::Pubkey, u32) {
    let state = world.game(&game);
    let ticket = (0..state.tickets)
        .find(|ticket| wins(&state, *ticket))
        .expect("some ticket wins");
    world
        .svm
        .get_program_accounts(&lottery::ID)
        .into_iter()
        .find_map(|(address, account)| {
            let entry: lottery::state::Entry =
                lottery_client::account::decode(&account.owner, &account.data).ok()?;
            (entry.game == game && entry.holds(ticket)).then_some((address, entry.player, ticket))
        })
        .expect("every ticket has an entry")
}

fn cancellation(meter: &mut Meter) {
    let game = meter.world.create_game(rules::game).unwrap();
    let player = meter.world.player();
    let entry = meter.world.join(&game, &player, 1).unwrap();
    meter.world.pass(3_600);
    meter.crank("cancel_game", ix::cancel_game(game));
    meter.crank("refund", ix::refund(game, entry, player.pubkey()));
}
