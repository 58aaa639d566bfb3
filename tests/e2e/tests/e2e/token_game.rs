//! A house that plays for a token.

use std::time::Duration;

use lottery::state::{Game, Jackpot, Treasury};
use lottery_client::{
    address, history,
    instruction::Token,
    token::amount,
    verify::{Award, Winner, winners},
};
use lottery_demo::{
    scenario::{self, Kind, Settings, finish},
    table::{FEE, doomed, five_rounds},
};
use lottery_localnet::ClusterChoice;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::{
    mint::{self, TOKEN_2022},
    stage::{Stage, on_each_cluster, until},
};

const PLAYERS: usize = 10;

/// How long the doomed game sells: enough for all joins (seconds).
const DOOMED_SECONDS: i64 = 12;

async fn held(stage: &Stage, account: &Pubkey) -> u64 {
    let rpc = stage.table.rpc();
    amount(&rpc.get_account_data(account).await.unwrap()).unwrap()
}

/// Players who closed their token accounts after they joined are paid nevertheless, all
/// of the money is where it belongs, and everything can be closed.
async fn a_token_game(cluster: ClusterChoice, name: &str) {
    let purpose = format!("token_{name}");
    let mut stage = Stage::set_with(cluster, &purpose, PLAYERS, Some(TOKEN_2022), |_| ()).await;
    let token: Token = stage.table.token.unwrap();
    let table = &stage.table;
    let wallets: Vec<Pubkey> = table.players.iter().map(|player| player.pubkey()).collect();
    mint::give(&stage.localnet, token, &wallets, FEE).await;
    let game = table
        .create_game(|id, now| five_rounds(id, now, PLAYERS as u32))
        .await
        .unwrap();
    table.join_all(game, PLAYERS, |_| 1, || ()).await.unwrap();
    let vault = address::vault(&game);
    assert_eq!(held(&stage, &vault).await, FEE * PLAYERS as u64);
    for player in &table.players {
        let close = mint::close(token, &player.pubkey());
        table.sender.send(&[close], player, &[]).await.unwrap();
    }

    stage.start_keeper().await;
    let settings = Settings {
        players: PLAYERS,
        patience: Duration::from_secs(120),
    };
    let mut services = stage.take_services();
    let played = scenario::Game {
        address: game,
        kind: Kind::FiveRounds,
    };
    finish(&stage.api, played, &settings, &mut services)
        .await
        .unwrap();
    stage.give_back(services);
    let over = stage.state::<Game>(&game).await;
    let entries = history::entries(stage.table.rpc(), &game).await.unwrap();
    let (places, awards) = winners(&over, &entries);
    assert_eq!(places.len(), 3);
    for wallet in &wallets {
        let prizes = places.iter().filter(|place| place.player == *wallet);
        let prizes: u64 = prizes.map(|Winner { prize, .. }| prize).sum();
        let won = awards.iter().filter(|award| award.player == *wallet);
        let won: u64 = won.map(|Award { amount, .. }| amount).sum();
        let account = token.associated(wallet);
        if prizes + won > 0 {
            assert_eq!(held(&stage, &account).await, prizes + won);
        } else {
            let rpc = stage.table.rpc();
            assert_eq!(rpc.get_balance(&account).await.unwrap(), 0);
        }
    }
    assert_eq!(held(&stage, &vault).await, 0);
    let house = &stage.table.house;
    let treasury = address::treasury(house);
    let accrued = stage.state::<Treasury>(&treasury).await.accrued;
    assert_eq!(held(&stage, &address::vault(&treasury)).await, accrued);
    for tier in 0..3 {
        let jackpot = address::jackpot(house, tier);
        let pot = stage.state::<Jackpot>(&jackpot).await.amount;
        assert_eq!(held(&stage, &address::vault(&jackpot)).await, pot);
    }
    stage.verify_game(&game).await;
    stage.verify_database().await;
    stage.close_everything(&[game, vault]).await;
    stage.verify_game(&game).await;
    stage.verify_database().await;
    stage.strike().await;
}

/// One player's token account is frozen: the others are refunded in the same batch, the
/// keeper says who was not and why, and pays once it can.
async fn a_frozen_player_holds_nobody_up(cluster: ClusterChoice, name: &str) {
    let purpose = format!("frozen_{name}");
    let mut stage = Stage::set_with(cluster, &purpose, PLAYERS, Some(TOKEN_2022), |_| ()).await;
    let token: Token = stage.table.token.unwrap();
    let table = &stage.table;
    let wallets: Vec<Pubkey> = table.players.iter().map(|player| player.pubkey()).collect();
    mint::give(&stage.localnet, token, &wallets, FEE).await;
    let game = table
        .create_game(|id, now| doomed(id, now, PLAYERS as u32 + 1, DOOMED_SECONDS))
        .await
        .unwrap();
    table.join_all(game, PLAYERS, |_| 1, || ()).await.unwrap();
    let frozen = wallets[3];
    mint::freeze(&stage.localnet, token, &frozen, true).await;
    stage.start_keeper().await;
    until("all but one are refunded", async || {
        stage.state::<Game>(&game).await.refunded == FEE * (PLAYERS as u64 - 1)
    })
    .await;
    until("the keeper has said why", async || {
        stage.keeper_log().contains("TokenAccountFrozen")
    })
    .await;
    assert_eq!(held(&stage, &token.associated(&frozen)).await, 0);
    mint::freeze(&stage.localnet, token, &frozen, false).await;
    until("the last one is refunded too", async || {
        stage.state::<Game>(&game).await.has(Game::FLAG_PAID)
    })
    .await;
    for wallet in &wallets {
        assert_eq!(held(&stage, &token.associated(wallet)).await, FEE);
    }
    stage.close_everything(&[game]).await;
    stage.verify_game(&game).await;
    stage.strike().await;
}

on_each_cluster!(a_token_game, a_frozen_player_holds_nobody_up);
