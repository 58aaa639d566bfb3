//! What became of transactions, as far as several nodes agree.

use std::collections::HashMap;

use serde_json::{Value, json};
use solana_commitment_config::CommitmentConfig;
use solana_signature::Signature;
use solana_transaction_status_client_types::TransactionStatus;

use super::journal::Signed;
use crate::rpc::{Fault, Pool};

/// Most signatures that one status question may name.
pub const STATUS_BATCH: usize = 256;

/// Endpoints that must agree that a transaction is dead, where there are as many.
const WITNESSES: usize = 2;

/// A node remembers recent statuses for at least so many blocks; for as long it needs
/// no history to be a witness.
const REMEMBERED: u64 = 250;

/// JSON-RPC's code for a node without history.
const NO_HISTORY: i64 = -32011;

/// What is known of a transaction.
#[derive(Clone, Debug)]
pub enum Fate {
    /// Some node has seen it.
    Known(TransactionStatus),
    /// It can still land.
    Live,
    /// It can never land: enough nodes are past its last block and know nothing of it.
    Dead,
    /// Its last block is past by all who answer, but too few can say that it did not
    /// land.
    Uncertain,
}

/// Statuses by the fittest endpoint.
pub async fn statuses(
    pool: &Pool,
    signatures: &[Signature],
) -> Result<Vec<Option<TransactionStatus>>, Fault> {
    let (_, answer) = pool
        .request("getSignatureStatuses", question(signatures, false))
        .await?;
    parse(&answer, signatures.len())
}

fn question(signatures: &[Signature], history: bool) -> Value {
    let signatures: Vec<String> = signatures.iter().map(ToString::to_string).collect();
    json!([signatures, {"searchTransactionHistory": history}])
}

fn parse(answer: &Value, expected: usize) -> Result<Vec<Option<TransactionStatus>>, Fault> {
    let malformed = || Fault::Malformed("statuses that make no sense".into());
    let value = answer.get("value").cloned().ok_or_else(malformed)?;
    let statuses: Vec<Option<TransactionStatus>> =
        serde_json::from_value(value).map_err(|_| malformed())?;
    if statuses.len() == expected {
        Ok(statuses)
    } else {
        Err(malformed())
    }
}

/// What one endpoint says.
struct Witness {
    height: u64,
    /// Of those whose last block is past.
    found: HashMap<Signature, Option<TransactionStatus>>,
}

/// The fate of each transaction. Whether a blockhash has expired is asked of every
/// endpoint first, and for the status, in the whole history, after that: the other
/// order would leave a moment in which it lands unseen.
pub async fn of(pool: &Pool, transactions: &[Signed], margin: u64) -> Vec<Fate> {
    let asked = (0..pool.endpoints().len()).map(|index| ask(pool, index, transactions, margin));
    let witnesses: Vec<Witness> = futures_util::future::join_all(asked)
        .await
        .into_iter()
        .flatten()
        .collect();
    let quorum = WITNESSES.min(pool.endpoints().len());
    transactions
        .iter()
        .map(|signed| judge(signed, &witnesses, quorum, margin))
        .collect()
}

fn judge(signed: &Signed, witnesses: &[Witness], quorum: usize, margin: u64) -> Fate {
    let mut absent = 0;
    let mut past = 0;
    let mut known: Option<&TransactionStatus> = None;
    for witness in witnesses {
        past += usize::from(is_past(signed, witness.height, margin));
        match witness.found.get(&signed.signature) {
            // What is confirmed hides what one only says to have processed.
            Some(Some(status)) if known.is_none() || is_confirmed(status) => known = Some(status),
            Some(Some(_)) | None => {}
            Some(None) => absent += 1,
        }
    }
    if let Some(status) = known {
        Fate::Known(status.clone())
    } else if absent >= quorum && quorum > 0 {
        Fate::Dead
    } else if past > 0 && past == witnesses.len() {
        Fate::Uncertain
    } else {
        Fate::Live
    }
}

fn is_confirmed(status: &TransactionStatus) -> bool {
    status.satisfies_commitment(CommitmentConfig::confirmed())
}

fn is_past(signed: &Signed, height: u64, margin: u64) -> bool {
    height > signed.last_valid_block_height.saturating_add(margin)
}

