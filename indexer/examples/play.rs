use std::{sync::Arc, time::Duration};
use lottery::state::{GameParams, HouseParams, Game, GameStatus, Lane, Draw};
use lottery_client::{account::decode, address, gateway::Gateway, instruction as ix, sender::Sender};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signer::Signer;
use solana_commitment_config::CommitmentConfig;

#[tokio::main]
async fn main() {
    let net: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap()).unwrap();
    let games: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let url = net["rpc_url"].as_str().unwrap().to_owned();
    let queue: Pubkey = net["queue"].as_str().unwrap().parse().unwrap();
    let oracle: Pubkey = net["oracles"][0].as_str().unwrap().parse().unwrap();
    let rpc = Arc::new(RpcClient::new_with_commitment(url.clone(), CommitmentConfig::confirmed()));
    let sender = Sender::new(rpc.clone());
    let op = Keypair::new();
    let players: Vec<Keypair> = (0..6).map(|_| Keypair::new()).collect();
    for k in players.iter().chain([&op]) {
        rpc.request_airdrop(&k.pubkey(), 100_000_000_000).await.unwrap();
    }
    while rpc.get_balance(&players[5].pubkey()).await.unwrap() == 0 || rpc.get_balance(&op.pubkey()).await.unwrap() == 0 { tokio::time::sleep(Duration::from_millis(200)).await; }
    let house = address::house(&op.pubkey(), 1);
    sender.send(&[ix::create_house(op.pubkey(), 1, HouseParams {
        treasury_wallet: op.pubkey(), vrf_queue: queue, prize_bps: 8000, jackpot_bps: [700, 500, 300], treasury_bps: 500,
        jackpot_mean: [20_000_000, 900_000_000, 90_000_000_000], reserve_bps: [1000, 1000, 1000], open_creation: false })], &op, &[]).await.unwrap();
    let slot = rpc.get_slot_with_commitment(CommitmentConfig::finalized()).await.unwrap();
    sender.send(&[ix::open_lane(op.pubkey(), house, queue, 0, slot)], &op, &[]).await.unwrap();
    let keys = ix::LaneKeys { house, queue, index: 0 };
    let lane = address::lane(&house, 0);
    let gateway = Gateway::new(url, Duration::from_secs(10)).unwrap();
    let mut list = vec![];
    for id in 0..games {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        let rounds = 1 + (id % 4) as u8;
        let mut keep_bps = [0; 8]; for k in keep_bps.iter_mut().take(rounds as usize - 1) { *k = 6000; }
        let mut place_bps = [0; 32]; place_bps[0] = 6000; place_bps[1] = 3000; place_bps[2] = 1000;
        sender.send(&[ix::create_game(op.pubkey(), house, GameParams { id, entry_fee: 10_000_000, opens_at: now - 60, closes_at: now + 3600,
            min_tickets: 3, max_tickets: 40, max_tickets_per_entry: 20, round_interval: 0, rounds, winners: 3, keep_bps, place_bps })], &op, &[]).await.unwrap();
        let game = address::game(&house, id);
        for (i, p) in players.iter().enumerate() {
            let n = [10, 3, 1, 6, 8, 12][i];
            sender.send(&[ix::join(p.pubkey(), house, game, n, 0, u64::MAX)], p, &[]).await.unwrap();
        }
        list.push((game, rounds));
    }
    // One refused join: sold out.
    let refused = sender.send_with_limit(&[ix::join(players[0].pubkey(), house, list[0].0, 1, 1, u64::MAX)], 100_000, &players[0], &[]).await;
    println!("refused: {}", refused.unwrap_err());
    loop {
        let mut due = vec![];
        for (g, _) in &list {
            let a = rpc.get_account(g).await.unwrap();
            let game: Game = decode(&a.owner, &a.data).unwrap();
            if game.status() != Some(GameStatus::Settled) { due.push(*g); }
        }
        if due.is_empty() { break; }
        let la = rpc.get_account(&lane).await.unwrap();
        let l: Lane = decode(&la.owner, &la.data).unwrap();
        let id = l.next_draw;
        sender.send(&[ix::request_draw(op.pubkey(), keys, id, oracle, &due)], &op, &[]).await.unwrap();
        let randomness = address::randomness(&lane);
        let revelation = loop {
            let oa = rpc.get_account(&oracle).await.unwrap();
            let ra = rpc.get_account(&randomness).await.unwrap();
            match gateway.reveal(&oa.data, &randomness, &ra.data).await { Ok(r) => break r, Err(e) => { println!("gateway: {e}"); tokio::time::sleep(Duration::from_millis(300)).await; } }
        };
        sender.send(&[ix::reveal_draw(op.pubkey(), keys, id, oracle, &revelation)], &op, &[]).await.unwrap();
        let draw = address::draw(&lane, id);
        let d = rpc.get_account(&draw).await.unwrap();
        let d: Draw = decode(&d.owner, &d.data).unwrap();
        println!("draw {draw} games {} ", d.games);
        for chunk in due.chunks(2) {
            sender.send(&[ix::settle_draw(house, draw, d.payer, chunk)], &op, &[]).await.unwrap();
        }
    }
    for (g, _) in &list {
        let a = rpc.get_account(g).await.unwrap();
        let game: Game = decode(&a.owner, &a.data).unwrap();
        let rules = lottery::draw::Rules { tickets: game.tickets, rounds: game.rounds, winners: game.winners, keep_bps: &game.keep_bps };
        let sizes = [10u32, 3, 1, 6, 8, 12];
        for t in 0..game.tickets {
            if let lottery::draw::Fate::Alive(p) = lottery::draw::fate(&rules, &game.round_seeds[..game.rounds as usize], t) {
                let mut first = 0; let mut who = 0;
                for (i, s) in sizes.iter().enumerate() { if t >= first && t < first + s { who = i; } first += s; }
                let pk = players[who].pubkey();
                println!("{g} place {p} ticket {t} {pk}");
                sender.send(&[ix::claim(*g, address::entry(g, &pk, 0), pk, t)], &op, &[]).await.unwrap();
            }
        }
        for tier in 0..3usize { if game.jackpot_awards[tier] > 0 {
            let t = game.jackpot_tickets[tier]; let mut first = 0; let mut who = 0;
            for (i, s) in sizes.iter().enumerate() { if t >= first && t < first + s { who = i; } first += s; }
            let pk = players[who].pubkey();
            println!("{g} jackpot {tier} {}", game.jackpot_awards[tier]);
            sender.send(&[ix::claim_jackpot(house, *g, address::entry(g, &pk, 0), pk, tier as u8)], &op, &[]).await.unwrap();
        }}
    }
    println!("done house {house}");
}
