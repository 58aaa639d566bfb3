//! What the loop makes of changes, answers and ended jobs.

use std::{sync::Arc, time::Duration};

use solana_pubkey::Pubkey;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::Instant,
};

use super::{
    keeper::{Keeper, SCAN_WITHOUT_STREAM},
    reads::{self, Answer, Scan},
};
use crate::{
    actions::{Action, Key},
    error::{ActionError, LoadError, Verdict},
    execute::{Outcome, Report},
    load::{ChainClock, Found},
    oracles::{OracleResult, OracleSeen},
    stream::Event,
    telemetry::{self, Kind, Outcome as End},
    text,
};

/// Pause between two looks at the clock while the stream tells of it: a node whose stream
/// goes on need not answer.
const CLOCK_WHEN_TOLD: Duration = Duration::from_secs(6);

impl Keeper {
    pub(super) fn on_event(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Changed {
                slot,
                address,
                account,
            }) => {
                // It may have waited while its slot was taken back.
                if self.can_be_at(slot) && self.mirror.apply(address, Some(&account), slot) {
                    self.plan_within(self.config.debounce);
                }
            }
            Some(Event::Clock(clock)) => {
                if self.can_be_at(clock.slot) {
                    self.take_clock(clock);
                }
                self.next_clock = self.clock_asked_at + CLOCK_WHEN_TOLD.max(self.config.tick);
                self.plan_within(self.config.debounce);
            }
            Some(Event::Up) => {
                tracing::info!("following the stream of changes");
                telemetry::stream_up();
                self.is_streaming = true;
                // What happened before it began.
                self.next_scan = Instant::now();
            }
            Some(Event::Down) => {
                self.counters.stream_breaks += u64::from(self.is_streaming);
                telemetry::stream_down(self.is_streaming);
                self.is_streaming = false;
                self.next_scan = self.next_scan.min(Instant::now() + SCAN_WITHOUT_STREAM);
            }
            // It ends when the keeper stops.
            None => self.events = None,
        }
    }

    pub(super) fn on_answer(&mut self, answer: Result<Answer, JoinError>) {
        match answer {
            Ok(Answer::Clock(clock)) => self.on_clock(clock),
            Ok(Answer::Scan(scan)) => self.on_scan(scan),
            Ok(Answer::Missing(addresses, read)) => match read {
                Ok(read) => self.mirror.apply_read(&addresses, &read),
                // They stay until the next scan.
                Err(error) => {
                    tracing::warn!(error = text::scrub(&error), "cannot read what is missing");
                }
            },
            Ok(Answer::Inheritance(inheritance)) => self.on_inheritance(inheritance),
            Ok(Answer::Entries(game, found)) => self.on_entries(game, found),
            Err(error) => {
                tracing::error!(%error, "a question broke");
                self.reads.abort_all();
                self.reading_clock = false;
                self.reading_all = false;
                self.reading_entries.clear();
                self.inherit();
                return;
            }
        }
        self.plan_within(Duration::ZERO);
    }

    fn can_be_at(&self, slot: u64) -> bool {
        self.context.sender.pool().can_be_at(slot)
    }

    /// A slot was taken back: what was seen as of it would shadow what is true. Forgets
    /// the chain, and reads it again.
    pub(super) fn start_over(&mut self) {
        tracing::warn!("slots were told that never were; reading the chain anew");
        telemetry::slots_taken_back();
        self.health.started_over();
        self.mirror.start_over();
        self.sight.start_over();
        // Their answers may be of those slots.
        self.reads = JoinSet::new();
        self.reading_clock = false;
        self.reading_all = false;
        self.reading_entries.clear();
        self.has_scanned = false;
        self.next_clock = Instant::now();
        self.next_scan = Instant::now();
        self.next_sweep = Instant::now();
        self.inherit();
    }

    fn take_clock(&mut self, clock: ChainClock) {
        telemetry::clock(clock);
        self.health.clock_read(clock.slot);
        self.mirror.set_clock(clock);
    }

    fn on_clock(&mut self, clock: Result<ChainClock, LoadError>) {
        self.reading_clock = false;
        match clock {
            Ok(clock) => {
                self.take_clock(clock);
                self.look(clock.slot);
            }
            Err(error) => {
                tracing::warn!(error = text::scrub(&error), "cannot read the clock");
                self.next_clock = Instant::now() + SCAN_WITHOUT_STREAM;
            }
        }
    }

    fn on_scan(&mut self, scan: Result<Scan, LoadError>) {
        self.reading_all = false;
        telemetry::scan(scan.is_ok());
        match scan {
            Ok(scan) => {
                let slot = scan.clock.slot;
                let missing = reads::apply(&mut self.mirror, scan);
                self.read_missing(missing);
                self.look(slot);
                self.has_scanned = true;
                self.save_records();
                self.tell_role();
                self.health.scanned();
                telemetry::oracles_of(self.mirror.state());
                self.counters.scans += 1;
                tracing::debug!(counters = %self.counters,
                    undecodable = self.mirror.undecodable(), "scanned");
            }
            Err(error) => {
                tracing::warn!(error = text::scrub(&error), "cannot read the chain");
                self.is_dirty = true;
                self.next_scan = Instant::now() + SCAN_WITHOUT_STREAM;
            }
        }
    }

    fn on_entries(&mut self, game: Pubkey, found: Result<Found, LoadError>) {
        self.reading_entries.remove(&game);
        let key = Key::Game(game);
        match found {
            Ok(found) => {
                self.mirror.apply_entries(game, &found);
                if self.mirror.state().games_missing_entries().contains(&game) {
                    let line = format!("not all entries of game {game} were found");
                    self.backoff
                        .failed(key, Verdict::Transient, line, Instant::now());
                } else {
                    self.backoff.succeeded(&key);
                }
            }
            Err(error) => {
                let error = text::scrub(&error);
                tracing::warn!(%game, error, "cannot read its entries");
                let line = format!("entries of game {game}: {error}");
                self.backoff
                    .failed(key, Verdict::Transient, line, Instant::now());
            }
        }
    }

    pub(super) fn on_job(&mut self, ended: Result<(Id, Report), JoinError>) {
        self.is_dirty = true;
        self.plan_within(Duration::ZERO);
        let (id, report) = match ended {
            Ok((id, report)) => (id, Some(report)),
            Err(error) => {
                tracing::error!(%error, "a job broke");
                (error.id(), None)
            }
        };
        self.running.remove(&id);
        let Some(report) = report else {
            self.next_scan = Instant::now();
            return;
        };
        match &report.read {
            Some(read) if self.can_be_at(read.slot) => {
                self.mirror.apply_read(&report.touched, read);
            }
            _ => self.next_scan = Instant::now(),
        }
        // What an earlier keeper sent may have changed more than its journal names.
        if report.outcomes.is_empty() {
            self.next_scan = Instant::now();
        }
        for seen in &report.seen {
            telemetry::oracle(seen);
            self.mirror.note_oracle(seen);
            if seen.result == OracleResult::Aborted {
                alert(seen, &report.outcomes);
            }
        }
        let mut told = None;
        for outcome in report.outcomes {
            let error = outcome.1.as_ref().err().map(Arc::as_ptr);
            self.on_outcome(outcome, error.is_some() && error == told);
            told = error;
        }
    }

    /// `is_told` of the same failure as that of the one before: a batch fails for all.
    fn on_outcome(&mut self, (action, result): Outcome, is_told: bool) {
        let key = action.main_key();
        match result {
            Ok(landed) => {
                self.counters.landed += 1;
                telemetry::action(Kind::of(&action), End::Done);
                self.backoff.succeeded(&key);
                tracing::info!(draw = action.draw_id(), games = action.game_ids(),
                    signature = %landed.signature, slot = landed.slot, "{action}");
            }
            Err(error) => self.on_failure(key, &action, &error, is_told),
        }
    }

    fn on_failure(&mut self, key: Key, action: &Action, error: &ActionError, is_told: bool) {
        let verdict = error.verdict();
        self.counters.count(verdict);
        telemetry::action(Kind::of(action), verdict);
        let (is_dead, error) = (error.is_dead(), text::scrub(error));
        let line = format!("{action}: {error}");
        let again_in = self.backoff.failed(key, verdict, line, Instant::now());
        if is_dead {
            self.backoff.died(&key);
        }
        let (draw, games) = (action.draw_id(), action.game_ids());
        match verdict {
            Verdict::LostRace => tracing::debug!(draw, games, error, "lost the race: {action}"),
            _ if is_told => tracing::debug!(draw, games, error, ?again_in, "likewise: {action}"),
            Verdict::Stopping => tracing::debug!(draw, games, "not done: {action}"),
            Verdict::Transient => {
                tracing::warn!(draw, games, error, ?again_in, "failed: {action}");
            }
            Verdict::Unprofitable => {
                tracing::info!(draw, games, error, ?again_in, "does not pay: {action}");
            }
            Verdict::Refused => {
                tracing::error!(draw, games, error, ?again_in, "refused: {action}");
            }
        }
    }
}

/// A draw that had to be given up is for people to look at: its oracle cost its games
/// the time of a draw.
fn alert(aborted: &OracleSeen, outcomes: &[Outcome]) {
    for (action, _) in outcomes {
        tracing::error!(draw = action.draw_id(), oracle = %aborted.oracle,
            games = action.game_ids(), "gave up a draw whose oracle did not answer");
    }
}
