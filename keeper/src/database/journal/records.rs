//! The task that writes down what was signed: one statement and one commit for
//! whatever has gathered while the last was under way.

use std::{
    collections::{BTreeMap, HashSet, btree_map::Entry},
    time::Duration,
};

use lottery_client::sender::journal::{JournalError, Signed};
use tokio::sync::{mpsc, oneshot};

use super::table::{self, SignedRow};
use crate::{
    config,
    database::{DatabaseError, Epoch, Leadership, State, session::Session},
};

/// Most records of a statement.
const BATCH: usize = 256;

/// Longest wait for a statement, connecting included: transactions wait for it, and
/// their blockhashes get older.
const LIMIT: Duration = Duration::from_secs(2);

/// A caller that waits for its record to be kept.
pub(super) struct Request {
    pub(super) signed: Signed,
    pub(super) answer: oneshot::Sender<Result<(), JournalError>>,
}

/// A record with those who wait for it.
struct Pending {
    row: SignedRow,
    answers: Vec<oneshot::Sender<Result<(), JournalError>>>,
}

impl Pending {
    fn answer(self, result: &Result<(), JournalError>) {
        for answer in self.answers {
            // Whoever no longer waits need not know.
            let _ = answer.send(result.clone());
        }
    }
}

pub(super) struct Writer {
    session: Session,
    leadership: Leadership,
    settings: config::Database,
}

impl Writer {
    pub(super) fn new(
        session: Session,
        leadership: Leadership,
        settings: config::Database,
    ) -> Self {
        Self {
            session,
            leadership,
            settings,
        }
    }

    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut gathered = Vec::with_capacity(BATCH);
        while requests.recv_many(&mut gathered, BATCH).await > 0 {
            let records = by_signature(gathered.drain(..));
            if let Err(error) = self.write(records).await {
                // What waited behind them would only wait as long again, each batch.
                while let Ok(request) = requests.try_recv() {
                    let _ = request.answer.send(Err(error.clone()));
                }
            }
        }
    }

    /// Writes records and answers those who wait. An error is one that the next
    /// records would meet, too.
    async fn write(&mut self, records: Vec<Pending>) -> Result<(), JournalError> {
        let result = match self.leadership.current() {
            State::Leader { epoch, .. } => return self.write_as(epoch, records).await,
            state if state.may_act(&self.settings) => Ok(()),
            State::NoDatabase { .. } => Err(unavailable("there is no database")),
            State::Follower => Err(JournalError::Fenced),
        };
        answer(records, &result);
        result
    }

    async fn write_as(&mut self, epoch: Epoch, records: Vec<Pending>) -> Result<(), JournalError> {
        let candidate = self.leadership.candidate();
        let mut parts = vec![records];
        let mut result = Ok(());
        while let Some(mut part) = parts.pop() {
            if result.is_err() {
                answer(part, &result);
                continue;
            }
            let rows: Vec<SignedRow> = part.iter().map(|it| it.row.clone()).collect();
            let input = (candidate, epoch, rows);
            let written = self
                .session
                .run(LIMIT, &input, |connection, (candidate, epoch, rows)| {
                    Box::pin(table::insert(connection, candidate, *epoch, rows))
                })
                .await;
            match written {
                Ok(Some(foreign)) => answer_kept(part, foreign),
                Ok(None) => {
                    result = Err(JournalError::Fenced);
                    answer(part, &result);
                }
                // Halved until what is refused stands alone.
                Err(error) if error.blames_a_row() && part.len() > 1 => {
                    let rest = part.split_off(part.len() / 2);
                    parts.extend([rest, part]);
                }
                Err(error) => {
                    let refused = Err(unavailable(&error.to_string()));
                    answer(part, &refused);
                    if !matches!(error, DatabaseError::Refused { .. }) {
                        result = refused;
                    }
                }
            }
        }
        result
    }
}

fn unavailable(why: &str) -> JournalError {
    JournalError::Unavailable(why.to_owned())
}

fn answer(records: Vec<Pending>, result: &Result<(), JournalError>) {
    for record in records {
        record.answer(result);
    }
}

/// All were kept, except those of which there were other bytes already.
fn answer_kept(records: Vec<Pending>, foreign: Vec<Vec<u8>>) {
    let foreign: HashSet<Vec<u8>> = foreign.into_iter().collect();
    for record in records {
        if foreign.contains(&record.row.signature) {
            record.answer(&Err(unavailable(OTHER_BYTES)));
        } else {
            record.answer(&Ok(()));
        }
    }
}

const OTHER_BYTES: &str = "it has other bytes of this signature";

/// Each record once, in the order of the signatures. Those that cannot be one are
/// answered.
fn by_signature(requests: impl Iterator<Item = Request>) -> Vec<Pending> {
    let mut records: BTreeMap<Vec<u8>, Pending> = BTreeMap::new();
    for Request { signed, answer } in requests {
        let Some(row) = SignedRow::new(signed) else {
            let _ = answer.send(Err(unavailable("there is no such block height")));
            continue;
        };
        match records.entry(row.signature.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(Pending {
                    row,
                    answers: vec![answer],
                });
            }
            Entry::Occupied(mut entry) if entry.get().row.transaction == row.transaction => {
                entry.get_mut().answers.push(answer);
            }
            Entry::Occupied(_) => {
                let _ = answer.send(Err(unavailable(OTHER_BYTES)));
            }
        }
    }
    records.into_values().collect()
}
