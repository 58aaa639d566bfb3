//! How much memory this process takes.

/// Resident memory now (bytes), as Linux tells it; 0 where it does not.
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default().saturating_mul(1_024)
}

/// Resident memory over a stretch of work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory(Vec<u64>);

impl Memory {
    pub fn sample(&mut self) {
        self.0.push(resident());
    }

    /// Most bytes in the first and in the last third of the work.
    pub fn thirds(&self) -> (u64, u64) {
        let third = (self.0.len() / 3).max(1);
        let most = |part: &[u64]| part.iter().copied().max().unwrap_or_default();
        let last = self.0.len().saturating_sub(third);
        (
            most(self.0.get(..third).unwrap_or_default()),
            most(self.0.get(last..).unwrap_or_default()),
        )
    }
}
