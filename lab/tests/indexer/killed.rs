//! Killed at one boundary of each kind; `kill-everywhere --of indexer` kills at all of them.

use std::sync::Arc;

use lottery_lab::{
    kill_everywhere::{Finding, Progress, Settings, Victim, run_in},
    trial::World,
};
use lottery_localnet::ClusterChoice;

struct Quiet;

impl Progress for Quiet {
    fn listed(&self, _spots: usize, _boundaries: usize) {}
    fn found(&self, _finding: &Finding) {}
}

/// Where every transaction ends.
pub async fn at_commits(world: Arc<World>) {
    kill(world, Victim::Indexer, Some("COMMIT ")).await;
}

pub async fn everywhere(world: Arc<World>, of: Victim) {
    kill(world, of, None).await;
}

async fn kill(world: Arc<World>, of: Victim, only: Option<&str>) {
    let settings = Settings {
        of,
        // Of the world that is there.
        cluster: ClusterChoice::Auto,
        slot_ms: 0,
        jobs: 6,
        listings: 2,
        bound: 1,
        only: only.map(str::to_owned),
        kinds: true,
        recovery: false,
    };
    let report = run_in(world, &settings, &Quiet).await.unwrap();
    assert!(report.passed(), "{report}");
    println!(
        "     {} kinds of boundaries, killed at each",
        report.findings.len()
    );
}
