//! What `verify` found.

use std::fmt;

use serde::Serialize;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Difference {
    /// Kind of account, or what was recomputed.
    pub kind: &'static str,
    pub address: String,
    /// What differs.
    pub field: String,
    /// What the chain says, or the recomputation.
    pub expected: String,
    /// What the tables say.
    pub found: String,
    /// Slot and order within it of the row that says so, where it is one account's: one
    /// that was written meanwhile differs anew, even if in the same way.
    #[serde(skip)]
    pub written: Option<(i64, i64)>,
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Accounts compared field by field.
    pub accounts: u64,
    /// Accounts whose balance was held against what they owe.
    pub balances: u64,
    pub games: u64,
    /// Rounds whose seed was recomputed from its draw.
    pub rounds: u64,
    pub entries: u64,
    pub tickets: u64,
    pub winners: u64,
    /// Games and entries that were closed before this database saw them, so that
    /// nothing is left to check.
    pub unseen_games: u64,
    pub unseen_entries: u64,
    /// Games of more tickets than are followed one by one: their fates were not recomputed.
    pub too_large: u64,
}

/// The result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Slot of the chain's snapshot.
    pub slot: i64,
    pub checked: Checked,
    pub differences: Vec<Difference>,
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty()
    }

    /// Notes a difference unless the two are equal.
    pub(super) fn expect<T: PartialEq + fmt::Debug>(
        &mut self,
        (kind, address): (&'static str, &str),
        field: &str,
        expected: &T,
        found: &T,
    ) {
        if expected != found {
            self.differences.push(Difference {
                kind,
                address: address.to_owned(),
                field: field.to_owned(),
                expected: format!("{expected:?}"),
                found: format!("{found:?}"),
                written: None,
            });
        }
    }

    /// Notes that something is not as it must be.
    pub(super) fn note(
        &mut self,
        (kind, address): (&'static str, &str),
        field: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.differences.push(Difference {
            kind,
            address: address.to_owned(),
            field: field.to_owned(),
            expected: expected.into(),
            found: found.into(),
            written: None,
        });
    }

    /// Notes of which contents of a row the differences after the first `known` speak.
    pub(super) fn date(&mut self, known: usize, written: (i64, i64)) {
        for difference in self.differences.iter_mut().skip(known) {
            difference.written = Some(written);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = &self.checked;
        writeln!(
            f,
            "slot {}: {} accounts compared, {} balances; {} games, {} entries, {} tickets, \
             {} rounds and {} winners recomputed",
            self.slot, c.accounts, c.balances, c.games, c.entries, c.tickets, c.rounds, c.winners
        )?;
        if c.unseen_games > 0 || c.unseen_entries > 0 {
            writeln!(
                f,
                "{} games and {} entries were closed before this database saw them",
                c.unseen_games, c.unseen_entries
            )?;
        }
        if c.too_large > 0 {
            writeln!(f, "{} games are too large to be recomputed", c.too_large)?;
        }
        for d in &self.differences {
            writeln!(
                f,
                "{} {} {}: expected {}, found {}",
                d.kind, d.address, d.field, d.expected, d.found
            )?;
        }
        match self.differences.len() {
            0 => writeln!(f, "chain and tables agree"),
            n => writeln!(f, "{n} differences"),
        }
    }
}
