//! Vaults, mints and token programs of somebody else's.

use lottery::LotteryError;
use lottery_client::{
    address,
    instruction::{self as ix, Batch, Purchase, Token},
};
use lottery_tests::{
    refusal::{assert_fails, assert_refused},
    tokens::{Currency, MintRules, SPL_TOKEN, TOKEN_2022},
    world::World,
};
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::common::{
    refused_until_whole, second_house, swap, ten_tickets, vaults, won, world_of_hits,
};

for_each_token! {
    vaults_that_pay
    vaults_of_a_settlement
    vaults_that_collect
    vaults_to_be_created
    vault_in_a_batch
    programs
    another_mint_pays_nobody
    another_mint_buys_nothing
    another_mint_settles_nothing
    two_mints_in_a_batch
}

/// What the token program answers when an account is of another mint.
const MINT_MISMATCH: InstructionError = InstructionError::Custom(3);

/// A second mint of the same token program.
fn second_mint(world: &mut World) -> Token {
    let mut rules = MintRules::plain(world.token().program);
    rules.seed = 202;
    world.create_mint(&rules).unwrap()
}

/// None of these passes for the vault.
#[track_caller]
fn only(world: &mut World, instruction: Instruction, vault: &Pubkey, others: &[Pubkey]) {
    for other in others {
        let result = world.crank(swap(&instruction, vault, other));
        assert_refused(result, LotteryError::ForeignVault);
    }
    world.crank(instruction).unwrap();
}

/// Vaults with money in them that are not those of the world's house or its last game:
/// of another house with the same mint, and of a game of it.
fn foreign_vaults(world: &mut World) -> Vec<Pubkey> {
    let house = world.house;
    second_house(world);
    let other = world.create_game(ten_tickets).unwrap();
    let mut all = vaults(&world.house).to_vec();
    all.push(address::vault(&other));
    for vault in &all {
        world.mint_to(vault, 1_000_000_000);
    }
    world.house = house;
    all
}

fn vaults_that_pay(currency: Currency) {
    let mut world = world_of_hits(currency);
    let mut others = foreign_vaults(&mut world);
    others.extend(vaults(&world.house));
    others.push(address::vault(&won(&mut world).game));
    let sold = won(&mut world);
    let vault = address::vault(&sold.game);

    let (entry, ticket) = world.winner(&sold.game, 0);
    let player = world.entry(&entry).player;
    others.push(world.tokens_of(&player));
    let claim = world.claim_ix(&entry, ticket);
    only(&mut world, claim, &vault, &others);
    others.pop();

    let entry = world.holder(&sold.game, world.game(&sold.game).jackpot_tickets[1]);
    let award = world.award_ix(&entry, 1);
    only(&mut world, award, &vault, &others);

    world.pass_until(world.game(&sold.game).claims_end());
    let authority = world.authority.pubkey();
    let expire = ix::expire_prizes(authority, world.house, sold.game, world.token);
    let mega = vaults(&world.house)[3];
    let from: Vec<_> = others.iter().filter(|o| **o != mega).copied().collect();
    for other in &from {
        let result = world.crank(swap(&expire, &mega, other));
        assert_refused(result, LotteryError::ForeignVault);
    }
    only(&mut world, expire, &vault, &from);

    let wallet = world.treasury_wallet.pubkey();
    let withdraw = ix::withdraw_treasury(authority, world.house, wallet, 1, world.token);
    let treasury = vaults(&world.house)[0];
    let from: Vec<_> = others.iter().filter(|o| **o != treasury).copied().collect();
    only(&mut world, withdraw, &treasury, &from);

    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    let close = ix::close_game(authority, sold.game, authority, world.token);
    only(&mut world, close, &vault, &others);
}

