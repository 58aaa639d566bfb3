//! How much memory this process takes.

/// Resident memory now (bytes), as Linux tells it; 0 where it does not.
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default().saturating_mul(1_024)
}

/// The least and the most over a stretch of work, after its first tenth.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Memory {
    samples: Vec<u64>,
}

impl Memory {
    pub fn sample(&mut self) {
        self.samples.push(resident());
    }

    /// Most bytes in the first and in the last third of the work.
    pub fn thirds(&self) -> (u64, u64) {
        let third = self.samples.len() / 3;
        let most = |part: &[u64]| part.iter().copied().max().unwrap_or_default();
        let first = self.samples.get(..third.max(1)).unwrap_or_default();
        let last = self.samples.len().saturating_sub(third.max(1));
        (
            most(first),
            most(self.samples.get(last..).unwrap_or_default()),
        )
    }
}
