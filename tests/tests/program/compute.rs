use lottery_tests::bench::{JOIN_BUDGET, measure};

#[test]
fn joins_stay_within_their_budget() {
    for cost in measure() {
        // A donation to the entry's address before it exists makes the System program do
        // in three calls what else is one; tokens move by a call of their own.
        let budget = match cost.instruction.as_str() {
            "join (1 ticket)" | "join (100 tickets)" => JOIN_BUDGET,
            "join (entry address prefunded)" => 6_000,
            "join (SPL Token)" => 5_000,
            "join (Token-2022)" => 7_000,
            _ => continue,
        };
        assert!(cost.compute_units <= budget, "{cost:?} is over {budget}");
    }
}

#[test]
fn program_fits_its_size_budget() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/deploy/lottery.so");
    let size = std::fs::metadata(path).unwrap().len();
    // Blocks count eight compute units for each 32 KiB of it in every transaction.
    assert!(size < 440_000, "{size} bytes");
}
