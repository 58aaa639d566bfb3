//! The loop's state. It alone owns the mirror; reading and acting happen in
//! tasks that report back.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use solana_pubkey::Pubkey;
use tokio::{
    sync::{mpsc, watch},
    task::{Id, JoinSet},
    time::{Instant, sleep_until},
};

use super::{
    leading::{Leading, next_turn},
    reads::{self, Answer},
    report::{Counters, Summary},
    sight::Sight,
};
use crate::{
    actions::{Action, Key},
    backoff::Backoff,
    config::Config,
    context::Context,
    execute::{Report, execute},
    mirror::Mirror,
    pack::{Capacity, next_batch},
    plan::{Plan, plan_around},
    stream::Event,
    telemetry::{self, Health, Kind, Progress},
};

/// Pause between two scans while there is no stream of changes.
pub(super) const SCAN_WITHOUT_STREAM: Duration = Duration::from_secs(2);

/// Pause between two searches for entries that closed games left behind: rare, and
/// the search reads part of every entry there is.
const SWEEP: Duration = Duration::from_secs(1_800);

/// Games whose entries are read at the same time.
const ENTRY_READS: usize = 4;

/// A job under way.
pub(super) struct Job {
    pub(super) keys: Vec<Key>,
    /// Whether it pays out, rather than moving a draw on.
    pub(super) is_push: bool,
    pub(super) kind: Kind,
    pub(super) begun: Instant,
}

/// The keeper.
pub struct Keeper {
    pub(super) context: Context,
    pub(super) config: Config,
    pub(super) mirror: Mirror,
    pub(super) sight: Sight,
    pub(super) backoff: Backoff,
    pub(super) counters: Counters,
    pub(super) health: Arc<Health>,
    /// None without a database: then it acts alone, or others act beside it.
    pub(super) leading: Option<Leading>,
    progress: Progress,
    /// Jobs under way, and what each holds.
    pub(super) jobs: JoinSet<Report>,
    pub(super) running: HashMap<Id, Job>,
    /// Questions under way.
    pub(super) reads: JoinSet<Answer>,
    pub(super) reading_clock: bool,
    pub(super) reading_all: bool,
    pub(super) reading_entries: HashSet<Pubkey>,
    /// The stream of changes; none for `once`, which ends when nothing is due.
    pub(super) events: Option<mpsc::Receiver<Event>>,
    /// Told when slots that had been believed were taken back.
    resets: watch::Receiver<u64>,
    pub(super) is_streaming: bool,
    pub(super) has_scanned: bool,
    /// Whether anything happened since the last scan began.
    pub(super) is_dirty: bool,
    pub(super) next_clock: Instant,
    pub(super) clock_asked_at: Instant,
    pub(super) next_scan: Instant,
    /// When a scan looks for entries that closed games left behind.
    pub(super) next_sweep: Instant,
    pub(super) next_plan: Option<Instant>,
    pub(super) started: Instant,
    pub(super) was_superfluous: bool,
}

impl Keeper {
    /// Without `events` the keeper ends when nothing is due any more.
    pub fn new(
        context: Context,
        mut config: Config,
        events: Option<mpsc::Receiver<Event>>,
    ) -> Self {
        let now = Instant::now();
        config.settings.capacity = Capacity::of(context.sender.format());
        let resets = context.sender.pool().resets();
        Self {
            mirror: Mirror::new(config.settings.house, config.settings.close),
            sight: Sight::new(now),
            context,
            config,
            backoff: Backoff::default(),
            counters: Counters::default(),
            health: Arc::default(),
            leading: None,
            progress: Progress::default(),
            jobs: JoinSet::new(),
            running: HashMap::new(),
            reads: JoinSet::new(),
            reading_clock: false,
            reading_all: false,
            reading_entries: HashSet::new(),
            events,
            resets,
            is_streaming: false,
            has_scanned: false,
            is_dirty: true,
            next_clock: now,
            clock_asked_at: now,
            next_scan: now,
            next_sweep: now,
            next_plan: None,
            started: now,
            was_superfluous: false,
        }
    }

    /// Tells from here on how it gets on.
    pub fn tell(self, health: Arc<Health>) -> Self {
        Self { health, ..self }
    }

    /// Takes turns with others from here on.
    pub(super) fn among(self, leading: Option<Leading>) -> Self {
        Self { leading, ..self }
    }

    /// Keeps until stopped (or, without a stream, until nothing is due), then
    /// lets what is under way end.
    pub async fn run(mut self) -> Summary {
        let stopping = self.context.stopping.clone();
        loop {
            self.health.turned();
            let plan_at = self.next_plan.unwrap_or(self.next_clock);
            let blind_at = self.sight.ends_at();
            tokio::select! {
                () = stopping.cancelled() => break,
                Ok(()) = self.resets.changed() => self.start_over(),
                event = next_event(&mut self.events) => self.on_event(event),
                state = next_turn(&mut self.leading) => self.on_turn(state),
                Some(ended) = self.jobs.join_next_with_id() => self.on_job(ended),
                Some(answer) = self.reads.join_next() => self.on_answer(answer),
                () = sleep_until(self.next_scan), if !self.reading_all => self.read_all(),
                () = sleep_until(self.next_clock), if !self.reading_clock => self.read_clock(),
                () = sleep_until(blind_at.unwrap_or(plan_at)), if blind_at.is_some() => {
                    self.go_blind();
                }
                () = sleep_until(plan_at), if self.next_plan.is_some() => {
                    if self.act() {
                        break;
                    }
                }
            }
        }
        self.drain().await
    }

    pub(super) fn plan_within(&mut self, pause: Duration) {
        let at = Instant::now() + pause;
        self.next_plan = Some(self.next_plan.map_or(at, |planned| planned.min(at)));
    }

