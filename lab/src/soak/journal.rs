//! The keepers' journal against the ledger: what was written down before it was sent,
//! what became of it, whether anything was done twice for one purpose, and whether
//! anything was sent by whom did not lead.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Range,
};

use anyhow::{Context as _, Result};
use serde::Serialize;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use sqlx::PgPool;

use super::{diary::Diary, lease::Term, ledger::Landed, payments::paid_by, timeline::Timeline};
use crate::spread::millis;

/// Most faults named one by one.
const NAMED: usize = 20;

/// What a journal says that does not know.
const OPEN: &str = "open";

/// How long after its database came back a keeper may still have under way what it sent
/// without one (milliseconds): a blockhash's life.
const UNDER_WAY: i64 = 75_000;

const ROWS: &str = "
    SELECT signature, coalesce(intent::text, ''), signed_epoch,
           (extract(epoch FROM signed_at) * 1000)::int8, state
    FROM lottery_keeper.journal";

/// A transaction as the journal has it.
#[derive(Clone, Debug)]
struct Row {
    signature: Signature,
    /// What it was for.
    intent: String,
    epoch: i64,
    /// When it was written, since the run began (milliseconds).
    at_ms: i64,
    /// What the journal says became of it.
    says: String,
}

/// What the journal is compared with.
pub struct Facts<'a> {
    pub ledger: &'a [Landed],
    /// Names by wallet.
    pub keepers: &'a BTreeMap<Pubkey, String>,
    pub terms: &'a [Term],
    /// When keepers had no database, by name, since the run began (milliseconds).
    pub outages: &'a BTreeMap<String, Vec<Range<i64>>>,
    pub timeline: &'a Timeline,
}

/// The journal, compared.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Journal {
    pub written: usize,
    /// By what the journal says became of them.
    pub said: BTreeMap<String, usize>,
    /// By what the ledger says.
    pub landed: usize,
    pub failed: usize,
    pub absent: usize,
    /// Where the journal says otherwise: what it says and what is so, and how often.
    pub wrong: BTreeMap<String, usize>,
    /// Transactions of keepers on the ledger that were not written down, by keeper: sent
    /// while it had no database.
    pub unwritten: BTreeMap<String, usize>,
    /// Those for which that is no excuse, and transactions written after another keeper
    /// had come to lead.
    pub usurped: Vec<String>,
    /// Purposes that more than one transaction took effect for.
    pub repeated: usize,
    /// Of those, where two paid the same.
    pub paid_twice: Vec<String>,
}

/// Transactions whose fate the journal does not know.
pub async fn open(pool: &PgPool) -> Result<i64> {
    if !exists(pool).await? {
        return Ok(0);
    }
    let count = "SELECT count(*) FROM lottery_keeper.journal WHERE state = 'open'";
    Ok(sqlx::query_scalar(count).fetch_one(pool).await?)
}

async fn exists(pool: &PgPool) -> Result<bool> {
    let exists = "SELECT to_regclass('lottery_keeper.journal') IS NOT NULL";
    Ok(sqlx::query_scalar(exists).fetch_one(pool).await?)
}

async fn rows(pool: &PgPool, diary: &Diary) -> Result<Vec<Row>> {
    if !exists(pool).await? {
        return Ok(Vec::new());
    }
    let rows: Vec<(Vec<u8>, String, i64, i64, String)> =
        sqlx::query_as(ROWS).fetch_all(pool).await?;
    let rows = rows
        .into_iter()
        .map(|(signature, intent, epoch, at, says)| {
            Ok(Row {
                signature: Signature::try_from(signature.as_slice()).context("a signature")?,
                intent,
                epoch,
                at_ms: diary.since_unix(at),
                says,
            })
        });
    rows.collect()
}

impl Journal {
    /// Reads and compares.
    pub async fn read(pool: &PgPool, diary: &Diary, facts: &Facts<'_>) -> Result<Self> {
        let rows = rows(pool, diary).await.context("reading the journal")?;
        Ok(Self::of(&rows, facts))
    }

    /// Transactions of which it does not say what became of them.
    pub fn open(&self) -> usize {
        self.said.get(OPEN).copied().unwrap_or(0)
    }

    fn of(rows: &[Row], facts: &Facts<'_>) -> Self {
        let found: HashMap<Signature, &Landed> =
            facts.ledger.iter().map(|it| (it.signature, it)).collect();
        let mut journal = Self {
            written: rows.len(),
            ..Self::default()
        };
        for row in rows {
            journal.compare(row, found.get(&row.signature).copied());
            if !is_in_term(row, facts.terms) {
                journal.usurp(format!(
                    "{} was written in epoch {} after its end",
                    row.signature, row.epoch
                ));
            }
        }
        journal.compare_unwritten(rows, facts);
        journal.compare_intents(rows, &found);
        journal
    }

