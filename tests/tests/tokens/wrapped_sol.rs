//! Wrapped SOL is a token like any other, of both programs; its accounts hold their
//! tokens as lamports, and can be closed with tokens in them.

use lottery::switchboard::WRAPPED_SOL;
use lottery_client::{address, instruction::Token};
use lottery_tests::{
    rules,
    tokens::{Currency, SPL_TOKEN, TOKEN_2022},
    world::{SOL, World},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use spl_token_2022_interface::{instruction as token_ix, native_mint};

use crate::common::{ten_tickets, vaults, won};

for_each_token! {
    a_game_to_its_end
    lamports_sent_to_a_vault
    vault_addresses_that_hold_lamports
}

/// A world without a house, and the native mint of this program.
fn without_house(currency: Currency) -> World {
    let mut world = World::without_house();
    let program = currency.program().unwrap();
    let mint = if program == SPL_TOKEN {
        WRAPPED_SOL
    } else {
        let payer = world.authority.pubkey();
        let create = token_ix::create_native_mint(&TOKEN_2022, &payer).unwrap();
        world.crank(create).unwrap();
        native_mint::ID
    };
    world.play_for(Token { mint, program });
    world
}

fn world_of_hits(currency: Currency) -> World {
    let mut world = without_house(currency);
    world.found_house(|params| rules::certain_hits(params, 10));
    world
}

/// Lamports of a vault beside its rent.
fn wrapped(world: &World, vault: &Pubkey) -> u64 {
    world.lamports(vault) - world.rent(165)
}

fn a_game_to_its_end(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = won(&mut world);
    let vault = address::vault(&sold.game);
    assert_eq!(world.tokens_in(&vault), 94_000_000);
    assert_eq!(wrapped(&world, &vault), 94_000_000);
    for (vault, tokens) in vaults(&world.house)
        .iter()
        .zip([4_000_000, 100_000, 400_000, 1_500_000])
    {
        assert_eq!(world.tokens_in(vault), tokens);
        assert_eq!(wrapped(&world, vault), tokens);
    }
    let before: u64 = sold
        .players
        .iter()
        .map(|p| world.money_of(&p.pubkey()))
        .sum();
    world.claim_place(&sold.game, 0).unwrap();
    for tier in 0..3 {
        world.claim_award(&sold.game, tier).unwrap();
    }
    let after: u64 = sold
        .players
        .iter()
        .map(|p| world.money_of(&p.pubkey()))
        .sum();
    assert_eq!(after, before + 94_000_000);
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.close_game(&sold.game).unwrap();
    assert!(world.is_gone(&vault));
}

/// They are the creator's: as tokens once somebody has them counted (`SyncNative`), as
/// lamports otherwise. What is owed does not change.
fn lamports_sent_to_a_vault(currency: Currency) {
    for counted in [false, true] {
        let mut world = world_of_hits(currency);
        let sold = world.sell(ten_tickets, &[4, 6]);
        let vault = address::vault(&sold.game);
        world.svm.airdrop(&vault, SOL).unwrap();
        if counted {
            let program = world.token().program;
            let sync = token_ix::sync_native(&program, &vault).unwrap();
            world.crank(sync).unwrap();
        }
        let tokens = if counted { SOL } else { 0 };
        assert_eq!(world.tokens_in(&vault), 100_000_000 + tokens);
        world.play(&sold.game, 1).unwrap();
        world.claim_place(&sold.game, 0).unwrap();
        for tier in 0..3 {
            world.claim_award(&sold.game, tier).unwrap();
        }
        assert_eq!(world.tokens_in(&vault), tokens);
        for entry in &sold.entries {
            world.close_entry(entry).unwrap();
        }
        let creator = world.authority.pubkey();
        let (lamports, money) = (world.lamports(&creator), world.money_of(&creator));
        let rents = world.rent(165) + world.lamports(&sold.game);
        world.close_game(&sold.game).unwrap();
        assert_eq!(world.money_of(&creator), money + tokens);
        let gained = rents + (SOL - tokens) - 5_000;
        assert_eq!(world.lamports(&creator), lamports + gained);
    }
}

/// What is above the rent is born as tokens, and owed to nobody.
fn vault_addresses_that_hold_lamports(currency: Currency) {
    let mut world = without_house(currency);
    let house = address::house(&world.authority.pubkey(), 0);
    let vault = address::vault(&address::game(&house, 0));
    world.svm.airdrop(&vault, SOL).unwrap();
    let mega = vaults(&house)[3];
    world.svm.airdrop(&mega, SOL).unwrap();
    world.found_house(|_| ());
    let sold = world.cancelled(&[2]);
    let surplus = SOL - world.rent(165);
    assert_eq!(world.jackpot(2).amount, 0);
    assert_eq!(world.tokens_in(&mega), surplus);
    world.refund(&sold.entries[0]).unwrap();
    assert_eq!(world.tokens_in(&vault), surplus);
    world.close_entry(&sold.entries[0]).unwrap();
    let creator = world.authority.pubkey();
    let before = world.money_of(&creator);
    world.close_game(&sold.game).unwrap();
    assert_eq!(world.money_of(&creator), before + surplus);
}
