//! Vaults: what others send to them, and what was sent before they were there.

use lottery::{LotteryError, state::Game};
use lottery_client::{address, instruction as ix, token::amount};
use lottery_tests::{
    events::{Event, event},
    payouts::Sold,
    refusal::assert_refused,
    rules::FEE,
    tokens::{Currency, MintRules, PLAYER_TOKENS},
    world::{SOL, World},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use spl_token_2022_interface::instruction as token_ix;

use crate::common::{second_house, ten_tickets, vaults, won, world_of_hits};

for_each_token! {
    donated_tokens_are_owed_to_nobody
    donated_lamports_return_with_the_rent
    vault_addresses_that_hold_lamports
    events_that_tell_the_currency
    a_vault_is_its_holders
    two_houses_of_one_mint
    donated_tokens_of_another_mint
    entry_address_that_holds_lamports
    draws_that_never_come
}

/// Everything that a house and its last game owe and paid.
fn books(world: &World, game: &Pubkey) -> (Game, [u64; 4]) {
    let pots = [0, 1, 2].map(|tier| world.jackpot(tier).amount);
    let accrued = world.treasury().accrued;
    (world.game(game), [pots[0], pots[1], pots[2], accrued])
}

/// A game of ten tickets with all its money claimed.
fn claimed(world: &mut World) -> Sold {
    let sold = won(world);
    world.claim_place(&sold.game, 0).unwrap();
    for tier in 0..3 {
        world.claim_award(&sold.game, tier).unwrap();
    }
    sold
}

fn donated_tokens_are_owed_to_nobody(currency: Currency) {
    let mut plain = world_of_hits(currency);
    let sold = claimed(&mut plain);
    let expected = books(&plain, &sold.game);

    let mut world = world_of_hits(currency);
    let gifts = [1, 1_000, FEE, 1 << 60];
    for (vault, gift) in vaults(&world.house).into_iter().zip(gifts) {
        world.mint_to(&vault, gift);
    }
    let game = address::game(&world.house, 0);
    let sold = world.sell(ten_tickets, &[4, 6]);
    assert_eq!(sold.game, game);
    let vault = address::vault(&game);
    world.mint_to(&vault, 77);
    world.pass(3_600);
    world.play(&game, 1).unwrap();
    world.mint_to(&vault, 23);
    world.claim_place(&game, 0).unwrap();
    for tier in 0..3 {
        world.claim_award(&game, tier).unwrap();
    }
    assert_eq!(books(&world, &game), expected);

    // They stay where they are; a game's go to its creator with the rest.
    let (_, owed) = expected;
    let [treasury, minor, major, mega] = vaults(&world.house).map(|vault| world.tokens_in(&vault));
    assert_eq!(
        [minor, major, mega, treasury],
        [
            owed[0] + gifts[1],
            owed[1] + gifts[2],
            owed[2] + gifts[3],
            owed[3] + gifts[0],
        ]
    );
    assert_eq!(world.tokens_in(&vault), 100);
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    let creator = world.authority.pubkey();
    let before = world.money_of(&creator);
    let closed = world.close_game(&game).unwrap();
    let Event::GameClosed(closed) = event(&closed) else {
        panic!("another event");
    };
    assert_eq!(closed.tokens, 100);
    assert_eq!(world.money_of(&creator), before + 100);
    assert!(world.is_gone(&vault));

    // The treasury's gift is not the authority's to withdraw.
    let accrued = world.treasury().accrued;
    let wallet = world.treasury_wallet.pubkey();
    let withdraw =
        |amount| ix::withdraw_treasury(creator, world.house, wallet, amount, world.token);
    let (all, too_much) = (withdraw(accrued), withdraw(accrued + 1));
    assert_refused(world.crank(too_much), LotteryError::AboveAccrued);
    world.crank(all).unwrap();
    assert_eq!(world.held_by(&address::treasury(&world.house)), gifts[0]);
}

fn donated_lamports_return_with_the_rent(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = claimed(&mut world);
    let vault = address::vault(&sold.game);
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    let creator = world.authority.pubkey();
    let returned = world.lamports(&vault) + world.lamports(&sold.game);
    let before = world.lamports(&creator);
    world.svm.airdrop(&vault, 3 * SOL).unwrap();
    world.close_game(&sold.game).unwrap();
    let fee = 5_000;
    let after = before + returned + 3 * SOL - fee;
    assert_eq!(world.lamports(&creator), after);
}

/// Whoever sends lamports to an address beforehand makes the rent cheaper, no more.
fn vault_addresses_that_hold_lamports(currency: Currency) {
    // The least that an address can hold, and more than any rent here.
    for lamports in [890_880, SOL] {
        let mut world = World::without_house();
        let rules = MintRules::plain(currency.program().unwrap());
        let token = world.create_mint(&rules).unwrap();
        world.play_for(token);
        let house = address::house(&world.authority.pubkey(), 0);
        let game = address::game(&house, 0);
        let mut all = vaults(&house).to_vec();
        all.push(address::vault(&game));
        all.push(house);
        all.push(game);
        for address in &all {
            world.svm.airdrop(address, lamports).unwrap();
        }
        world.found_house(|_| ());
        let sold = world.cancelled(&[2]);
        assert_eq!(sold.game, game);
        let rent = world.rent(165);
        for vault in &all[..5] {
            assert_eq!(world.lamports(vault), rent.max(lamports));
        }
        world.refund(&sold.entries[0]).unwrap();
        world.close_entry(&sold.entries[0]).unwrap();
        world.close_game(&game).unwrap();
        assert_eq!(world.money_of(&sold.players[0].pubkey()), PLAYER_TOKENS);
    }
}

fn events_that_tell_the_currency(currency: Currency) {
    let mut world = world_of_hits(currency);
    let authority = world.authority.pubkey();
    let params = ten_tickets(0, world.now());
    let create = ix::create_game(authority, world.house, params, world.token);
    let Event::GameCreated(created) = event(&world.crank(create).unwrap()) else {
        panic!("another event");
    };
    assert_eq!(created.vault, address::vault(&created.game));
    let pause = ix::set_pause(authority, world.house, true, false);
    let Event::HouseChanged(changed) = event(&world.crank(pause).unwrap()) else {
        panic!("another event");
    };
    assert_eq!(Some(changed.mint), world.token.map(|token| token.mint));
}

/// A vault's owner is its holder, for ever: nobody else can move, approve or close, and
/// there is no delegate and no close authority.
fn a_vault_is_its_holders(currency: Currency) {
    let mut world = world_of_hits(currency);
    let game = world.create_game(ten_tickets).unwrap();
    let mut all = vaults(&world.house).to_vec();
    all.push(address::vault(&game));
    let mut holders = vec![address::treasury(&world.house)];
    holders.extend([0, 1, 2].map(|tier| address::jackpot(&world.house, tier)));
    holders.push(game);
    for (vault, holder) in all.iter().zip(holders) {
        let account = world.account(vault);
        assert_eq!(account.owner, world.token().program);
        assert_eq!(account.data.len(), 165);
        assert_eq!(account.data[..32], world.token().mint.to_bytes());
        assert_eq!(account.data[32..64], holder.to_bytes());
        assert_eq!(amount(&account.data), Some(0));
        // Delegate, then state: initialised; then native, delegated, close authority.
        assert_eq!(account.data[72..76], [0; 4]);
        assert_eq!(account.data[108], 1);
        assert_eq!(account.data[109..133], [0; 24]);
    }
    let thief = world.player();
    world.mint_to(&all[4], 1_000);
    let account = world.tokens_of(&thief.pubkey());
    assert!(world.move_tokens(&thief, &all[4], &account, 1).is_err());
    let program = world.token().program;
    let close = token_ix::close_account(&program, &all[0], &account, &thief.pubkey(), &[]);
    assert!(world.token_send(close.unwrap(), &thief).is_err());
}

/// The same mint, the same authority, each its own money.
fn two_houses_of_one_mint(currency: Currency) {
    let mut world = world_of_hits(currency);
    let first = world.house;
    second_house(&mut world);
    let second = world.house;
    let poor = world.settled(ten_tickets, &[2]);
    world.house = first;
    let sold = claimed(&mut world);
    let (_, owed) = books(&world, &sold.game);
    assert_eq!(owed, [100_000, 400_000, 1_500_000, 4_000_000]);
    world.house = second;
    let (_, owed) = books(&world, &poor.game);
    // Of 20,000,000, nothing won.
    assert_eq!(owed, [200_000, 400_000, 600_000, 800_000]);
    let [treasury, minor, major, mega] = vaults(&second).map(|vault| world.tokens_in(&vault));
    assert_eq!([minor, major, mega, treasury], owed);
    assert_eq!(world.held_by(&poor.game), 18_000_000);
    assert_eq!(world.held_by(&sold.game), 0);
}

/// The token program does not let them in.
fn donated_tokens_of_another_mint(currency: Currency) {
    let mut world = world_of_hits(currency);
    let game = world.create_game(ten_tickets).unwrap();
    let mut rules = MintRules::plain(world.token().program);
    rules.seed = 202;
    let other = world.create_mint(&rules).unwrap();
    let ours = world.token.replace(other);
    let donor = world.player();
    let account = world.tokens_of(&donor.pubkey());
    let vault = address::vault(&game);
    assert!(world.move_tokens(&donor, &account, &vault, 1).is_err());
    world.token = ours;
}

/// Lamports sent to an entry's address count for its rent; tokens are paid in full.
fn entry_address_that_holds_lamports(currency: Currency) {
    for lamports in [890_880, SOL] {
        let mut world = world_of_hits(currency);
        let game = world.create_game(ten_tickets).unwrap();
        let player = world.player();
        let key = player.pubkey();
        let entry = address::entry(&game, &key, 0);
        world.svm.airdrop(&entry, lamports).unwrap();
        world.join(&game, &player, 3).unwrap();
        assert_eq!(world.money_of(&key), PLAYER_TOKENS - 3 * FEE);
        assert_eq!(world.held_by(&game), 3 * FEE);
        let (rent, bounties) = (world.rent(112), 20_000);
        let missing = rent.saturating_sub(lamports) + bounties;
        assert_eq!(world.lamports(&key), 100 * SOL - 5_000 - missing);
        assert_eq!(world.lamports(&entry), rent.max(lamports) + bounties);
    }
}

/// Given up and cancelled without a look at the vault, be it frozen.
fn draws_that_never_come(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = world.sell(ten_tickets, &[4, 6]);
    let vault = address::vault(&sold.game);
    world.freeze(&vault);
    for oracle in 0..3 {
        world.fail_draw(oracle, &[sold.game]);
    }
    world.thaw(&vault);
    for (entry, player) in sold.entries.iter().zip(&sold.players) {
        world.refund(entry).unwrap();
        assert_eq!(world.money_of(&player.pubkey()), PLAYER_TOKENS);
    }
    assert_eq!(world.held_by(&sold.game), 0);
}
