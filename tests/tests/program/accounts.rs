//! Accounts that are not what an instruction asks for.

use lottery::LotteryError;
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    rules,
    world::{LANE, World, assert_refused},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// Two houses with a game each; the second's keys stand in for the first's.
struct Two {
    world: World,
    /// Second house of the same authority.
    other: Pubkey,
    game: Pubkey,
    other_game: Pubkey,
    entry: Pubkey,
    player: Pubkey,
}

fn two_houses() -> Two {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let entry = world.join(&game, &player, 2).unwrap();

    let authority = world.authority.pubkey();
    let params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    world.crank(ix::create_house(authority, 1, params)).unwrap();
    let (house, other) = (world.house, address::house(&authority, 1));
    world.house = other;
    world.pass(1);
    world.open_lane(LANE).unwrap();
    let other_game = world.create_game(rules::game).unwrap();
    world.join(&other_game, &player, 2).unwrap();
    world.house = house;
    Two {
        player: player.pubkey(),
        world,
        other,
        game,
        other_game,
        entry,
    }
}

#[test]
fn a_join_names_the_games_own_house() {
    let mut two = two_houses();
    let player = two.world.player();
    let join = ix::join(player.pubkey(), two.other, two.game, 1, 0, u64::MAX);
    assert_refused(
        two.world.send(&[join], &player, &[]),
        LotteryError::ForeignHouse,
    );
}

#[test]
fn games_are_counted_by_their_own_treasury() {
    let mut two = two_houses();
    let authority = two.world.authority.pubkey();
    let params = rules::game(1, two.world.now());
    let mut create = ix::create_game(authority, two.world.house, params);
    create.accounts[2].pubkey = address::treasury(&two.other);
    assert_refused(two.world.crank(create), LotteryError::ForeignHouse);
}

#[test]
fn a_draw_takes_games_and_lanes_of_its_house_only() {
    let mut two = two_houses();
    two.world.pass(3_600);
    assert_refused(
        two.world.request(&[two.other_game]),
        LotteryError::ForeignHouse,
    );
    assert_refused(
        two.world.request(&[two.game, two.other_game]),
        LotteryError::ForeignHouse,
    );
    let other_lane = address::lane(&two.other, LANE);
    let id = two.world.lane().next_draw;
    let mut request = two.world.request_ix(id, 0, &[two.game]);
    let other: lottery::state::Lane = two.world.get(&other_lane);
    request.accounts[2].pubkey = other_lane;
    request.accounts[3].pubkey = address::draw(&other_lane, other.next_draw);
    assert_refused(two.world.crank(request), LotteryError::ForeignHouse);

    let id = two.world.request(&[two.game]).unwrap();
    two.world.pass(0);
    let answer = two.world.answer(0, [1; 32]);
    let mut reveal = two.world.reveal_ix(id, 0, &answer);
    reveal.accounts[1].pubkey = two.other;
    assert_refused(two.world.crank(reveal), LotteryError::ForeignHouse);
}

#[test]
fn a_settlement_takes_the_houses_own_treasury_jackpots_and_draw() {
    let mut two = two_houses();
    two.world.pass(3_600);
    let id = two.world.request(&[two.game]).unwrap();
    two.world.reveal(id, [1; 32]).unwrap();
    let settle = two.world.settle_ix(id, &[two.game]);
    let other = two.other;
    let mut with = |index: usize, key, expected| {
        let mut changed = settle.clone();
        changed.accounts[index].pubkey = key;
        assert_refused(two.world.crank(changed), expected);
    };
    with(1, address::treasury(&other), LotteryError::ForeignHouse);
    for tier in 0..3u8 {
        let index = 2 + usize::from(tier);
        with(
            index,
            address::jackpot(&other, tier),
            LotteryError::ForeignHouse,
        );
    }
    with(0, other, LotteryError::ForeignHouse);
    // Jackpots in another order.
    let house = two.world.house;
    let mut swapped = settle.clone();
    swapped.accounts[2].pubkey = address::jackpot(&house, 1);
    swapped.accounts[3].pubkey = address::jackpot(&house, 0);
    assert_refused(two.world.crank(swapped), LotteryError::UnknownTier);
    two.world.crank(settle).unwrap();
}

