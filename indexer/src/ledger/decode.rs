//! From a transaction as RPC sends it to its rows, and to what it says of accounts.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lottery::events::AUTHORITY;
use serde_json::Value;
use solana_pubkey::Pubkey;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, UiInstruction, UiTransactionStatusMeta,
    option_serializer::OptionSerializer,
};

use super::{
    batch,
    event::{self, Event},
    instruction::{Named, understand},
    rows,
};
use crate::store::{
    U64,
    dead_letters::{DeadLetter, LetterKind},
    draws::DrawRequested,
    events::EventRow,
    instructions::InstructionRow,
    payments::PaymentRow,
    transactions::TransactionRow,
};

/// Why a transaction was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("not encoded as asked, or of a version this build does not know")]
    Encoding,
    #[error("without its status")]
    NoStatus,
    #[error("it has no accounts")]
    NoAccounts,
    #[error("slot {0} is out of range")]
    Slot(u64),
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
    /// The events themselves, in order.
    pub told: Vec<Event>,
    pub requested: Vec<DrawRequested>,
    /// Parts that were not understood.
    pub letters: Vec<DeadLetter>,
}

/// An instruction of the program.
struct Call {
    /// Index of the top-level instruction it is, or is part of.
    top: usize,
    inner: bool,
    accounts: Vec<Pubkey>,
    data: Vec<u8>,
}

impl Call {
    /// The data of an event. Only the program can sign as its authority.
    fn event(&self) -> Option<&[u8]> {
        if self.inner && self.accounts.first() == Some(&AUTHORITY) {
            event::payload(&self.data)
        } else {
            None
        }
    }
}

/// Reads a transaction.
///
/// # Errors
/// When it is not encoded as asked for, or lacks what every transaction has.
pub fn decode(
    signature: &str,
    confirmed: &EncodedConfirmedTransactionWithStatusMeta,
) -> Result<Decoded, DecodeError> {
    let slot = i64::try_from(confirmed.slot).map_err(|_| DecodeError::Slot(confirmed.slot))?;
    let transaction = confirmed
        .transaction
        .transaction
        .decode()
        .ok_or(DecodeError::Encoding)?;
    let meta = confirmed
        .transaction
        .meta
        .as_ref()
        .ok_or(DecodeError::NoStatus)?;

    let mut keys = transaction.message.static_account_keys().to_vec();
    if let OptionSerializer::Some(loaded) = &meta.loaded_addresses {
        let loaded = loaded.writable.iter().chain(&loaded.readonly);
        keys.extend(loaded.map(|key| key.parse::<Pubkey>().unwrap_or_default()));
    }
    let signer = keys.first().ok_or(DecodeError::NoAccounts)?.to_string();

    let top_level = transaction.message.instructions();
    let mut calls = Vec::new();
    for (top, instruction) in top_level.iter().enumerate() {
        let own = (instruction.program_id_index, &instruction.accounts[..]);
        calls.extend(call(&keys, (top, false), own, || {
            Some(instruction.data.clone())
        }));
        if let OptionSerializer::Some(inner) = &meta.inner_instructions {
            let of_this = inner.iter().filter(|i| usize::from(i.index) == top);
            for instruction in of_this.flat_map(|i| &i.instructions) {
                if let UiInstruction::Compiled(i) = instruction {
                    let own = (i.program_id_index, &i.accounts[..]);
                    calls.extend(call(&keys, (top, true), own, || {
                        bs58::decode(&i.data).into_vec().ok()
                    }));
                }
            }
        }
    }

    let error = match &meta.err {
        Some(error) => Some(
            serde_json::to_value(error).map_err(|error| DecodeError::Error(error.to_string()))?,
        ),
        None => None,
    };
    let mut decoded = Decoded {
        row: TransactionRow {
            signature: signature.to_owned(),
            slot,
            block_time: confirmed.block_time,
            error_code: error.as_ref().and_then(|error| error_code(error, &calls)),
            error,
            fee: U64(meta.fee),
            compute_units: match meta.compute_units_consumed {
                OptionSerializer::Some(units) => Some(U64(units)),
                _ => None,
            },
            instructions: Vec::new(),
            signer,
        },
        instructions: Vec::new(),
        events: Vec::new(),
        payments: Vec::new(),
        told: Vec::new(),
        requested: Vec::new(),
        letters: Vec::new(),
    };
    let returned = returned(meta);
    let last = top_level.len().checked_sub(1);
    let mut untold = false;
    for call in &calls {
        match call.event() {
            Some(data) => decoded.event(call, data),
            None => {
                let last = !call.inner && Some(call.top) == last;
                let returned = returned.as_deref().filter(|_| last);
                untold |= decoded.instruction(call, returned);
            }
        }
    }
    decoded.bind_requests();
    if untold && decoded.succeeded() && decoded.events.is_empty() && decoded.letters.is_empty() {
        let letter = decoded.letter(
            LetterKind::Transaction,
            serde_json::to_vec(confirmed).unwrap_or_default(),
            "the node does not tell what its instructions called, so its events are missing",
        );
        decoded.letters.push(letter);
    }
    Ok(decoded)
}

