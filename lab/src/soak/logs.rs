//! What a keeper said, summed up: how often it warned, and of what.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

/// Words longer than this name something: an address, a signature.
const LONG: usize = 24;

/// Longest summary of a line (characters).
const WIDTH: usize = 140;

/// A keeper's log.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Log {
    pub warnings: usize,
    pub errors: usize,
    /// Lines that tell of a panic.
    pub panics: Vec<String>,
    /// Warnings and errors without what differs from one to the next, and how often.
    pub messages: BTreeMap<String, usize>,
}

impl Log {
    /// Of the file, if there is one.
    pub fn read(path: &Path) -> Self {
        Self::of(&std::fs::read_to_string(path).unwrap_or_default())
    }

    fn of(text: &str) -> Self {
        let mut log = Self::default();
        for line in text.lines() {
            if line.contains("panicked at") {
                log.panics.push(line.to_owned());
            }
            let mut words = line.split_whitespace().skip(1);
            match words.next() {
                Some("WARN") => log.warnings += 1,
                Some("ERROR") => log.errors += 1,
                _ => continue,
            }
            *log.messages.entry(summary(line)).or_default() += 1;
        }
        log
    }
}

/// A line without its time, its numbers and its names.
fn summary(line: &str) -> String {
    let words = line
        .split_whitespace()
        .skip(1)
        .filter(|word| word.len() <= LONG && !word.chars().any(|it| it.is_ascii_digit()));
    let summary = words.collect::<Vec<_>>().join(" ");
    summary.chars().take(WIDTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_in_names_only_are_one() {
        let log = Log::of(
            "2030-01-01T00:00:00Z  WARN keeper::run: failed: game 7 again_in=500ms\n\
             2030-01-01T00:00:01Z  WARN keeper::run: failed: game 8 again_in=1s\n\
             2030-01-01T00:00:02Z ERROR keeper::run: gave up\n\
             2030-01-01T00:00:02Z  INFO keeper::run: done\n\
             thread 'main' panicked at src/main.rs:1:1:\n",
        );
        assert_eq!((log.warnings, log.errors, log.panics.len()), (2, 1, 1));
        assert_eq!(log.messages.get("WARN keeper::run: failed: game"), Some(&2));
    }
}
