//! What every process tells of itself.

use std::time::{SystemTime, UNIX_EPOCH};

use metrics::gauge;

/// Names of what every process tells.
#[derive(Clone, Copy, Debug)]
pub struct ProcessMetrics {
    pub healthy: &'static str,
    pub ready: &'static str,
    pub resident_memory: &'static str,
    pub start_time: &'static str,
    pub build_info: &'static str,
}

impl ProcessMetrics {
    /// What is measured when somebody looks.
    pub(super) fn measure(&self, is_healthy: bool, is_ready: bool) {
        gauge!(self.healthy).set(flag(is_healthy));
        gauge!(self.ready).set(flag(is_ready));
        if let Some(bytes) = resident_memory() {
            gauge!(self.resident_memory).set(number(bytes));
        }
    }
}

/// As metrics hold numbers: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "nine quadrillion are enough")]
pub fn number(value: u64) -> f64 {
    value as f64
}

/// A count as metrics hold it.
pub fn count(value: usize) -> f64 {
    number(u64::try_from(value).unwrap_or(u64::MAX))
}

/// 1 for yes, 0 for no.
pub fn flag(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// Seconds since 1970.
pub fn unix_time() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// Memory that the process occupies (bytes), as Linux tells it.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_measured() {
        assert!(resident_memory().is_some_and(|bytes| bytes > 100_000));
    }
}
