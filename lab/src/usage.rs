//! What a process uses, and how busy its machine is, as the kernel tells.

use std::sync::{Arc, Mutex};

use crate::lock::lock;

/// Clock ticks of `/proc` in a second, on every Linux.
const TICKS: u64 = 100;

/// Memory and time of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Most memory it ever held (KiB).
    pub peak_kib: u64,
    /// Time of processors it took (milliseconds).
    pub cpu_ms: u64,
}

impl Usage {
    /// Of a process; `None` where there is none.
    pub fn of(pid: u32) -> Option<Self> {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
        Some(Self {
            peak_kib: peak(&read("status")?)?,
            cpu_ms: cpu(&read("stat")?)?,
        })
    }
}

fn peak(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// The machine's load while it is watched. All clones are one and the same.
#[derive(Clone, Default)]
pub struct Load {
    highest: Arc<Mutex<f64>>,
}

impl Load {
    /// Looks once.
    pub fn look(&self) {
        let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let minute = text.split(' ').next().and_then(|it| it.parse().ok());
        let mut highest = lock(&self.highest);
        *highest = highest.max(minute.unwrap_or(0.0));
    }

    /// The highest load average of a minute so far.
    pub fn highest(&self) -> f64 {
        *lock(&self.highest)
    }
}

/// User and system time are the 14th and 15th field; the second, the name in
/// parentheses, may hold blanks.
fn cpu(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let ticks: Vec<u64> = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    Some(ticks.iter().sum::<u64>() * (1_000 / TICKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_read() {
        let status = "Name:\tkeeper\nVmPeak:\t  9 kB\nVmHWM:\t   5120 kB\n";
        assert_eq!(peak(status), Some(5_120));
        let stat = "7 (a b) S 1 7 7 0 -1 4194560 1 0 0 0 12 30 0 0 20 0 9 0";
        assert_eq!(cpu(stat), Some(420));
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::of(std::process::id()).unwrap_or_default();
        assert!(usage.peak_kib > 0);
    }
}