fn vaults_of_a_settlement(currency: Currency) {
    let mut world = world_of_hits(currency);
    let mut others = foreign_vaults(&mut world);
    let sold = world.sell(ten_tickets, &[10]);
    let id = world.request(&[sold.game]).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    let settle = world.settle_ix(id, &[sold.game]);
    let own = vaults(&world.house);
    let game = address::vault(&sold.game);
    others.push(game);
    for vault in own {
        for other in &others {
            let result = world.crank(swap(&settle, &vault, other));
            assert_refused(result, LotteryError::ForeignVault);
        }
        // The house's own in one another's places.
        for other in own.iter().filter(|other| **other != vault) {
            let result = world.crank(swap(&settle, &vault, other));
            assert_refused(result, LotteryError::ForeignVault);
        }
    }
    others.pop();
    others.extend(own);
    only(&mut world, settle, &game, &others);
}

fn vaults_that_collect(currency: Currency) {
    let mut world = world_of_hits(currency);
    let mut others = foreign_vaults(&mut world);
    let authority = world.authority.pubkey();
    let own = vaults(&world.house);
    let fund = ix::fund_jackpot(authority, world.house, 1, 1_000, world.token);
    others.extend([own[0], own[1], own[3]]);
    only(&mut world, fund, &own[2], &others);

    let game = world.create_game(ten_tickets).unwrap();
    let player = world.player();
    let purchase = Purchase {
        player: player.pubkey(),
        house: world.house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: u64::MAX,
    };
    let join = ix::join(&purchase, world.token);
    others.push(own[2]);
    // Buying from oneself would be free.
    others.push(world.tokens_of(&player.pubkey()));
    for other in &others {
        let mut changed = join.clone();
        // The vault comes before the player's token account, which may be the same.
        let vault = address::vault(&game);
        let at = changed.accounts.iter().position(|m| m.pubkey == vault);
        changed.accounts[at.unwrap()].pubkey = *other;
        let result = world.send(&[changed], &player, &[]);
        assert_refused(result, LotteryError::ForeignVault);
    }
    world.send(&[join], &player, &[]).unwrap();
}

/// Vaults are created at their derived addresses and nowhere else.
fn vaults_to_be_created(currency: Currency) {
    let mut world = world_of_hits(currency);
    let others = foreign_vaults(&mut world);
    let authority = world.authority.pubkey();
    let params = ten_tickets(0, world.now());
    let create = ix::create_game(authority, world.house, params, world.token);
    let vault = address::vault(&address::game(&world.house, 0));
    let unused = Pubkey::new_from_array([88; 32]);
    only(&mut world, create, &vault, &[others[0], unused]);

    let params = lottery_tests::rules::house(authority, world.queue);
    let create = ix::create_house(authority, 7, params, world.token);
    let mut own = vaults(&address::house(&authority, 7)).to_vec();
    for _ in 0..4 {
        for other in [own[1], own[2], others[1], unused] {
            let result = world.crank(swap(&create, &own[0], &other));
            assert_refused(result, LotteryError::ForeignVault);
        }
        own.rotate_left(1);
    }
    world.crank(create).unwrap();
}

fn vault_in_a_batch(currency: Currency) {
    let mut world = world_of_hits(currency);
    let mut others = foreign_vaults(&mut world);
    others.extend(vaults(&world.house));
    let sold = won(&mut world);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let mut batch = Batch::new(world.authority.pubkey());
    batch.claim(world.entry_keys(&entry), ticket).unwrap();
    let vault = address::vault(&sold.game);
    only(&mut world, batch.build(false), &vault, &others);
}

fn programs(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = won(&mut world);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let claim = world.claim_ix(&entry, ticket);
    let token = world.token();
    let other = if token.program == SPL_TOKEN {
        TOKEN_2022
    } else {
        SPL_TOKEN
    };
    let authority = world.authority.pubkey();
    let with = |program| swap(&claim, &token.program, &program);
    let changed = [
        (with(other), LotteryError::Mint),
        (with(randomness_stand_in::ID), LotteryError::TokenProgram),
        (swap(&claim, &token.mint, &authority), LotteryError::Mint),
        (swap(&claim, &token.mint, &other), LotteryError::Mint),
    ];
    refused_until_whole(&mut world, claim.clone(), &changed);
}

