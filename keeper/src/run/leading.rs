//! Who acts, where several keepers share a database: the one that holds the lease. What
//! its predecessor left open in the journal it follows to the end before it plans.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use lottery_client::sender::journal::{Journal, Signed};
use solana_pubkey::Pubkey;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    keeper::{Job, Keeper},
    reads::Answer,
};
use crate::{
    actions::Key,
    config,
    context::Context,
    database::{Database, DatabaseError, Epoch, Leadership, PgJournal, State, oracles},
    execute::{Report, refresh},
    oracles::OracleRecord,
    telemetry::{self, Kind, Role},
    text,
};

/// Pause before the journal is asked again.
const RETRY: Duration = Duration::from_millis(250);

/// Pause between two looks for what the journal may forget.
const FORGETTING: Duration = Duration::from_secs(3_600);

/// How long a stop waits for what became of transactions to be written.
const FLUSH: Duration = Duration::from_secs(5);

/// This keeper's part among several.
#[derive(Clone)]
pub(super) struct Leading {
    database: Database,
    settings: config::Database,
    leadership: Leadership,
    journal: Arc<PgJournal>,
    /// The epoch whose inheritance is taken up: what was open is followed.
    recovered: Option<Epoch>,
}

impl Leading {
    /// Tries to lead from now on.
    pub fn start(database: Database, settings: &config::Database) -> Self {
        let leadership = Leadership::start(&database, settings);
        let journal = PgJournal::start(&database, leadership.clone(), settings);
        Self {
            database,
            settings: settings.clone(),
            leadership,
            journal: Arc::new(journal),
            recovered: None,
        }
    }

    pub fn journal(&self) -> Arc<dyn Journal> {
        self.journal.clone()
    }

    /// Says whether this keeper can do what a leader does.
    pub fn set_able(&self, able: bool) {
        self.leadership.set_able(able);
    }

    /// Waits until it begins or ceases to lead.
    pub async fn changed(&mut self) -> State {
        self.leadership.changed().await
    }

    /// Whether this keeper acts now. A leader does not before it knows what its
    /// predecessor sent.
    pub fn may_act(&self) -> bool {
        match self.leadership.current() {
            State::Leader { epoch, .. } => self.recovered == Some(epoch),
            state => state.may_act(&self.settings),
        }
    }

    /// The epoch in which it leads.
    pub fn epoch(&self) -> Option<Epoch> {
        match self.leadership.current() {
            State::Leader { epoch, .. } => Some(epoch),
            _ => None,
        }
    }

    fn wants_inheritance(&self) -> bool {
        self.epoch()
            .is_some_and(|epoch| self.recovered != Some(epoch))
    }

    pub fn set_recovered(&mut self, epoch: Epoch) {
        self.recovered = Some(epoch);
    }

    /// What it is and in which epoch, to be told.
    pub fn role(&self) -> (Role, u64) {
        match self.leadership.current() {
            State::Leader { epoch, .. } => (Role::Leader, epoch.number()),
            state if state.may_act(&self.settings) => (Role::Leader, 0),
            _ => (Role::Follower, 0),
        }
    }

