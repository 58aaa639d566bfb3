//! What must hold of a run.

use serde::Serialize;

use super::report::Report;

/// Something that must hold.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub what: &'static str,
    pub passed: bool,
    pub detail: String,
}

/// All of it.
pub fn checks(report: &Report) -> Vec<Check> {
    let check = |what, passed, detail: String| Check {
        what,
        passed,
        detail,
    };
    let (payments, lamports, journal) = (&report.payments, &report.lamports, &report.journal);
    let tokens = report.tokens.map_or(0, |units| units.difference());
    let keepers = || report.keepers.values();
    let deaths: usize = keepers().map(|keeper| keeper.record.deaths.len()).sum();
    let panics: usize = keepers().map(|keeper| keeper.log.panics.len()).sum();
    let undrained = keepers()
        .filter(|keeper| !keeper.record.drained_well())
        .count();
    vec![
        check(
            "every game was created",
            report.games.created == report.run.games,
            format!("{} of {}", report.games.created, report.run.games),
        ),
        check(
            "no game is stuck",
            report.stuck.is_empty() && report.games.closed == report.games.created,
            format!("{} stuck", report.stuck.len()),
        ),
        check(
            "nothing was paid twice",
            payments.twice == 0 && journal.paid_twice.is_empty(),
            format!("{} payments too many", payments.twice),
        ),
        check(
            "everything due was paid, and nothing else",
            payments.amiss == 0 && payments.closed == report.games.created,
            format!("{} amiss", payments.amiss),
        ),
        check(
            "every game verifies from its transactions",
            report.verification.failed.is_empty()
                && report.verification.passed == report.games.created,
            format!(
                "{} passed, {} failed",
                report.verification.passed,
                report.verification.failed.len()
            ),
        ),
        check(
            "every lamport is explained",
            lamports.is_exact(),
            format!(
                "{} unaccounted, {} balances unexplained",
                lamports.difference(),
                lamports.unexplained
            ),
        ),
        check(
            "every token is accounted for",
            tokens == 0,
            format!("{tokens} base units unaccounted"),
        ),
        check(
            "the journal knows what became of everything",
            journal.open() == 0,
            format!("{} open", journal.open()),
        ),
        check(
            "nothing was sent by a keeper that did not lead",
            journal.usurped.is_empty(),
            format!("{} transactions", journal.usurped.len()),
        ),
        check(
            "no keeper ended by itself",
            deaths == 0 && panics == 0,
            format!("{deaths} ended, {panics} panics"),
        ),
        check(
            "every keeper drained",
            undrained == 0,
            format!("{undrained} did not"),
        ),
    ]
}
