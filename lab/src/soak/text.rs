//! The report as a text.

use std::fmt;

use super::{
    lamports::{Line, Statement},
    report::{Keeper, Report},
    traffic::Count,
};

/// Most messages of a keeper's log that are shown.
const MESSAGES: usize = 6;

/// Most methods of a keeper's questions that are shown.
const METHODS: usize = 8;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_run(f)?;
        self.write_games(f)?;
        write_lamports(&self.lamports, f)?;
        if let Some(units) = &self.tokens {
            writeln!(
                f,
                "tokens      {} minted = {} with players + {} with the house + {} in games; difference {}\n",
                units.minted,
                units.players,
                units.house,
                units.games,
                units.difference()
            )?;
        }
        self.write_transactions(f)?;
        self.write_journal(f)?;
        self.write_leadership(f)?;
        for (name, keeper) in &self.keepers {
            write_keeper(name, keeper, f)?;
        }
        self.write_delays(f)?;
        self.write_checks(f)
    }
}

impl Report {
    fn write_run(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = &self.run;
        writeln!(
            f,
            "{} games of {} rounds on {}, slots of {} ms, {} keepers, {} minutes {}, seed {}",
            run.games,
            run.rounds,
            run.cluster,
            run.slot_ms,
            run.keepers,
            run.minutes,
            if run.calm { "of calm" } else { "of weather" },
            run.seed
        )?;
        writeln!(
            f,
            "took {:.0} s, of which {:.0} s after the weather; {} events in the diary; slots took {} ms, \
             load {:.0} on {} processors\n",
            run.took_ms as f64 / 1_000.0,
            run.waited_ms as f64 / 1_000.0,
            self.events.len(),
            run.slot_seen_ms,
            run.load,
            run.processors
        )
    }

    fn write_games(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (games, payments) = (&self.games, &self.payments);
        writeln!(
            f,
            "games       {} created, {} settled, {} cancelled ({} planned so), {} closed",
            games.created, payments.settled, payments.cancelled, games.doomed, payments.closed
        )?;
        writeln!(
            f,
            "payments    {} entries of {} tickets; {} prizes, {} awards, {} refunds, {} rents; \
             {} twice, {} amiss",
            payments.entries,
            games.tickets,
            payments.prizes,
            payments.awards,
            payments.refunds,
            payments.rents,
            payments.twice,
            payments.amiss
        )?;
        for (why, times) in &games.refused {
            writeln!(f, "  {times} purchases refused: {why}")?;
        }
        for fault in self.payments.faults.iter().chain(&self.verification.failed) {
            writeln!(f, "  FAULT {fault}")?;
        }
        for stuck in &self.stuck {
            writeln!(f, "  STUCK {} {}", stuck.game, stuck.why)?;
        }
        writeln!(f)
    }

