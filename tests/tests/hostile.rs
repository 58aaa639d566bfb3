//! No account but the right one: see `lottery_tests::hostile`.

use std::collections::BTreeSet;

use lottery_tests::{
    hostile::{self, stage::Case, stage::instructions},
    tokens::Currency,
};

#[test]
fn every_substitution_is_refused_or_harmless() {
    let cases = hostile::cases();
    assert_eq!(attacked(&cases), expected());
    let report = hostile::run(cases);
    println!("{report}");
    let holes = report.holes.iter();
    let holes: Vec<_> = holes
        .map(|(hole, example)| format!("{hole} ({example})"))
        .collect();
    assert!(
        holes.is_empty(),
        "{} holes:\n{}",
        holes.len(),
        holes.join("\n")
    );
    let unused = report.unused();
    assert!(
        unused.is_empty(),
        "reasons without use:\n{}",
        unused.join("\n")
    );
}

fn attacked(cases: &[Case]) -> BTreeSet<(&'static str, String)> {
    let each = cases.iter();
    each.map(|case| (case.instruction, format!("{:?}", case.currency)))
        .collect()
}

/// Every instruction in every currency; but no vault of native SOL is ever frozen, so
/// that `settle_game` has nothing to do there.
fn expected() -> BTreeSet<(&'static str, String)> {
    let all = instructions().flat_map(|(name, _)| {
        let currencies = Currency::ALL.map(|currency| format!("{currency:?}"));
        currencies.map(|currency| (name, currency))
    });
    all.filter(|(name, currency)| (*name, currency.as_str()) != ("settle_game", "Native"))
        .collect()
}
