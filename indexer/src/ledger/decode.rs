//! From a transaction as RPC sends it to its row, and to what it says of draws.

use anchor_lang::Discriminator;
use lottery::instruction as ix;
use solana_pubkey::Pubkey;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, UiInstruction, option_serializer::OptionSerializer,
};

use crate::store::{
    U64,
    transactions::{DrawRequested, TransactionRow},
};

/// Accounts of `request_draw` before the games.
const REQUEST_ACCOUNTS: usize = 10;

/// Accounts of `settle_draw` before the games.
const SETTLE_ACCOUNTS: usize = 7;

/// Where `reveal_draw`'s value begins: discriminator, signature, recovery id.
const VALUE_AT: usize = 8 + 64 + 1;

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
    pub requested: Vec<DrawRequested>,
    /// Draw and value.
    pub revealed: Vec<(String, [u8; 32])>,
    /// Draw and games.
    pub settled: Vec<(String, Vec<String>)>,
}

/// An instruction of the program.
struct Call {
    /// Index of the top-level instruction it is part of.
    top: usize,
    accounts: Vec<Pubkey>,
    data: Vec<u8>,
}

macro_rules! names {
    ($($kind:ident $name:literal,)*) => {
        /// Name of the instruction with these data.
        pub fn instruction_name(data: &[u8]) -> Option<&'static str> {
            $(if data.starts_with(ix::$kind::DISCRIMINATOR) {
                return Some($name);
            })*
            None
        }
    };
}

names! {
    CreateHouse "create_house",
    SetPause "set_pause",
    OpenLane "open_lane",
    CreateGame "create_game",
    Join "join",
    RequestDraw "request_draw",
    RevealDraw "reveal_draw",
    SettleDraw "settle_draw",
    Claim "claim",
    ClaimJackpot "claim_jackpot",
    CancelGame "cancel_game",
    Refund "refund",
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

    let mut calls = Vec::new();
    for (top, instruction) in transaction.message.instructions().iter().enumerate() {
        calls.extend(call(
            &keys,
            top,
            instruction.program_id_index,
            &instruction.accounts,
            || Some(instruction.data.clone()),
        ));
        if let OptionSerializer::Some(inner) = &meta.inner_instructions {
            let of_this = inner.iter().filter(|i| usize::from(i.index) == top);
            for instruction in of_this.flat_map(|i| &i.instructions) {
                if let UiInstruction::Compiled(i) = instruction {
                    calls.extend(call(&keys, top, i.program_id_index, &i.accounts, || {
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
            instructions: calls
                .iter()
                .map(|call| instruction_name(&call.data).unwrap_or("unknown").to_owned())
                .collect(),
            signer,
        },
        requested: Vec::new(),
        revealed: Vec::new(),
        settled: Vec::new(),
    };
    if decoded.row.error.is_none() {
        for call in &calls {
            decoded.note(call);
        }
    }
    Ok(decoded)
}

/// The call, if it is one of the program.
fn call(
    keys: &[Pubkey],
    top: usize,
    program: u8,
    accounts: &[u8],
    data: impl Fn() -> Option<Vec<u8>>,
) -> Option<Call> {
    if keys.get(usize::from(program)) != Some(&lottery::ID) {
        return None;
    }
    Some(Call {
        top,
        accounts: accounts
            .iter()
            .filter_map(|account| keys.get(usize::from(*account)))
            .copied()
            .collect(),
        data: data()?,
    })
}

/// The program's own code in `{"InstructionError": [index, {"Custom": code}]}`.
fn error_code(error: &serde_json::Value, calls: &[Call]) -> Option<u32> {
    let failure = error.get("InstructionError")?;
    let index = usize::try_from(failure.get(0)?.as_u64()?).ok()?;
    let code = failure.get(1)?.get("Custom")?.as_u64()?;
    calls
        .iter()
        .any(|call| call.top == index)
        .then(|| u32::try_from(code).ok())?
}

impl Decoded {
    /// What the call says of a draw.
    fn note(&mut self, call: &Call) {
        let text = |index: usize| call.accounts.get(index).map(ToString::to_string);
        let games = |after: usize| -> Vec<String> {
            let games = call.accounts.iter().skip(after);
            games.map(ToString::to_string).collect()
        };
        match instruction_name(&call.data) {
            Some("request_draw") => {
                let (Some(payer), Some(house), Some(lane), Some(draw), Some(oracle)) =
                    (text(0), text(1), text(2), text(3), text(6))
                else {
                    return;
                };
                self.requested.push(DrawRequested {
                    draw,
                    house,
                    lane,
                    oracle,
                    payer,
                    slot: self.row.slot,
                    time: self.row.block_time.unwrap_or_default(),
                    games: games(REQUEST_ACCOUNTS),
                });
            }
            Some("reveal_draw") => {
                let value = call
                    .data
                    .get(VALUE_AT..)
                    .and_then(<[u8]>::first_chunk::<32>);
                if let (Some(draw), Some(value)) = (text(3), value) {
                    self.revealed.push((draw, *value));
                }
            }
            Some("settle_draw") => {
                if let Some(draw) = text(5) {
                    self.settled.push((draw, games(SETTLE_ACCOUNTS)));
                }
            }
            _ => {}
        }
    }
}
