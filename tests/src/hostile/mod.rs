//! Hostile account substitution: every instruction in a state in which it succeeds, and
//! every way to hand it something else, generated. What is not refused must be
//! harmless, and on the list of what is ([`reasons`]); what is refused by luck, by the
//! runtime or the last check, must be on another ([`late`]).
//!
//! [`stage`] and [`script`] make the honest calls, [`attack`] and its neighbours vary
//! them, [`judge`] says what came of it, [`report`] counts.

pub mod allow;
pub mod attack;
pub mod claims;
pub mod copies;
pub mod data;
pub mod judge;
pub mod kinds;
pub mod late;
pub mod mixes;
pub mod outcome;
pub mod reasons;
pub mod report;
pub mod script;
pub mod script_draws;
pub mod script_payouts;
pub mod stage;

use rayon::prelude::*;

use self::{attack::attacks, judge::Judge, report::Report, stage::Case};
use crate::tokens::Currency;

/// Every honest call, in every currency.
pub fn cases() -> Vec<Case> {
    Currency::ALL
        .into_par_iter()
        .flat_map_iter(script::cases)
        .collect()
}

/// Attacks every honest call.
pub fn run(cases: Vec<Case>) -> Report {
    cases
        .into_par_iter()
        .map(|mut case| {
            let mut report = Report::default();
            let attacks = attacks(&case);
            let judge = Judge::new(&case);
            for attack in attacks {
                let verdict = judge.judge(&mut case, &attack);
                report.note(&case, &attack, verdict);
            }
            report
        })
        .reduce(Report::default, Report::merge)
}
