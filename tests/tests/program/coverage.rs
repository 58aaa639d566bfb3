//! Every error of the program is expected by some test.

use lottery::LotteryError;

#[test]
fn every_refusal_has_a_test() {
    let tests = concat!(
        include_str!("accounts.rs"),
        include_str!("draws.rs"),
        include_str!("houses.rs"),
        include_str!("jackpots.rs"),
        include_str!("joins.rs"),
        include_str!("payouts.rs"),
        include_str!("randomness.rs"),
    );
    let mut code = LotteryError::FIRST_CODE;
    while let Some(error) = LotteryError::from_code(code) {
        assert_eq!(error.code(), code);
        assert!(
            tests.contains(&format!("LotteryError::{error:?}")),
            "no test expects {error:?}"
        );
        code += 1;
    }
    assert!(code > LotteryError::FIRST_CODE + 50);
    assert_eq!(LotteryError::from_code(LotteryError::FIRST_CODE - 1), None);
}
