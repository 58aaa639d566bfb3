//! Prints what every instruction costs.

fn main() {
    println!(
        "{:<50} {:>8} {:>6} {:>9} {:>9}",
        "instruction", "CU", "bytes", "accounts", "writable"
    );
    for cost in lottery_tests::compute::measure() {
        println!(
            "{:<50} {:>8} {:>6} {:>9} {:>9}",
            cost.instruction, cost.compute_units, cost.bytes, cost.accounts, cost.writable
        );
    }
}