#[test]
fn payouts_name_the_games_own_entry_and_jackpot() {
    let mut two = two_houses();
    two.world.pass(3_600);
    two.world.play(&two.game, 1).unwrap();
    let (game, entry, player) = (two.game, two.entry, two.player);
    let foreign_entry = address::entry(&two.other_game, &player, 0);
    let house = two.world.house;
    assert_refused(
        two.world.crank(ix::claim(game, foreign_entry, player, 0)),
        LotteryError::ForeignGame,
    );
    assert_refused(
        two.world
            .crank(ix::claim_jackpot(house, game, foreign_entry, player, 0)),
        LotteryError::ForeignGame,
    );
    assert_refused(
        two.world.crank(ix::refund(game, foreign_entry, player)),
        LotteryError::ForeignGame,
    );
    let other = two.other;
    assert_refused(
        two.world
            .crank(ix::claim_jackpot(other, game, entry, player, 0)),
        LotteryError::ForeignHouse,
    );
}

/// Every account of every payout and crank, replaced by each other kind of
/// account, truncated, of another owner, read-only: never accepted, and the
/// unchanged instruction is accepted afterwards.
#[test]
fn no_substituted_account_is_accepted() {
    let mut two = two_houses();
    let world = &mut two.world;
    world.pass(3_600);
    let id = world.lane().next_draw;
    let request = world.request_ix(id, 0, &[two.game]);
    substitute(world, two.other, &request);
    world.crank(request).unwrap();
    world.pass(0);
    let answer = world.answer(0, [1; 32]);
    let reveal = world.reveal_ix(id, 0, &answer);
    substitute(world, two.other, &reveal);
    world.crank(reveal).unwrap();
    let settle = world.settle_ix(id, &[two.game]);
    substitute(world, two.other, &settle);
    world.crank(settle).unwrap();
    let seed = world.game(&two.game).round_seeds[0];
    let ticket = (0..2)
        .find(|ticket| lottery::draw::shuffled_index(&seed, 2, *ticket) == 0)
        .unwrap();
    let claim = ix::claim(two.game, two.entry, two.player, ticket);
    substitute(world, two.other, &claim);
    world.crank(claim).unwrap();

    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    let entry = world.join(&game, &player, 1).unwrap();
    world.pass(3_600);
    let cancel = ix::cancel_game(game);
    substitute(world, two.other, &cancel);
    world.crank(cancel).unwrap();
    let refund = ix::refund(game, entry, player.pubkey());
    substitute(world, two.other, &refund);
    world.crank(refund).unwrap();
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
    for index in 0..instruction.accounts.len() {
        let key = instruction.accounts[index].pubkey;
        let signer = instruction.accounts[index].is_signer;
        for stranger in strangers {
            if stranger == key || signer {
                continue;
            }
            let mut changed = instruction.clone();
            changed.accounts[index].pubkey = stranger;
            refuse(world, &changed, index, "substituted");
        }
        for duplicate in 0..instruction.accounts.len() {
            let twin = instruction.accounts[duplicate].pubkey;
            if twin == key || signer {
                continue;
            }
            let mut changed = instruction.clone();
            changed.accounts[index].pubkey = twin;
            refuse(world, &changed, index, "duplicated");
        }
        if instruction.accounts[index].is_writable && !signer {
            let mut changed = instruction.clone();
            changed.accounts[index].is_writable = false;
            if key != world.authority.pubkey() {
                refuse(world, &changed, index, "read-only");
            }
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
        let mut short = instruction.clone();
        short.accounts.truncate(index);
        refuse(world, &short, index, "missing");
    }
    let mut data = instruction.clone();
    data.data.truncate(7);
    refuse(world, &data, 0, "instruction data of 7 bytes before");
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
