//! What a keeper said, summed up: how often it warned, and of what.

use std::{collections::BTreeMap, ops::Range, path::Path};

use serde::Serialize;

/// Words longer than this name something: an address, a signature.
const LONG: usize = 24;

/// What a keeper says that loses its database, and what it says before it has one again.
const DATABASE_LOST: &str = "the database does not answer";
const DATABASE_THERE: [&str; 3] = [
    "this keeper leads",
    "another keeper leads",
    "the configuration in effect",
];

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
    /// When it had no database, by its own word (unix milliseconds).
    pub without_database: Vec<Range<i64>>,
}

impl Log {
    /// Of the file, if there is one.
    pub fn read(path: &Path) -> Self {
        Self::of(&std::fs::read_to_string(path).unwrap_or_default())
    }

    fn of(text: &str) -> Self {
        let mut log = Self::default();
        for line in text.lines() {
            log.note_database(line);
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

impl Log {
    fn note_database(&mut self, line: &str) {
        let Some(at) = line.split(' ').next().and_then(unix) else {
            return;
        };
        let outages = &mut self.without_database;
        let open = outages.last_mut().filter(|last| last.end == i64::MAX);
        if line.contains(DATABASE_LOST) && open.is_none() {
            outages.push(at..i64::MAX);
        } else if let Some(open) = open
            && DATABASE_THERE.iter().any(|word| line.contains(word))
        {
            open.end = at;
        }
    }
}

/// The unix milliseconds of a time such as 2030-01-01T00:00:00.123456Z.
fn unix(time: &str) -> Option<i64> {
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, separator| -> Option<[i64; 3]> {
        let parts: Vec<i64> = text
            .split(separator)
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?;
        parts.try_into().ok()
    };
    let [year, month, day] = numbers(date, '-')?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':')?;
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    // Days since 1970, with years that begin in March, so that leap days come last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + millis)
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
    fn times_are_read() {
        assert_eq!(unix("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(unix("2000-02-29T12:00:00.5Z"), Some(951_825_600_500));
        assert_eq!(unix("2030-01-01T00:00:01.123456Z"), Some(1_893_456_001_123));
        assert_eq!(unix("yesterday"), None);
    }

    #[test]
    fn outages_of_the_database_last_until_somebody_leads() {
        let log = Log::of(
            "1970-01-01T00:00:01Z WARN keeper: the database does not answer without=Act\n\
             1970-01-01T00:00:03Z INFO keeper: another keeper leads\n\
             1970-01-01T00:00:09Z WARN keeper: the database does not answer without=Act\n",
        );
        assert_eq!(log.without_database, [1_000..3_000, 9_000..i64::MAX]);
    }

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
