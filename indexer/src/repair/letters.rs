//! Dead letters, looked at and tried again: a later version understands more.

use std::collections::BTreeMap;

use serde::Serialize;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use sqlx::{PgConnection, PgPool};

use crate::{
    error::LedgerError,
    ledger::{
        decode, encoded, fetch,
        write::{self as ledger, Ready},
    },
    source::{AccountUpdate, END_OF_SLOT, TransactionUpdate},
    store::{
        self,
        batch::Batch,
        column::Time,
        dead_letters::{self, LetterKind, Waiting},
        transactions, watermark,
    },
};

/// Letters looked at in one go.
const PAGE: i64 = 50;

/// What became of letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Understood, and in the tables now.
    pub understood: u64,
    /// Why the others were not, with how many there are of each.
    pub waiting: BTreeMap<String, u64>,
}

impl Replayed {
    fn waits(&mut self, reason: String) {
        let count = self.waiting.entry(reason).or_default();
        *count = count.saturating_add(1);
    }
}

/// Tries all letters again.
///
/// # Errors
/// When the node or the database fails.
pub async fn replay(
    pool: &PgPool,
    rpc: &RpcClient,
    commitment: CommitmentConfig,
) -> Result<Replayed, LedgerError> {
    let mut replayed = Replayed::default();
    let mut after = 0;
    loop {
        let mut connection = pool.acquire().await?;
        let letters = dead_letters::waiting(&mut connection, after, PAGE).await?;
        let Some(last) = letters.last() else {
            return Ok(replayed);
        };
        after = last.id;
        for letter in &letters {
            let outcome = match letter.kind.as_str() {
                "account" => account(&mut connection, letter).await?,
                "message" => Err("a message of a stream cannot be asked for again".to_owned()),
                _ => transaction(&mut connection, rpc, commitment, letter).await?,
            };
            match outcome {
                Ok(()) => replayed.understood = replayed.understood.saturating_add(1),
                Err(reason) => replayed.waits(reason),
            }
        }
    }
}

/// An account from its bytes.
async fn account(
    connection: &mut PgConnection,
    letter: &Waiting,
) -> Result<Result<(), String>, LedgerError> {
    let (Ok(address), Some(Ok(owner))) =
        (letter.key.parse(), letter.owner.as_deref().map(str::parse))
    else {
        return Ok(Err("its address or its owner is none".to_owned()));
    };
    let batch = Batch::decode([AccountUpdate {
        address,
        slot: letter.last_slot,
        write_version: END_OF_SLOT,
        lamports: letter.lamports.unwrap_or_default().0,
        owner,
        data: letter.bytes.clone(),
    }]);
    if let Some(again) = batch.letters().first() {
        return Ok(Err(again.reason.clone()));
    }
    let mut transaction = store::begin(connection).await?;
    if let Err(error) = batch.write(&mut transaction).await {
        return match store::is_refused_row(&error) {
            true => Ok(Err(error.to_string())),
            false => Err(error.into()),
        };
    }
    dead_letters::replayed(&mut transaction, &[letter.id]).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

/// A transaction, or a part of one, from a node: with its other parts, in place of those
/// that are there.
async fn transaction(
    connection: &mut PgConnection,
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    letter: &Waiting,
) -> Result<Result<(), String>, LedgerError> {
    let update = match read(rpc, commitment, letter).await? {
        Ok(update) => update,
        Err(reason) => return Ok(Err(reason)),
    };
    if Some(update.slot) > watermark::settled_slots(connection).await?.1 {
        return Ok(Err("a fork may yet drop its slot".to_owned()));
    }
    let decoded = match decode::decode(&update, Time::now()) {
        Ok(decoded) => decoded,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let same = |again: &&dead_letters::DeadLetter| {
        again.kind.label() == letter.kind
            && (again.kind == LetterKind::Transaction || again.bytes == letter.bytes)
    };
    if let Some(again) = decoded.letters.iter().find(same) {
        return Ok(Err(again.reason.clone()));
    }
    let mut transaction = store::begin(connection).await?;
    match transactions::id(&mut transaction, &letter.key).await? {
        Some(id) => ledger::rewrite_parts(&mut transaction, id, &decoded).await?,
        None => {
            ledger::write(&mut transaction, &Ready::of(vec![decoded])).await?;
        }
    }
    dead_letters::replayed(&mut transaction, &[letter.id]).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

async fn read(
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    letter: &Waiting,
) -> Result<Result<TransactionUpdate, String>, LedgerError> {
    let Ok(signature) = letter.key.parse() else {
        return Ok(Err("its signature is none".to_owned()));
    };
    let Some(confirmed) = fetch(rpc, commitment, &signature).await? else {
        return Ok(Err("the node does not have the transaction".to_owned()));
    };
    Ok(encoded::read(signature, &confirmed).map_err(|error| error.to_string()))
}