/// The vault's mint is the token program's to check, with every transfer.
fn another_mint_pays_nobody(currency: Currency) {
    let mut world = world_of_hits(currency);
    let (ours, theirs) = (world.token(), second_mint(&mut world));
    let sold = won(&mut world);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let player = world.entry(&entry).player;
    world.token = Some(theirs);
    let worthless = world.give_tokens(&player, 1);
    let claim = world.claim_ix(&entry, ticket);
    assert_fails(world.crank(claim), &MINT_MISMATCH);
    assert_eq!(world.tokens_in(&worthless), 1);

    // One of the two alone.
    world.token = Some(ours);
    let claim = world.claim_ix(&entry, ticket);
    let account = ours.associated(&player);
    let changed = [
        (
            swap(&claim, &ours.mint, &theirs.mint),
            LotteryError::TokenAccount,
        ),
        (
            swap(&claim, &account, &worthless),
            LotteryError::TokenAccount,
        ),
    ];
    refused_until_whole(&mut world, claim.clone(), &changed);
    assert_eq!(world.game(&sold.game).paid_out, 90_000_000);
}

fn another_mint_buys_nothing(currency: Currency) {
    let mut world = world_of_hits(currency);
    let (ours, theirs) = (world.token(), second_mint(&mut world));
    let game = world.create_game(ten_tickets).unwrap();
    let player = world.player();
    let authority = world.authority.pubkey();
    world.token = Some(theirs);
    world.give_tokens(&player.pubkey(), 1_000_000_000);
    world.give_tokens(&authority, 1_000_000_000);
    assert_fails(world.join(&game, &player, 1), &MINT_MISMATCH);
    let fund = ix::fund_jackpot(authority, world.house, 0, 1_000, world.token);
    assert_fails(world.crank(fund), &MINT_MISMATCH);

    // A game of another mint than its house's.
    let refusal = world.create_game(ten_tickets);
    assert_refused(refusal, LotteryError::Mint);
    world.token = Some(ours);
    world.join(&game, &player, 1).unwrap();
}

fn another_mint_settles_nothing(currency: Currency) {
    let mut world = world_of_hits(currency);
    let (ours, theirs) = (world.token(), second_mint(&mut world));
    let sold = world.sell(ten_tickets, &[10]);
    let id = world.request(&[sold.game]).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    world.token = Some(theirs);
    let settle = world.settle_ix(id, &[sold.game]);
    assert_fails(world.crank(settle), &MINT_MISMATCH);
    world.token = Some(ours);
    world.settle(id, &[sold.game]).unwrap();

    world.pass_until(world.game(&sold.game).claims_end());
    world.token = Some(theirs);
    assert_fails(world.expire(&sold.game), &MINT_MISMATCH);
    let wallet = world.treasury_wallet.pubkey();
    world.open_tokens(&wallet);
    let authority = world.authority.pubkey();
    let withdraw = ix::withdraw_treasury(authority, world.house, wallet, 1, world.token);
    assert_fails(world.crank(withdraw), &MINT_MISMATCH);
    world.token = Some(ours);
    world.expire(&sold.game).unwrap();
}

/// All houses of a batch share the one mint it names.
fn two_mints_in_a_batch(currency: Currency) {
    let mut world = world_of_hits(currency);
    let theirs = second_mint(&mut world);
    let sold = won(&mut world);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let keys = world.entry_keys(&entry);
    let mut batch = Batch::new(world.authority.pubkey());
    batch.claim(keys, ticket).unwrap();
    let mut other = keys;
    other.token = Some(theirs);
    assert!(batch.claim(other, ticket).is_err());
    let batch = swap(&batch.build(false), &keys.token.unwrap().mint, &theirs.mint);
    assert_refused(world.crank(batch), LotteryError::TokenAccount);
}
