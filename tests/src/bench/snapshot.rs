//! The table as it was last accepted.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Where it is kept.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/compute.txt")
}

/// How to accept another.
pub const REFRESH: &str = "cargo run -p lottery-tests --bin compute-units -- --write";

pub fn write(table: &str) -> anyhow::Result<()> {
    let path = path();
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, table))
        .with_context(|| path.display().to_string())
}

/// Lines that are not as they were: `-` before, `+` now.
pub fn differences(table: &str) -> anyhow::Result<Vec<String>> {
    let path = path();
    let accepted = std::fs::read_to_string(&path)
        .with_context(|| format!("{}; {REFRESH} makes it", path.display()))?;
    let missing = |from: &str, other: &str, sign: char| {
        from.lines()
            .filter(|line| !other.lines().any(|same| same == *line))
            .map(|line| format!("{sign} {line}"))
            .collect::<Vec<_>>()
    };
    let mut differences = missing(&accepted, table, '-');
    differences.extend(missing(table, &accepted, '+'));
    Ok(differences)
}