    /// Plans and starts what is due. Whether the keeper is done.
    fn act(&mut self) -> bool {
        self.next_plan = None;
        if !self.has_scanned {
            return false;
        }
        let now = Instant::now();
        let busy: BTreeSet<Key> = self.keys_in_hand();
        let mut in_hand = busy.clone();
        self.backoff.defer(now, &mut in_hand);
        self.read_missing_entries(&in_hand);
        let plan = plan_around(self.mirror.state(), &self.config.settings, &in_hand);
        self.progress
            .planned(self.mirror.state(), &plan, now.elapsed());
        self.wake_when_due(&plan, now);
        if !self.may_act() {
            return self.is_superfluous(now);
        }
        let due: Vec<(Kind, Key)> = plan
            .actions
            .iter()
            .map(|action| (Kind::of(action), action.main_key()))
            .collect();
        self.start(plan.actions, busy);
        self.tell_of_jobs(&due);
        self.is_done(now)
    }

    fn tell_of_jobs(&self, due: &[(Kind, Key)]) {
        let begun = self.keys_in_hand();
        let left = due.iter().filter(|(_, key)| !begun.contains(key));
        telemetry::queue(
            left.map(|(kind, _)| *kind),
            self.running.values().map(|job| job.kind),
        );
        self.health
            .planned(self.running.values().map(|job| job.begun).min());
    }

    fn keys_in_hand(&self) -> BTreeSet<Key> {
        let jobs = self.running.values();
        jobs.flat_map(|job| job.keys.iter().copied()).collect()
    }

    fn start(&mut self, actions: Vec<Action>, mut busy: BTreeSet<Key>) {
        let payer = self.context.payer_address();
        let mut pushes = self.running.values().filter(|job| job.is_push).count();
        let mut steps = self.running.len() - pushes;
        let mut actions = actions.into_iter().peekable();
        while let Some(action) = actions.peek() {
            let is_push = action.push().is_some();
            let (count, most) = if is_push {
                (&mut pushes, self.config.push_jobs)
            } else {
                (&mut steps, self.config.draw_jobs)
            };
            if *count >= most {
                // Plans end with the pushes: without room for one, that was all.
                if is_push {
                    break;
                }
                actions.next();
                continue;
            }
            let batch = if is_push {
                next_batch(&mut actions, &payer, self.context.sender.format())
            } else {
                actions.next().into_iter().collect()
            };
            let keys: Vec<Key> = batch.iter().flat_map(Action::keys).collect();
            if keys.iter().any(|key| busy.contains(key)) {
                continue;
            }
            busy.extend(keys.iter().copied());
            *count += 1;
            let terms = self.terms(&batch);
            let job = Job {
                keys,
                is_push,
                kind: terms.kind,
                begun: Instant::now(),
            };
            let task = self.jobs.spawn(execute(self.context.on(terms), batch));
            self.running.insert(task.id(), job);
        }
    }

    /// The clock is looked at again when the next game becomes due, if that is
    /// before the next tick anyway.
    fn wake_when_due(&mut self, plan: &Plan, now: Instant) {
        let seconds = plan
            .next_due()
            .and_then(|due| u64::try_from(due.saturating_sub(self.mirror.state().now)).ok());
        if let Some(seconds) = seconds {
            self.next_clock = self
                .next_clock
                .min(now + Duration::from_secs(seconds.max(1)));
        }
        if let Some(retry) = self.backoff.next_retry(now) {
            let at = self.next_plan.map_or(retry, |planned| planned.min(retry));
            self.next_plan = Some(at);
        }
    }

    /// A scan that does not find an account says little; the account itself does.
    pub(super) fn read_missing(&mut self, missing: Vec<Pubkey>) {
        if missing.is_empty() {
            return;
        }
        let loader = self.context.loader.clone();
        self.reads.spawn(async move {
            let read = loader.accounts(&missing, None).await;
            Answer::Missing(missing, read)
        });
    }

    fn read_missing_entries(&mut self, in_hand: &BTreeSet<Key>) {
        for game in self.mirror.state().games_missing_entries() {
            if self.reading_entries.len() >= ENTRY_READS {
                return;
            }
            if !in_hand.contains(&Key::Game(game)) && self.reading_entries.insert(game) {
                let loader = self.context.loader.clone();
                self.reads.spawn(async move {
                    let found = loader.entries(&game).await;
                    Answer::Entries(game, found)
                });
            }
        }
    }

    fn read_clock(&mut self) {
        self.reading_clock = true;
        self.clock_asked_at = Instant::now();
        self.next_clock = self.clock_asked_at + self.config.tick;
        let loader = self.context.loader.clone();
        self.reads
            .spawn(async move { Answer::Clock(loader.clock().await) });
    }

    fn read_all(&mut self) {
        self.reading_all = true;
        self.is_dirty = false;
        let pause = if self.is_streaming {
            self.config.scan
        } else {
            SCAN_WITHOUT_STREAM.min(self.config.scan)
        };
        self.next_scan = Instant::now() + pause;
        let sweep = self.wants_sweep();
        let loader = self.context.loader.clone();
        self.reads
            .spawn(async move { Answer::Scan(reads::scan(&loader, sweep).await) });
    }

    /// Entries do not say which house they are of once their game is gone: only who
    /// serves all houses looks for them.
    fn wants_sweep(&mut self) -> bool {
        let settings = &self.config.settings;
        let wanted = settings.close && settings.house.is_none();
        if !wanted || Instant::now() < self.next_sweep {
            return false;
        }
        self.next_sweep = Instant::now() + SWEEP;
        true
    }
}

/// The next change; never, when there is no stream.
async fn next_event(events: &mut Option<mpsc::Receiver<Event>>) -> Option<Event> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}
