//! What is in the tables: whose they are, how far, what is set aside, partitions.

use std::time::Duration;

use lottery_service::{doctor::Findings, telemetry::unix_time, text::scrub};

use super::chain::Node;
use crate::{
    run::Context,
    store::watermark,
    survey::{self, Partitioned},
};

/// Slots behind the chain that are no cause for concern.
const SLOTS: i64 = 50;

/// Partitions have to be there this long before they are needed.
const AHEAD: Duration = Duration::from_secs(7 * 86_400);

/// Checks what was written; the schema is this program's.
pub(super) async fn check(context: &Context, node: Option<&Node>, findings: &mut Findings) {
    if let Err(error) = look(context, node, findings).await {
        findings.bad("tables", scrub(&error), "see that the database stays up");
    }
}

async fn look(
    context: &Context,
    node: Option<&Node>,
    findings: &mut Findings,
) -> Result<(), sqlx::Error> {
    let pool = &context.pool;
    if let Some((genesis, program)) = survey::owner(pool).await? {
        check_owner(&genesis, &program, node, findings);
    }
    let mark = watermark::read(pool).await?;
    let known = mark.and_then(|mark| Some((mark.applied_slot?, mark.chain_age?)));
    check_lag(known, node, context.config.stall, findings);
    let waiting = survey::letters_waiting(pool).await?;
    if waiting == 0 {
        findings.good("dead letters", "none");
    } else {
        let remedy = "read their reasons in dead_letters: docs/operations.md, \
                      LotteryIndexerDeadLetters";
        findings.doubtful("dead letters", format!("{waiting} wait"), remedy);
    }
    for table in survey::partitioned(pool).await? {
        check_partitions(&table, unix_time(), findings);
    }
    Ok(())
}

/// Rows of two clusters or programs never mix.
fn check_owner(genesis: &str, program: &str, node: Option<&Node>, findings: &mut Findings) {
    let seen = format!("of program {program} on the cluster with genesis {genesis}");
    if program != lottery::ID.to_string() {
        let remedy = format!(
            "this is the indexer of {}: use another database",
            lottery::ID
        );
        findings.bad("tables", seen, remedy);
    } else if node.is_some_and(|node| node.genesis != genesis) {
        let remedy = "the node is of another cluster: check rpc_url, or use another database";
        findings.bad("tables", seen, remedy);
    } else {
        findings.good("tables", seen);
    }
}

/// `known` is the slot that the tables are at, and how long ago anybody looked at the
/// chain (seconds).
fn check_lag(
    known: Option<(i64, f64)>,
    node: Option<&Node>,
    stall: Duration,
    findings: &mut Findings,
) {
    let start = "start `run`; fine if it starts now";
    let Some((applied, age)) = known else {
        return findings.doubtful("lag", "no indexer has filled the tables yet", start);
    };
    let behind = node.map(|node| node.slot.saturating_sub(applied).max(0));
    let seen = match behind {
        Some(behind) => format!("slot {applied}, {behind} slots behind the node"),
        None => format!("slot {applied}"),
    };
    if age > stall.as_secs_f64() {
        let seen = format!("{seen}; nothing was written for {age:.0} s");
        findings.doubtful("lag", seen, start);
    } else if behind.is_some_and(|behind| behind > SLOTS) {
        let remedy = "see docs/operations.md, LotteryIndexerLag";
        findings.doubtful("lag", seen, remedy);
    } else {
        findings.good("lag", seen);
    }
}

fn check_partitions(table: &Partitioned, now: f64, findings: &mut Findings) {
    let days = table.until.map(|until| (until - now) / 86_400.0);
    let seen = match days {
        Some(days) => format!(
            "{}: {} partitions, enough for {days:.0} days",
            table.name, table.partitions
        ),
        None => format!("{}: no partition has an end", table.name),
    };
    let remedy = "`run` makes them: see that it runs, and that its role may make tables";
    if days.is_none_or(|days| days * 86_400.0 < AHEAD.as_secs_f64()) {
        findings.doubtful("partitions", seen, remedy);
    } else if table.rest > 0 {
        let seen = format!("{seen}; {} bytes have found none", table.rest);
        let remedy = "fine, but for their speed: those rows are of times without a partition";
        findings.doubtful("partitions", seen, remedy);
    } else {
        findings.good("partitions", seen);
    }
}

#[cfg(test)]
mod tests {
    use lottery_service::doctor::Level;

    use super::*;

    fn level(check: impl FnOnce(&mut Findings)) -> Option<Level> {
        let mut findings = Findings::default();
        check(&mut findings);
        findings.0.first().map(|finding| finding.level)
    }

    fn node() -> Node {
        Node {
            genesis: "here".to_owned(),
            slot: 1_000,
        }
    }

    #[test]
    fn tables_of_another_cluster_or_program_are_refused() {
        let ours = lottery::ID.to_string();
        let level = |genesis: &str, program: &str| {
            level(|findings| check_owner(genesis, program, Some(&node()), findings))
        };
        assert_eq!(level("here", &ours), Some(Level::Good));
        assert_eq!(level("there", &ours), Some(Level::Bad));
        assert_eq!(level("here", "another"), Some(Level::Bad));
    }

    #[test]
    fn tables_that_are_behind_are_mentioned() {
        let stall = Duration::from_secs(120);
        let level = |known| level(|findings| check_lag(known, Some(&node()), stall, findings));
        assert_eq!(level(Some((1_001, 1.0))), Some(Level::Good));
        assert_eq!(level(Some((1_000 - SLOTS, 1.0))), Some(Level::Good));
        assert_eq!(level(Some((999 - SLOTS, 1.0))), Some(Level::Doubtful));
        assert_eq!(level(Some((1_000, 121.0))), Some(Level::Doubtful));
        assert_eq!(level(None), Some(Level::Doubtful));
    }

    #[test]
    fn partitions_that_run_out_are_mentioned() {
        let level = |until: Option<f64>, rest| {
            let table = Partitioned {
                name: "events".to_owned(),
                partitions: 4,
                until,
                rest,
            };
            level(|findings| check_partitions(&table, 1_000_000.0, findings))
        };
        let ahead = 1_000_000.0 + AHEAD.as_secs_f64();
        assert_eq!(level(Some(ahead), 0), Some(Level::Good));
        assert_eq!(level(Some(ahead), 8_192), Some(Level::Doubtful));
        assert_eq!(level(Some(ahead - 1.0), 0), Some(Level::Doubtful));
        assert_eq!(level(None, 0), Some(Level::Doubtful));
    }
}
