//! Killed at one boundary of each kind; the program `kill-everywhere` kills at all of
//! them.

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

pub async fn everywhere(world: Arc<World>) {
    kill(world, false).await;
}

pub async fn everywhere_in_its_recovery(world: Arc<World>) {
    kill(world, true).await;
}

async fn kill(world: Arc<World>, recovery: bool) {
    let settings = Settings {
        of: Victim::Keeper,
        // Of the world that is there.
        cluster: ClusterChoice::Auto,
        slot_ms: 0,
        jobs: 16,
        listings: 2,
        bound: 1,
        only: None,
        kinds: true,
        recovery,
    };
    let report = run_in(world, &settings, &Quiet).await.unwrap();
    assert!(report.passed(), "{report}");
    println!(
        "     {} kinds of boundaries, killed at each",
        report.findings.len()
    );
}
