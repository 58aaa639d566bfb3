//! What checks of a daemon's health find.

use std::collections::BTreeMap;

use serde::Serialize;

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub ok: bool,
    pub seen: String,
}

/// What all checks found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub ok: bool,
    pub checks: BTreeMap<&'static str, Check>,
}

impl Report {
    /// Of each check its name, whether all is well, and what it saw.
    pub fn of(checks: impl IntoIterator<Item = (&'static str, bool, String)>) -> Self {
        let checks: BTreeMap<_, _> = checks
            .into_iter()
            .map(|(name, ok, seen)| (name, Check { ok, seen }))
            .collect();
        Self {
            ok: checks.values().all(|check| check.ok),
            checks,
        }
    }

    /// The checks that found something.
    pub fn failing(&self) -> Vec<&'static str> {
        let checks = self.checks.iter();
        let failing = checks.filter(|(_, check)| !check.ok);
        failing.map(|(name, _)| *name).collect()
    }
}

/// What a daemon knows of itself. Asked often, and at once: it answers from what was
/// noted.
pub trait Vitals: Send + Sync + 'static {
    /// Whether it gets on; if not, it should be restarted.
    fn progress(&self) -> Report;

    /// Whether it can be counted on.
    fn readiness(&self) -> Report;
}