async fn ask(pool: &Pool, index: usize, transactions: &[Signed], margin: u64) -> Option<Witness> {
    let params = json!([CommitmentConfig::confirmed()]);
    let height = pool.ask(index, "getBlockHeight", params).await.ok()?;
    let height = height.as_u64()?;
    let past: Vec<&Signed> = transactions
        .iter()
        .filter(|signed| is_past(signed, height, margin))
        .collect();
    let mut found = HashMap::new();
    for batch in past.chunks(STATUS_BATCH) {
        let signatures: Vec<Signature> = batch.iter().map(|signed| signed.signature).collect();
        match history(pool, index, &signatures).await {
            Ok(statuses) => found.extend(signatures.into_iter().zip(statuses)),
            // No history: what it remembers anyway will do for what is recent.
            Err(Fault::Rpc {
                code: NO_HISTORY, ..
            }) => {
                let recent: Vec<Signature> = batch
                    .iter()
                    .filter(|it| height <= it.last_valid_block_height + REMEMBERED)
                    .map(|signed| signed.signature)
                    .collect();
                let answer = pool
                    .ask(index, "getSignatureStatuses", question(&recent, false))
                    .await;
                let statuses = answer.and_then(|answer| parse(&answer, recent.len()));
                found.extend(recent.into_iter().zip(statuses.unwrap_or_default()));
            }
            Err(fault) => tracing::debug!(endpoint = index, %fault, "no witness"),
        }
    }
    Some(Witness { height, found })
}

async fn history(
    pool: &Pool,
    index: usize,
    signatures: &[Signature],
) -> Result<Vec<Option<TransactionStatus>>, Fault> {
    let params = question(signatures, true);
    let answer = pool.ask(index, "getSignatureStatuses", params).await?;
    parse(&answer, signatures.len())
}

#[cfg(test)]
mod tests {
    use solana_transaction_status_client_types::TransactionConfirmationStatus;

    use super::*;

    fn signed(last_valid_block_height: u64) -> Signed {
        Signed {
            signature: Signature::default(),
            transaction: Vec::new(),
            last_valid_block_height,
            intent: String::new(),
        }
    }

    fn absent(height: u64) -> Witness {
        Witness {
            height,
            found: [(Signature::default(), None)].into(),
        }
    }

    fn ignorant(height: u64) -> Witness {
        Witness {
            height,
            found: HashMap::new(),
        }
    }

    #[test]
    fn one_witness_of_two_is_not_enough() {
        let transaction = signed(100);
        let fate = |witnesses: &[Witness]| judge(&transaction, witnesses, 2, 5);
        assert!(matches!(fate(&[absent(200), absent(200)]), Fate::Dead));
        assert!(matches!(
            fate(&[absent(200), ignorant(200)]),
            Fate::Uncertain
        ));
        // One of the two is behind, or the other lies.
        assert!(matches!(fate(&[absent(200), ignorant(100)]), Fate::Live));
        assert!(matches!(fate(&[absent(200)]), Fate::Uncertain));
        assert!(matches!(fate(&[ignorant(105), ignorant(90)]), Fate::Live));
        assert!(matches!(fate(&[]), Fate::Live));
    }

    #[test]
    fn whoever_has_seen_it_is_right() {
        let status = TransactionStatus {
            slot: 7,
            confirmations: None,
            status: Ok(()),
            err: None,
            confirmation_status: None,
        };
        let seen = |status| Witness {
            height: 300,
            found: [(Signature::default(), Some(status))].into(),
        };
        let witnesses = [absent(300), absent(300), seen(status.clone())];
        assert!(matches!(
            judge(&signed(100), &witnesses, 2, 5),
            Fate::Known(_)
        ));
        // Even after one who says less.
        let mut processed = status.clone();
        processed.confirmations = Some(0);
        processed.confirmation_status = Some(TransactionConfirmationStatus::Processed);
        for witnesses in [
            [seen(processed.clone()), seen(status.clone())],
            [seen(status), seen(processed)],
        ] {
            let fate = judge(&signed(100), &witnesses, 2, 5);
            assert!(matches!(fate, Fate::Known(status) if is_confirmed(&status)));
        }
    }
}