/// The call, if it is one of the program.
fn call(
    keys: &[Pubkey],
    (top, inner): (usize, bool),
    (program, accounts): (u8, &[u8]),
    data: impl Fn() -> Option<Vec<u8>>,
) -> Option<Call> {
    if keys.get(usize::from(program)) != Some(&lottery::ID) {
        return None;
    }
    Some(Call {
        top,
        inner,
        accounts: accounts
            .iter()
            .filter_map(|account| keys.get(usize::from(*account)))
            .copied()
            .collect(),
        data: data()?,
    })
}

/// What the last instruction returned, if that was one of the program. (The runtime
/// forgets what earlier ones returned.)
fn returned(meta: &UiTransactionStatusMeta) -> Option<Vec<u8>> {
    let OptionSerializer::Some(returned) = &meta.return_data else {
        return None;
    };
    if returned.program_id != lottery::ID.to_string() {
        return None;
    }
    STANDARD.decode(&returned.data.0).ok()
}

/// The program's own code in `{"InstructionError": [index, {"Custom": code}]}`.
fn error_code(error: &Value, calls: &[Call]) -> Option<u32> {
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
    fn succeeded(&self) -> bool {
        self.row.error.is_none()
    }

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
    fn instruction(&mut self, call: &Call, returned: Option<&[u8]>) -> bool {
        let Some(known) = understand(&call.data) else {
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
        if let Some((operations, all_or_nothing)) = batch::operations(&call.data) {
            let results = if all_or_nothing && self.succeeded() {
                Some(vec![0; operations.len()])
            } else {
                returned.and_then(|returned| batch::results(returned, operations.len()))
            };
            let results = results.filter(|_| self.succeeded());
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
    fn not_understood(&mut self, call: &Call, reason: impl ToString) {
        if self.succeeded() {
            let letter = self.letter(LetterKind::Instruction, call.data.clone(), reason);
            self.letters.push(letter);
        }
    }

    fn push(&mut self, call: &Call, name: &str, accounts: &Named, arguments: Option<Value>) {
        let text = |name: &str| accounts.get(name).map(|account| account.to_string());
        self.row.instructions.push(name.to_owned());
        self.instructions.push(InstructionRow {
            signature: self.row.signature.clone(),
            position: small(self.instructions.len()),
            slot: self.row.slot,
            success: self.succeeded(),
            top: small(call.top),
            batch: None,
            name: name.to_owned(),
            house: text("house"),
            game: text("game"),
            draw: text("draw"),
            entry: text("entry"),
            player: text("player"),
            accounts: accounts.json(),
            arguments,
            result: None,
        });
    }

    fn event(&mut self, call: &Call, data: &[u8]) {
        if !self.succeeded() {
            // Undone, like all the transaction did.
            return;
        }
        let event = match Event::decode(data) {
            Ok(event) => event,
            Err(error) => {
                let letter = self.letter(LetterKind::Event, call.data.clone(), error);
                self.letters.push(letter);
                return;
            }
        };
        let instruction = small(call.top);
        let position = self.events.iter().filter(|e| e.instruction == instruction);
        let at = (instruction, small(position.count()));
        let row = rows::event(&self.row, at, &event);
        self.payments.extend(rows::payments(&row, &event));
        self.events.push(row);
        self.told.push(event);
    }

    /// What the events say of requested draws, with the lane and payer that only the
    /// instructions name.
    fn bind_requests(&mut self) {
        for event in &self.told {
            let Event::DrawRequested(event) = event else {
                continue;
            };
            let draw = event.draw.to_string();
            let request = self
                .instructions
                .iter()
                .find(|i| i.name == "request_draw" && i.draw.as_ref() == Some(&draw));
            let account = |name: &str| {
                let account = request?.accounts.get(name)?.as_str()?;
                Some(account.to_owned())
            };
            let (Some(lane), Some(payer)) = (account("lane"), account("payer")) else {
                continue;
            };
            self.requested.push(DrawRequested {
                draw,
                house: event.house.to_string(),
                lane,
                oracle: event.oracle.to_string(),
                payer,
                slot: self.row.slot,
                time: self.row.block_time.unwrap_or_default(),
                bounty: U64(event.reveal_bounty),
                games: event.games.iter().map(ToString::to_string).collect(),
            });
        }
    }
}
