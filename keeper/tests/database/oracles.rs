//! Oracles' records survive their keeper.

use std::collections::BTreeMap;

use lottery_keeper::{database::oracles, state::OracleRecord};
use solana_pubkey::Pubkey;

use crate::common::TestDatabase;

#[tokio::test]
async fn records_of_oracles_are_read_as_they_were_written() {
    let database = TestDatabase::migrated().await;
    let (ours, theirs) = (database.keeper(), database.keeper());
    let (a, b) = (
        Pubkey::new_from_array([1; 32]),
        Pubkey::new_from_array([2; 32]),
    );
    let mut records = BTreeMap::from([
        (a, OracleRecord::default()),
        (
            b,
            OracleRecord {
                answers: 10,
                failures: 2,
                consecutive_failures: u32::MAX,
                last_failure_at: Some(1_800_000_000),
                latency_ms_ema: Some(321),
            },
        ),
    ]);
    assert_eq!(
        oracles::load(&ours, "keeper").await.unwrap(),
        BTreeMap::new()
    );
    oracles::save(&ours, "keeper", &BTreeMap::new())
        .await
        .unwrap();
    oracles::save(&ours, "keeper", &records).await.unwrap();
    assert_eq!(oracles::load(&theirs, "keeper").await.unwrap(), records);

    // Over what was there; what is not said stays.
    let answered = records.get_mut(&a).unwrap();
    answered.answers = 1;
    let only = BTreeMap::from([(a, *answered)]);
    oracles::save(&theirs, "keeper", &only).await.unwrap();
    assert_eq!(oracles::load(&ours, "keeper").await.unwrap(), records);
    assert_eq!(
        oracles::load(&ours, "other").await.unwrap(),
        BTreeMap::new()
    );
}
