//! From a transaction to its rows, and to what it says of accounts.

use lottery::events::AUTHORITY;
use serde_json::Value;
use solana_pubkey::Pubkey;

use super::{
    batch,
    event::{self, Event},
    instruction::{Named, understand},
    rows,
};
use crate::{
    source::{self, TransactionUpdate},
    store::{
        U64,
        column::{Json, Time},
        dead_letters::{DeadLetter, LetterKind},
        draws::DrawRequested,
        game_events::EventRow,
        instructions::InstructionRow,
        jackpot_contributions::ContributionRow,
        payments::PaymentRow,
        transactions::TransactionRow,
    },
};

/// Why a transaction was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("it has no accounts")]
    NoAccounts,
    #[error("its error could not be kept: {0}")]
    Error(String),
}

/// What a transaction says.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    pub row: TransactionRow,
    pub instructions: Vec<InstructionRow>,
    pub events: Vec<EventRow>,
    pub payments: Vec<PaymentRow>,
    pub contributions: Vec<ContributionRow>,
    /// The events themselves, in order.
    pub told: Vec<Event>,
    pub requested: Vec<DrawRequested>,
    /// The draw, lane and payer of its requests, which the events do not all name.
    asked: Vec<[Pubkey; 3]>,
    /// Parts that were not understood.
    pub letters: Vec<DeadLetter>,
    /// The time of its parts.
    at: Time,
}

/// An instruction of the program.
struct Call<'a> {
    /// Index of the top-level instruction it is, or is part of.
    top: usize,
    inner: bool,
    accounts: Vec<Pubkey>,
    data: &'a [u8],
}

impl Call<'_> {
    /// The data of an event. Only the program can sign as its authority.
    fn event(&self) -> Option<&[u8]> {
        if self.inner && self.accounts.first() == Some(&AUTHORITY) {
            event::payload(self.data)
        } else {
            None
        }
    }
}

/// Reads a transaction, seen at a time (unix seconds) that stands for its block's where
/// nobody knows that.
///
/// # Errors
/// When it lacks what every transaction has.
pub fn decode(update: &TransactionUpdate, seen: Time) -> Result<Decoded, DecodeError> {
    let signer = *update.keys.first().ok_or(DecodeError::NoAccounts)?;
    let calls = calls(update);
    let error = match &update.error {
        Some(error) => Some(
            serde_json::to_value(error).map_err(|error| DecodeError::Error(error.to_string()))?,
        ),
        None => None,
    };
    let block_time = update.block_time.map(Time);
    let mut decoded = Decoded {
        row: TransactionRow {
            signature: update.signature.to_string(),
            slot: update.slot,
            block_index: update.index,
            block_time: update.block_time,
            success: error.is_none(),
            error_code: error.as_ref().and_then(|error| error_code(error, &calls)),
            error: error.map(|error| Json(error.to_string())),
            fee: U64(update.fee),
            compute_units: update.compute_units.map(U64),
            instructions: Vec::new(),
            signer,
        },
        instructions: Vec::new(),
        events: Vec::new(),
        payments: Vec::new(),
        contributions: Vec::new(),
        told: Vec::new(),
        requested: Vec::new(),
        asked: Vec::new(),
        letters: Vec::new(),
        at: block_time.filter(|time| time.is_real()).unwrap_or(seen),
    };
    // The runtime forgets what earlier ones returned.
    let returned = match &update.returned {
        Some((program, data)) if *program == lottery::ID => Some(data.as_slice()),
        _ => None,
    };
    let last = update.instructions.len().checked_sub(1);
    let mut untold = false;
    for call in &calls {
        match call.event() {
            Some(data) => decoded.event(call, data),
            None => {
                let last = !call.inner && Some(call.top) == last;
                untold |= decoded.instruction(call, returned.filter(|_| last));
            }
        }
    }
    decoded.bind_requests();
    if untold && decoded.row.success && decoded.events.is_empty() && decoded.letters.is_empty() {
        let letter = decoded.letter(
            LetterKind::Transaction,
            Vec::new(),
            "the node does not tell what its instructions called, so its events are missing",
        );
        decoded.letters.push(letter);
    }
    Ok(decoded)
}

/// The instructions of the program, each followed by what it called.
fn calls(update: &TransactionUpdate) -> Vec<Call<'_>> {
    let mut calls = Vec::new();
    for (top, instruction) in update.instructions.iter().enumerate() {
        calls.extend(call(update, (top, false), instruction));
        for (index, inner) in update.inner.iter().flatten() {
            if usize::from(*index) == top {
                calls.extend(call(update, (top, true), inner));
            }
        }
    }
    calls
}

/// The call, if it is one of the program.
fn call<'a>(
    update: &TransactionUpdate,
    (top, inner): (usize, bool),
    call: &'a source::Call,
) -> Option<Call<'a>> {
    let key = |position: &u8| update.keys.get(usize::from(*position)).copied();
    if key(&call.program) != Some(lottery::ID) {
        return None;
    }
    Some(Call {
        top,
        inner,
        accounts: call.accounts.iter().filter_map(key).collect(),
        data: &call.data,
    })
}

