//! Others pay much for priority, or seem to.

use std::sync::Arc;

use lottery_lab::{
    RpcFault, Rule,
    trial::{Terms, World},
};
use serde_json::json;

use crate::stage::Stage;

/// Reward of a crank, and what a signature costs (lamports).
const BOUNTY: u64 = 12_000;
const SIGNATURE_FEE: u64 = 5_000;

/// Most that a transaction may offer (lamports).
const CAP: u64 = 30_000;

pub async fn a_spike_costs_no_more_than_the_crank_earns(world: Arc<World>) {
    let terms = Terms {
        bounty: BOUNTY,
        ..Terms::default()
    };
    let stage = Stage::set(world, terms, 1, false, |launch| {
        launch.flag("--fee-cap-lamports", CAP)
    })
    .await;
    let weather = &stage.keeper().rpc[0].weather;
    let spike = weather.add(Rule::on(
        "getRecentPrioritizationFees",
        RpcFault::lie(|_, answer| {
            let fees: Vec<_> = (1..=150)
                .map(|slot| json!({"slot": slot, "prioritizationFee": 4_000_000_000_u64}))
                .collect();
            answer["result"] = json!(fees);
        }),
    ));
    stage.start_all().await;
    stage.play().await;
    assert!(weather.hits(spike) > 0, "nobody asked what others pay");
    let sent = stage.sent();
    let mut highest = 0;
    for trip in sent.trips() {
        let (read, fee) = (&trip.read, trip.read.priority_fee);
        let members = u64::try_from(read.purposes.len()).unwrap();
        let earns = match &*read.name {
            // The operator asked for it, and nobody pays for it.
            "open_lane" => u64::MAX,
            _ => BOUNTY * members - SIGNATURE_FEE,
        };
        assert!(
            fee <= CAP.min(earns),
            "{}: {fee} lamports of {earns}",
            read.name
        );
        highest = highest.max(fee);
    }
    // It did bid what it could.
    assert!(highest > CAP / 2, "{highest} lamports at most");
    stage.judge(&[], false).await;
}