    /// What earlier epochs left open, and how oracles answered so far; asks until it is
    /// told, or does not lead any more.
    pub async fn inherit(&self) -> Option<Inheritance> {
        let epoch = self.epoch()?;
        loop {
            match self.read().await {
                Ok((open, records)) => {
                    return Some(Inheritance {
                        epoch,
                        open,
                        records,
                    });
                }
                Err(DatabaseError::Fenced) => return None,
                Err(error) => {
                    tracing::warn!(error = text::scrub(&error), "cannot read the journal");
                }
            }
            if self.epoch() != Some(epoch) {
                return None;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn read(&self) -> Result<(Vec<Signed>, BTreeMap<Pubkey, OracleRecord>), DatabaseError> {
        let open = self.journal.open().await?;
        let records = oracles::load(&self.database, &self.settings.lease_name).await?;
        Ok((open, records))
    }

    /// Tells how many transactions are open in the journal.
    async fn count_open(&self) {
        if self.epoch().is_some()
            && let Ok(open) = self.journal.open_rows().await
        {
            telemetry::journal_open(open);
        }
    }

    /// Writes how oracles answered.
    pub async fn save_records(&self, records: BTreeMap<Pubkey, OracleRecord>) {
        if self.epoch().is_none() || records.is_empty() {
            return;
        }
        let name = &self.settings.lease_name;
        if let Err(error) = oracles::save(&self.database, name, &records).await {
            tracing::debug!(
                error = text::scrub(&error),
                "cannot write how oracles answered"
            );
        }
    }

    /// Has the journal forget what ended long ago, now and then until stopped.
    pub async fn forget(self, stopping: CancellationToken) {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(FORGETTING) => {}
            }
            if self.epoch().is_some()
                && let Err(error) = self.journal.forget(self.settings.journal_keep).await
            {
                tracing::debug!(error = text::scrub(&error), "the journal forgot nothing");
            }
        }
    }

    /// Writes what is still to be written, and lets another keeper take over.
    pub async fn resign(self) {
        let left = self.journal.flush(FLUSH).await;
        if left > 0 {
            tracing::warn!(left, "ends that the journal was not told of");
        }
        self.leadership.resign().await;
    }
}

/// What a keeper that begins to lead takes over.
pub(crate) struct Inheritance {
    pub epoch: Epoch,
    pub open: Vec<Signed>,
    pub records: BTreeMap<Pubkey, OracleRecord>,
}

/// What a transaction in the journal was for, as [`Terms`](crate::context::Terms) name
/// it; nothing where that cannot be read.
pub(super) fn keys_of(signed: &Signed) -> Vec<Key> {
    serde_json::from_str(&signed.intent).unwrap_or_default()
}

/// Follows what an earlier keeper signed until its end is known: the same bytes, which
/// land once at most.
pub(super) async fn follow(context: Context, signed: Signed) -> Report {
    let signature = signed.signature;
    let mut touched: Vec<Pubkey> = keys_of(&signed).iter().map(Key::address).collect();
    touched.sort_unstable();
    touched.dedup();
    let end = context.sender.resume(signed).await;
    let landed = end.as_ref().ok().map(|landed| landed.slot);
    match &end {
        Ok(_) => tracing::info!(%signature, "landed, though its keeper did not see it"),
        Err(error) => {
            tracing::info!(%signature, error = text::scrub(error), "of an earlier keeper")
        }
    }
    let read = refresh(&context, &touched, landed).await;
    Report {
        outcomes: Vec::new(),
        touched,
        read,
        seen: Vec::new(),
    }
}

impl Keeper {
    /// Whether this keeper acts now.
    pub(super) fn may_act(&self) -> bool {
        self.leading.as_ref().is_none_or(Leading::may_act)
    }

    /// It began or ceased to lead, or lost or regained its database.
    pub(super) fn on_turn(&mut self, state: State) {
        match state {
            State::Leader { epoch, .. } => {
                tracing::info!(epoch = epoch.number(), "this keeper leads");
                telemetry::takeover();
                self.inherit();
            }
            State::Follower if self.sight.is_blind() => {
                tracing::info!("this keeper leads no more, as it cannot read the chain");
            }
            State::Follower => tracing::info!("another keeper leads"),
            State::NoDatabase { .. } => {
                let without = self.config.database.without;
                tracing::warn!(?without, "the database does not answer");
            }
        }
        self.tell_role();
        self.plan_within(Duration::ZERO);
    }

    /// Asks what its predecessor left, unless that is known or nobody's.
    pub(super) fn inherit(&mut self) {
        let leading = self.leading.clone();
        if let Some(leading) = leading.filter(Leading::wants_inheritance) {
            self.reads
                .spawn(async move { Answer::Inheritance(leading.inherit().await) });
        }
    }

    pub(super) fn tell_role(&self) {
        if let Some(leading) = &self.leading {
            let (role, epoch) = leading.role();
            telemetry::leadership(matches!(role, Role::Leader), epoch);
            self.health.acts(role, epoch);
        }
    }

    /// In the background, so that nothing waits for the database.
    pub(super) fn save_records(&self) {
        if let Some(leading) = self.leading.clone() {
            let records = self.mirror.state().records.clone();
            tokio::spawn(async move {
                leading.save_records(records).await;
                leading.count_open().await;
            });
        }
    }

    /// Follows what its predecessor left under way; what that was for is in hand until
    /// its end is known.
    pub(super) fn on_inheritance(&mut self, inheritance: Option<Inheritance>) {
        let (Some(inheritance), Some(leading)) = (inheritance, &mut self.leading) else {
            return;
        };
        leading.set_recovered(inheritance.epoch);
        telemetry::journal_open(u64::try_from(inheritance.open.len()).unwrap_or(u64::MAX));
        for (oracle, record) in inheritance.records {
            self.mirror.set_record(oracle, record);
        }
        for signed in inheritance.open {
            let keys = keys_of(&signed);
            tracing::info!(signature = %signed.signature, ?keys, "an earlier keeper sent it");
            let task = self.jobs.spawn(follow(self.context.clone(), signed));
            let job = Job {
                keys,
                is_push: false,
                kind: Kind::default(),
                begun: Instant::now(),
            };
            self.running.insert(task.id(), job);
        }
        self.next_scan = Instant::now();
    }
}

/// The next turn; never, without a database.
pub(super) async fn next_turn(leading: &mut Option<Leading>) -> State {
    match leading {
        Some(leading) => leading.changed().await,
        None => std::future::pending().await,
    }
}
