use lottery_tests::compute::measure;

#[test]
fn joins_stay_within_their_budget() {
    for cost in measure() {
        if cost.instruction.starts_with("join") {
            // A donation to the entry's address before it exists makes the
            // System program do in three calls what else is one.
            let budget = if cost.instruction.contains("prefunded") {
                5_000
            } else {
                3_000
            };
            assert!(cost.compute_units <= budget, "{cost:?} is over {budget}");
        }
    }
}

#[test]
fn program_fits_its_size_budget() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/deploy/lottery.so");
    let size = std::fs::metadata(path).unwrap().len();
    assert!(size < 200_000, "{size} bytes");
}