    fn write_transactions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>8} {:>8} {:>14}",
            "transactions", "landed", "failed", "fees"
        )?;
        let row = |f: &mut fmt::Formatter<'_>, name: &str, count: &Count| {
            let Count {
                landed,
                failed,
                fees,
            } = count;
            writeln!(f, "{name:<24} {landed:>8} {failed:>8} {fees:>14}")
        };
        for (name, count) in &self.traffic.by_instruction {
            row(f, name, count)?;
        }
        row(f, "all", &self.traffic.all)?;
        for (error, times) in &self.traffic.errors {
            writeln!(f, "  {times:>6} failed: {error}")?;
        }
        writeln!(f)
    }

    fn write_journal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let journal = &self.journal;
        writeln!(
            f,
            "journal     {} written: {} landed, {} failed, {} absent; it says {:?}",
            journal.written, journal.landed, journal.failed, journal.absent, journal.said
        )?;
        writeln!(
            f,
            "            wrong {:?}; not written {:?}; {} purposes more than once, {} of them paid twice",
            journal.wrong,
            journal.unwritten,
            journal.repeated,
            journal.paid_twice.len()
        )?;
        for fault in journal.usurped.iter().chain(&journal.paid_twice) {
            writeln!(f, "  FAULT {fault}")?;
        }
        writeln!(f)
    }

    fn write_leadership(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leadership = &self.leadership;
        writeln!(
            f,
            "leadership  {} terms, {} takeovers since the last renewal: {}; returns: {}",
            leadership.terms.len(),
            leadership.takeovers,
            leadership.headless.in_seconds(),
            leadership.returns.in_seconds()
        )?;
        let seconds = |millis: i64| millis as f64 / 1_000.0;
        for term in &leadership.terms {
            writeln!(
                f,
                "  epoch {:>3}  {} from {:.1} s to {:.1} s",
                term.epoch,
                term.holder,
                seconds(term.from_ms),
                seconds(term.until_ms)
            )?;
        }
        writeln!(f)
    }

    fn write_delays(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delays = &self.delays;
        writeln!(f, "due to settled, a round")?;
        writeln!(f, "  in the weather  {}", delays.stormy.in_seconds())?;
        writeln!(f, "  in the calm     {}", delays.calm.in_seconds())?;
        writeln!(f, "  all             {}", delays.all.in_seconds())?;
        for slow in &delays.slowest {
            let seconds = |millis: u64| millis as f64 / 1_000.0;
            let (due, took) = (seconds(slow.due_ms), seconds(slow.took_ms));
            let (id, round) = (slow.id, slow.round + 1);
            writeln!(
                f,
                "    {took:>6.1} s  game {id}, round {round}, due at {due:.1} s"
            )?;
        }
        writeln!(
            f,
            "created to closed, a game\n  all             {}\n",
            delays.lives.in_seconds()
        )
    }

    fn write_checks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let verdict = if check.passed { "ok  " } else { "FAIL" };
            writeln!(f, "{verdict}  {}: {}", check.what, check.detail)?;
        }
        Ok(())
    }
}

fn write_lamports(lamports: &Statement, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "{:<26} {:>8} {:>20} {:>14} {:>20} {:>18}",
        "lamports", "accounts", "initial", "fees paid", "final", "change"
    )?;
    let mut row = |name: &str, line: &Line| {
        writeln!(
            f,
            "{name:<26} {:>8} {:>20} {:>14} {:>20} {:>18}",
            line.accounts,
            line.initial,
            line.fees,
            line.last,
            line.last - line.initial
        )
    };
    for (name, line) in &lamports.lines {
        row(name, line)?;
    }
    row("all", &lamports.total())?;
    writeln!(
        f,
        "initial {} + airdropped {} - fees {} = {}; final {}; difference {}",
        lamports.initial(),
        lamports.airdropped,
        lamports.fees(),
        lamports.initial() + lamports.airdropped - lamports.fees(),
        lamports.last(),
        lamports.difference()
    )?;
    for discrepancy in &lamports.discrepancies {
        writeln!(f, "  FAULT {discrepancy}")?;
    }
    writeln!(f)
}

fn write_keeper(name: &str, keeper: &Keeper, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let record = &keeper.record;
    let calls: u64 = record.rpc_calls.values().sum();
    writeln!(
        f,
        "{name}    {} starts, {} kills, {} suspensions, {} ended by itself; led {} times; \
         {} MiB at most, {:.1} s of processors, {calls} questions",
        record.starts,
        record.kills,
        record.freezes,
        record.deaths.len(),
        keeper.terms,
        record.peak_kib / 1_024,
        record.cpu_ms as f64 / 1_000.0
    )?;
    for death in &record.deaths {
        writeln!(f, "  FAULT ended by itself: {death}")?;
    }
    for panic in &keeper.log.panics {
        writeln!(f, "  FAULT {panic}")?;
    }
    writeln!(f, "  asked   {}", largest(&record.rpc_calls, METHODS))?;
    writeln!(f, "  met     {}", largest(&record.faults, usize::MAX))?;
    let log = &keeper.log;
    writeln!(
        f,
        "  logged  {} warnings, {} errors",
        log.warnings, log.errors
    )?;
    let mut messages: Vec<_> = log.messages.iter().collect();
    messages.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
    for (message, times) in messages.into_iter().take(MESSAGES) {
        writeln!(f, "  {times:>6} {message}")?;
    }
    writeln!(f)
}

/// The most frequent of these, as a line.
fn largest(counts: &std::collections::BTreeMap<String, u64>, most: usize) -> String {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let shown = counts.into_iter().take(most);
    let shown: Vec<String> = shown
        .map(|(what, count)| format!("{what} {count}"))
        .collect();
    shown.join(", ")
}
