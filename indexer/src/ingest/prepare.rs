//! What has arrived, decoded while the database is still busy with what came before.

use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinError, JoinHandle},
};

use super::BATCH_EVENTS;
use crate::{
    ledger::{Chunk, decode, write::Ready},
    source::{AccountUpdate, Event, SlotUpdate, TransactionUpdate},
    store::{
        batch::Batch,
        column::Time,
        dead_letters::{DeadLetter, LetterKind},
        transactions::Move,
    },
    telemetry,
};

/// Steps that wait for the writer; one more waits to wait. All of them are prepared at the
/// same time.
pub(super) const AHEAD: usize = 1;

/// Fewer items than this are decoded in no time, more in a thread that nobody waits for.
const MANY: usize = 64;

/// How far the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub applied: i64,
    pub chain: i64,
}

/// A slot's fate, and how much had arrived when it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub update: SlotUpdate,
    accounts: usize,
    transactions: usize,
    letters: usize,
}

/// What has arrived.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub accounts: Vec<AccountUpdate>,
    pub transactions: Vec<TransactionUpdate>,
    pub letters: Vec<DeadLetter>,
    /// In the order in which they came.
    pub slots: Vec<Told>,
    pub progress: Option<Progress>,
    /// Of the ledger.
    pub cursor: Option<Move>,
}

impl Gathered {
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty() && !self.is_to_be_written()
    }

    /// Whether the tables change by it, whatever becomes of slots.
    pub fn is_to_be_written(&self) -> bool {
        self.count() > 0 || self.progress.is_some() || self.cursor.is_some()
    }

    fn tell(&mut self, update: SlotUpdate) {
        self.slots.push(Told {
            update,
            accounts: self.accounts.len(),
            transactions: self.transactions.len(),
            letters: self.letters.len(),
        });
    }

    /// What came before each slot's fate, with it; and what came after the last.
    pub fn split(mut self) -> (Vec<(Self, SlotUpdate)>, Self) {
        let mut parts = Vec::with_capacity(self.slots.len());
        let (mut accounts, mut transactions, mut letters) = (0, 0, 0);
        for told in std::mem::take(&mut self.slots) {
            let before = Self {
                accounts: take(&mut self.accounts, told.accounts, &mut accounts),
                transactions: take(&mut self.transactions, told.transactions, &mut transactions),
                letters: take(&mut self.letters, told.letters, &mut letters),
                ..Self::default()
            };
            parts.push((before, told.update));
        }
        (parts, self)
    }

    fn count(&self) -> usize {
        let items = self.accounts.len().saturating_add(self.transactions.len());
        items.saturating_add(self.letters.len())
    }
}

/// Takes the first of what is left, up to a place among what there was.
fn take<T>(left: &mut Vec<T>, until: usize, taken: &mut usize) -> Vec<T> {
    let count = until.saturating_sub(*taken).min(left.len());
    *taken = taken.saturating_add(count);
    left.drain(..count).collect()
}

/// What is decoded before it is written.
pub(super) trait Prepare: Sized + Sync {
    type Ready: Sync;

    fn prepare(items: &[Self]) -> Self::Ready;
}

impl Prepare for AccountUpdate {
    type Ready = Batch;

    fn prepare(items: &[Self]) -> Batch {
        Batch::decode(items.iter().cloned())
    }
}

/// Transactions that were decoded and made ready, and letters about those that could not be.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    pub ready: Ready,
    pub letters: Vec<DeadLetter>,
}

impl Prepare for TransactionUpdate {
    type Ready = Transactions;

    fn prepare(items: &[Self]) -> Transactions {
        let seen = Time::now();
        let (mut all, mut letters) = (Vec::new(), Vec::new());
        for item in items {
            match decode::decode(item, seen) {
                Ok(decoded) => all.push(decoded),
                Err(error) => letters.push(refused(item, &error.to_string())),
            }
        }
        Transactions {
            ready: Ready::of(all),
            letters,
        }
    }
}

/// The letter about a transaction that was refused.
pub(super) fn refused(transaction: &TransactionUpdate, reason: &str) -> DeadLetter {
    DeadLetter {
        kind: LetterKind::Transaction,
        key: transaction.signature.to_string(),
        slot: transaction.slot,
        lamports: None,
        owner: None,
        // A replay reads it from a node again.
        bytes: Vec::new(),
        reason: reason.to_owned(),
    }
}

/// What has arrived, and what it was decoded to.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub gathered: Gathered,
    pub accounts: Batch,
    pub transactions: Transactions,
}