/// The program's own code in `{"InstructionError": [index, {"Custom": code}]}`.
fn error_code(error: &Value, calls: &[Call<'_>]) -> Option<u32> {
    let failure = error.get("InstructionError")?;
    let index = usize::try_from(failure.get(0)?.as_u64()?).ok()?;
    let code = failure.get(1)?.get("Custom")?.as_u64()?;
    calls
        .iter()
        .any(|call| call.top == index)
        .then(|| u32::try_from(code).ok())?
}

/// A number of instructions, which a transaction's length keeps small.
fn small<T: TryFrom<usize> + Default>(number: usize) -> T {
    T::try_from(number).unwrap_or_default()
}

impl Decoded {
    fn letter(&self, kind: LetterKind, bytes: Vec<u8>, reason: impl ToString) -> DeadLetter {
        DeadLetter {
            kind,
            key: self.row.signature.clone(),
            slot: self.row.slot,
            lamports: None,
            owner: None,
            bytes,
            reason: reason.to_string(),
        }
    }

    /// Takes an instruction; returns whether it leaves an event.
    fn instruction(&mut self, call: &Call<'_>, returned: Option<&[u8]>) -> bool {
        let Some(known) = understand(call.data) else {
            self.not_understood(call, "an instruction of an unknown kind");
            let accounts = Named::default();
            self.push(call, "unknown", &accounts, None);
            return false;
        };
        let accounts = known.name_accounts(&call.accounts);
        let arguments = match known.arguments {
            Ok(arguments) => Some(arguments),
            Err(error) => {
                self.not_understood(call, format!("arguments of {}: {error}", known.name));
                None
            }
        };
        self.push(call, known.name, &accounts, arguments);
        if known.name == "request_draw"
            && let (Some(draw), Some(lane), Some(payer)) = (
                accounts.get("draw"),
                accounts.get("lane"),
                accounts.get("payer"),
            )
        {
            self.asked.push([draw, lane, payer]);
        }
        if let Some((operations, all_or_nothing)) = batch::operations(call.data) {
            let results = if all_or_nothing && self.row.success {
                Some(vec![0; operations.len()])
            } else {
                returned.and_then(|returned| batch::results(returned, operations.len()))
            };
            let results = results.filter(|_| self.row.success);
            let at = self.instructions.last().map(|batch| batch.position);
            for (number, operation) in operations.iter().enumerate() {
                let part = batch::part(operation, &accounts);
                self.push(call, part.name, &part.accounts, Some(part.arguments));
                if let Some(row) = self.instructions.last_mut() {
                    row.batch = at;
                    row.result = results.as_ref().and_then(|r| r.get(number)).copied();
                }
            }
        }
        known.tells
    }

    /// Anybody can send nonsense that fails; it is no loss.
    fn not_understood(&mut self, call: &Call<'_>, reason: impl ToString) {
        if self.row.success {
            let letter = self.letter(LetterKind::Instruction, call.data.to_vec(), reason);
            self.letters.push(letter);
        }
    }

    fn push(
        &mut self,
        call: &Call<'_>,
        name: &'static str,
        accounts: &Named,
        arguments: Option<Json>,
    ) {
        self.row.instructions.push(name.to_owned());
        self.instructions.push(InstructionRow {
            position: small(self.instructions.len()),
            slot: self.row.slot,
            success: self.row.success,
            top: small(call.top),
            batch: None,
            name,
            house: accounts.get("house"),
            game: accounts.get("game"),
            draw: accounts.get("draw"),
            entry: accounts.get("entry"),
            player: accounts.get("player"),
            accounts: accounts.json(),
            arguments,
            result: None,
        });
    }

    fn event(&mut self, call: &Call<'_>, data: &[u8]) {
        if !self.row.success {
            // Undone, like all the transaction did.
            return;
        }
        let event = match Event::decode(data) {
            Ok(event) => event,
            Err(error) => {
                let letter = self.letter(LetterKind::Event, call.data.to_vec(), error);
                self.letters.push(letter);
                return;
            }
        };
        let instruction = small(call.top);
        let place = rows::Place {
            instruction,
            position: self.positions(instruction),
            at: self.at,
            slot: self.row.slot,
        };
        self.events.extend(rows::events(place, &event));
        self.payments.extend(rows::payments(place, &event));
        self.contributions
            .extend(rows::contributions(place, &event));
        self.told.push(event);
    }

    /// How many events an instruction has left so far.
    fn positions(&self, instruction: i16) -> i32 {
        let first = |event: &&EventRow| event.instruction == instruction && event.item == 0;
        small(self.events.iter().filter(first).count())
    }

    /// What the events say of requested draws, with the lane and payer that only the
    /// instructions name.
    fn bind_requests(&mut self) {
        for event in &self.told {
            let Event::DrawRequested(event) = event else {
                continue;
            };
            let asked = self.asked.iter().find(|[draw, ..]| *draw == event.draw);
            let Some([draw, lane, payer]) = asked else {
                continue;
            };
            self.requested.push(DrawRequested {
                draw: draw.to_string(),
                house: event.house.to_string(),
                lane: lane.to_string(),
                oracle: event.oracle.to_string(),
                payer: payer.to_string(),
                slot: self.row.slot,
                time: self.row.block_time.unwrap_or_default(),
                bounty: U64(event.reveal_bounty),
                games: event.games.iter().map(ToString::to_string).collect(),
            });
        }
    }
}