    fn compare(&mut self, row: &Row, landed: Option<&Landed>) {
        let is = match landed {
            Some(landed) if landed.succeeded() => {
                self.landed += 1;
                "landed"
            }
            Some(_) => {
                self.failed += 1;
                "failed"
            }
            None => {
                self.absent += 1;
                "dead"
            }
        };
        *self.said.entry(row.says.clone()).or_default() += 1;
        if row.says != is && row.says != OPEN {
            let wrong = format!("says {}, is {is}", row.says);
            *self.wrong.entry(wrong).or_default() += 1;
        }
    }

    fn compare_unwritten(&mut self, rows: &[Row], facts: &Facts<'_>) {
        let written: HashSet<Signature> = rows.iter().map(|row| row.signature).collect();
        for landed in facts.ledger {
            let keeper = landed.payer().and_then(|payer| facts.keepers.get(payer));
            let Some(keeper) = keeper.filter(|_| !written.contains(&landed.signature)) else {
                continue;
            };
            *self.unwritten.entry(keeper.clone()).or_default() += 1;
            let at = facts.timeline.slot_seen(landed.slot).map_or(0, millis);
            let outages = facts.outages.get(keeper).map_or(&[][..], Vec::as_slice);
            if !had_no_database(at, outages) {
                let signature = landed.signature;
                self.usurp(format!("{keeper} sent {signature}, {at} ms, unwritten"));
            }
        }
    }

    fn usurp(&mut self, what: String) {
        if self.usurped.len() < NAMED {
            self.usurped.push(what);
        }
    }

    /// Several transactions may land for one purpose, as the parts of a long settlement
    /// do; but no two may pay the same.
    fn compare_intents(&mut self, rows: &[Row], found: &HashMap<Signature, &Landed>) {
        let mut by_intent: BTreeMap<&str, Vec<&Landed>> = BTreeMap::new();
        for row in rows {
            let landed = found.get(&row.signature).filter(|it| it.succeeded());
            if let Some(landed) = landed {
                by_intent.entry(&row.intent).or_default().push(landed);
            }
        }
        for (intent, landed) in by_intent.iter().filter(|(_, landed)| landed.len() > 1) {
            self.repeated += 1;
            let mut paid = BTreeSet::new();
            let all_new = landed
                .iter()
                .flat_map(|it| paid_by(it))
                .all(|it| paid.insert(it));
            if !all_new && self.paid_twice.len() < NAMED {
                self.paid_twice.push((*intent).to_owned());
            }
        }
    }
}

/// Whether a row was written before another epoch began. Both times are the database's.
fn is_in_term(row: &Row, terms: &[Term]) -> bool {
    let next = terms.iter().find(|term| term.epoch > row.epoch);
    next.is_none_or(|next| row.at_ms <= next.from_ms)
}

/// Whether what a keeper had under way then may have been sent without its database.
fn had_no_database(at_ms: u64, outages: &[Range<i64>]) -> bool {
    let at = i64::try_from(at_ms).unwrap_or(i64::MAX);
    let mut outages = outages.iter();
    outages.any(|away| away.start <= at && at < away.end.saturating_add(UNDER_WAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: [u8; 64] = [7; 64];

    fn row(epoch: i64, at_ms: i64, says: &str) -> Row {
        Row {
            signature: SIGNATURE.into(),
            intent: "[]".into(),
            epoch,
            at_ms,
            says: says.into(),
        }
    }

    fn compare(rows: &[Row], outages: &[Range<i64>]) -> Journal {
        let wallet = Pubkey::new_unique();
        let landed = Landed {
            signature: SIGNATURE.into(),
            slot: 1,
            fee: 5_000,
            error: None,
            accounts: vec![wallet],
            before: vec![10_000],
            after: vec![5_000],
            calls: Vec::new(),
        };
        let term = |epoch, from_ms| Term {
            epoch,
            holder: "keeper-1".into(),
            from_ms,
            until_ms: from_ms + 3_000,
            lease_ms: 3_000,
        };
        let facts = Facts {
            ledger: &[landed],
            keepers: &[(wallet, "keeper-1".to_owned())].into(),
            terms: &[term(1, 0), term(2, 5_000)],
            outages: &[("keeper-1".to_owned(), outages.to_vec())].into(),
            timeline: &Timeline::default(),
        };
        Journal::of(rows, &facts)
    }

    #[test]
    fn what_the_journal_takes_for_dead_and_is_not_is_found() {
        let journal = compare(&[row(1, 100, "dead")], &[]);
        assert_eq!(journal.wrong.get("says dead, is landed"), Some(&1));
        assert!(journal.unwritten.is_empty() && journal.usurped.is_empty());
    }

    #[test]
    fn what_was_written_after_another_came_to_lead_is_found() {
        assert_eq!(compare(&[row(1, 5_001, "landed")], &[]).usurped.len(), 1);
        assert_eq!(compare(&[row(2, 9_000, "landed")], &[]).usurped.len(), 0);
    }

    #[test]
    fn only_without_a_database_may_be_sent_what_is_not_written() {
        let journal = compare(&[], &[]);
        assert_eq!(journal.unwritten.get("keeper-1"), Some(&1));
        assert_eq!(journal.usurped.len(), 1);
        let away = 0..12_000;
        assert!(compare(&[], &[away]).usurped.is_empty());
    }
}
