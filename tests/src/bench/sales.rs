use lottery_client::{
    address,
    instruction::{self as ix, Purchase},
};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use super::{Cost, JOIN, pair::Pair};
use crate::{
    rules,
    tokens::{Currency, MintRules, SPL_TOKEN},
    world::World,
};

pub fn native() -> Vec<Cost> {
    let mut pair = Pair::with_house(|_| ());
    let authority = pair.world.authority.pubkey();
    let params = rules::five_rounds(0, pair.world.now());
    let house = pair.world.house;
    pair.crank(
        "create_game",
        ix::create_game(authority, house, params, None),
    );
    let game = address::game(&house, 0);
    join(&mut pair, JOIN, game, 1);
    join(&mut pair, "join (100 tickets)", game, 100);
    let third = pair.world.player();
    let entry = address::entry(&game, &third.pubkey(), 0);
    pair.world.svm.airdrop(&entry, 1_000_000).unwrap();
    let purchase = purchase(house, game, &third, 1);
    pair.send(
        "join (entry address prefunded)",
        ix::join(&purchase, None),
        &third,
    );
    pair.costs()
}

pub fn tokens() -> Vec<Cost> {
    let mut pair = Pair::new(World::without_house());
    let token = pair
        .world
        .create_mint(&MintRules::plain(SPL_TOKEN))
        .unwrap();
    pair.world.play_for(token);
    let authority = pair.world.authority.pubkey();
    let params = rules::house(pair.world.treasury_wallet.pubkey(), pair.world.queue);
    let house = address::house(&authority, 0);
    pair.world.house = house;
    let create = ix::create_house(authority, 0, params, Some(token));
    pair.crank("create_house (SPL Token)", create);
    let params = rules::five_rounds(0, pair.world.now());
    let create = ix::create_game(authority, house, params, Some(token));
    pair.crank("create_game (SPL Token)", create);
    join(&mut pair, "join (SPL Token)", address::game(&house, 0), 1);
    let fund = ix::fund_jackpot(authority, house, 0, 1_000, Some(token));
    pair.crank("fund_jackpot (SPL Token)", fund);

    let mut other = Pair::new(World::in_currency(Currency::Token2022, |_| ()));
    let game = other.world.create_game(rules::game).unwrap();
    join(&mut other, "join (Token-2022)", game, 1);
    [pair.costs(), other.costs()].concat()
}

fn join(pair: &mut Pair, name: &str, game: Pubkey, tickets: u32) {
    let player = pair.world.player();
    let purchase = purchase(pair.world.house, game, &player, tickets);
    let join = ix::join(&purchase, pair.world.token);
    pair.send(name, join, &player);
}

/// A purchase with nonce 0 at any price.
pub fn purchase(house: Pubkey, game: Pubkey, player: &Keypair, tickets: u32) -> Purchase {
    Purchase {
        player: player.pubkey(),
        house,
        game,
        tickets,
        nonce: 0,
        max_total: u64::MAX,
    }
}