impl Prepared {
    pub fn of(gathered: Gathered) -> Self {
        Self {
            accounts: AccountUpdate::prepare(&gathered.accounts),
            transactions: TransactionUpdate::prepare(&gathered.transactions),
            gathered,
        }
    }
}

/// What is being prepared, beside everything else that this process does.
#[derive(Debug)]
pub(super) enum Preparing {
    Done(Box<Prepared>),
    Beside(JoinHandle<Prepared>),
}

impl Preparing {
    /// Begins at once, whoever waits for it.
    pub fn begin(gathered: Gathered) -> Self {
        if gathered.count() < MANY {
            return Self::Done(Box::new(Prepared::of(gathered)));
        }
        Self::Beside(tokio::task::spawn_blocking(|| Prepared::of(gathered)))
    }

    /// # Errors
    /// When decoding breaks off: what was gathered is lost then, and must not be taken for
    /// written.
    pub async fn end(self) -> Result<Box<Prepared>, JoinError> {
        match self {
            Self::Done(prepared) => Ok(prepared),
            Self::Beside(task) => Ok(Box::new(task.await?)),
        }
    }
}

/// A step of the writer.
#[derive(Debug)]
pub(super) enum Step {
    Write(Preparing),
    /// A chunk of the ledger; who waits for it is told.
    Chunk(Preparing, oneshot::Sender<()>),
    Begin,
    Part(Preparing),
    Complete(i64),
    Trouble(String),
}

/// Nobody writes any more.
#[derive(Debug)]
pub(super) struct Deaf;

/// Prepares what arrives until nothing more does, or nobody writes any more.
pub(super) async fn run(
    mut events: mpsc::Receiver<Event>,
    mut chunks: mpsc::Receiver<Chunk>,
    steps: mpsc::Sender<Step>,
) -> Result<(), Deaf> {
    let stage = Stage(steps);
    let mut arrived = Vec::with_capacity(BATCH_EVENTS);
    let (mut live, mut history) = (true, true);
    while live || history {
        tokio::select! {
            count = events.recv_many(&mut arrived, BATCH_EVENTS), if live => {
                live = count > 0;
                telemetry::queue(events.len());
                stage.take(&mut arrived).await?;
            }
            chunk = chunks.recv(), if history => match chunk {
                Some(chunk) => stage.chunk(chunk).await?,
                None => history = false,
            }
        }
    }
    Ok(())
}

/// Passes steps on.
struct Stage(mpsc::Sender<Step>);

impl Stage {
    async fn pass(&self, step: Step) -> Result<(), Deaf> {
        self.0.send(step).await.map_err(|_| Deaf)
    }

    async fn write(&self, gathered: &mut Gathered) -> Result<(), Deaf> {
        if gathered.is_empty() {
            return Ok(());
        }
        let preparing = Preparing::begin(std::mem::take(gathered));
        self.pass(Step::Write(preparing)).await
    }

    /// Passes on what has arrived, in its order.
    async fn take(&self, events: &mut Vec<Event>) -> Result<(), Deaf> {
        let mut gathered = Gathered::default();
        for event in std::mem::take(events) {
            let alone = match event {
                Event::Account(update) => {
                    gathered.accounts.push(update);
                    continue;
                }
                Event::Transaction(transaction) => {
                    gathered.transactions.push(*transaction);
                    continue;
                }
                Event::Undecodable(letter) => {
                    gathered.letters.push(letter);
                    continue;
                }
                Event::Progress { applied, chain } => {
                    gathered.progress = Some(Progress { applied, chain });
                    continue;
                }
                Event::Slot(update) => {
                    gathered.tell(update);
                    continue;
                }
                // The ledger lists what there is by itself.
                Event::Gap { from, to } => {
                    tracing::warn!(from, to, "the stream left slots out");
                    continue;
                }
                Event::Begin => Step::Begin,
                Event::Part(accounts) => {
                    let part = Gathered {
                        accounts,
                        ..Gathered::default()
                    };
                    Step::Part(Preparing::begin(part))
                }
                Event::Complete { slot } => Step::Complete(slot),
                Event::Trouble(trouble) => Step::Trouble(trouble),
            };
            self.write(&mut gathered).await?;
            self.pass(alone).await?;
        }
        self.write(&mut gathered).await
    }

    async fn chunk(&self, chunk: Chunk) -> Result<(), Deaf> {
        let gathered = Gathered {
            transactions: chunk.transactions,
            letters: chunk.letters,
            cursor: chunk.cursor,
            ..Gathered::default()
        };
        let preparing = Preparing::begin(gathered);
        self.pass(Step::Chunk(preparing, chunk.done)).await
    }
}
