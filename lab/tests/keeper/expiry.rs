//! Transactions that never arrive.

use std::sync::{Arc, Mutex};

use lottery_lab::{
    RpcFault, Rule,
    trial::{Sent, Terms, World, transaction},
};

use crate::stage::{Stage, until};

/// All that is sent is lost until something was signed anew; that must not have been
/// before the first could land no more.
pub async fn a_lost_transaction_is_signed_anew_only_when_it_is_dead(world: Arc<World>) {
    let stage = Stage::set(world, Terms::default(), 1, true, |launch| launch).await;
    stage.start_all().await;
    stage.until_closed(&stage.scene.cancelled).await;
    let keeper = stage.keeper();
    let lost = Arc::new(Mutex::new(Sent::default()));
    let noted = lost.clone();
    let weather = &keeper.rpc[0].weather;
    let losing = Rule::on("sendTransaction", RpcFault::LoseRequest).only_if(move |seen| {
        if let Some(read) = transaction::of_params(&seen.params) {
            noted.lock().unwrap().note(read);
        }
        true
    });
    let rule = weather.add(losing);
    stage.scene.sell_out().await.unwrap();
    until("what was lost is signed anew", async || {
        lost.lock().unwrap().signatures().len() >= 2
    })
    .await;
    weather.remove(rule);
    stage.until_closed(&stage.scene.played).await;
    let times = weather.hits(rule);
    assert!(times > 5, "it was sent {times} times only");
    let lost = lost.lock().unwrap().clone();
    let sent = Sent::together([lost, stage.sent()]);
    stage.judge_sent(&[], true, sent).await;
}
