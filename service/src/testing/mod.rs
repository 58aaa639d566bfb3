//! What the daemons' tests share.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod deployed;

use std::path::{Path, PathBuf};

pub use deployed::Deployed;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of the repository.
pub fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The settings that an example file shows, commented out or not, as a file of its own;
/// fails unless it shows each of the keys once.
pub fn shown_settings(example: &str, keys: &[&str]) -> String {
    let settings = example.lines().filter_map(|line| {
        let line = line.strip_prefix("# ").unwrap_or(line);
        let (key, _) = line.split_once(" = ")?;
        keys.contains(&key).then_some((key, line))
    });
    let (mut shown, lines): (Vec<_>, Vec<_>) = settings.unzip();
    shown.sort_unstable();
    let mut every = keys.to_vec();
    every.sort_unstable();
    assert_eq!(shown, every);
    lines.join("\n")
}
