//! What is wrong with how a trial ended.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use lottery::{events::Payment, state::GameStatus};
use lottery_client::{history, verify::verify};
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signature::Signature;

use super::{database::Written, sent::Sent, transaction, world::World};

/// Most signatures that one question may name.
const STATUSES: usize = 256;

/// What is judged.
pub struct Case<'a> {
    pub world: &'a World,
    /// All are closed.
    pub games: &'a [Pubkey],
    /// By all keepers of the house.
    pub sent: Sent,
    /// The keepers' journal, if they have a database.
    pub journal: Option<Vec<Written>>,
    /// Whether keepers take turns, so that none sends what another one has under way.
    pub is_led: bool,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fate {
    slot: u64,
    succeeded: bool,
}

/// Everything that is wrong; nothing, as it should be.
pub async fn faults(case: &Case<'_>) -> Result<Vec<String>> {
    let rpc = case.world.localnet.rpc_client();
    let mut faults = Vec::new();
    for game in case.games {
        faults.extend(faults_of_game(&rpc, game).await);
    }
    let mut signatures = case.sent.signatures();
    let journal = case.journal.as_deref().unwrap_or_default();
    signatures.extend(journal.iter().map(|written| written.signature));
    let fates = fates(&rpc, &signatures).await?;
    let succeeded = |signature: &Signature| fates.get(signature).is_some_and(|it| it.succeeded);
    faults.extend(case.sent.repeated(succeeded));
    if case.is_led {
        let slots = fates
            .iter()
            .map(|(signature, fate)| (*signature, fate.slot));
        faults.extend(case.sent.overlaps(&slots.collect(), &case.world.chain));
    }
    if case.journal.is_some() {
        faults.extend(faults_of_journal(journal, &case.sent, &fates));
    }
    Ok(faults)
}

/// A closed game is recomputed from its transactions, and each payment is counted.
async fn faults_of_game(rpc: &RpcClient, game: &Pubkey) -> Vec<String> {
    let record = match history::record(rpc, game).await {
        Ok(record) => record,
        Err(error) => return vec![format!("game {game}: {error}")],
    };
    let report = verify(&record);
    let failed = report.steps.iter().filter(|step| !step.passed);
    let mut faults: Vec<String> = failed
        .map(|step| format!("game {game}: not so: {} ({})", step.what, step.detail))
        .collect();
    let mut paid: BTreeMap<(u8, u8, Option<Pubkey>), u32> = BTreeMap::new();
    for payment in &record.payments {
        let due = match payment.kind {
            Payment::PRIZE | Payment::AWARD => (payment.kind, payment.index, None),
            kind => (kind, 0, Some(payment.entry)),
        };
        *paid.entry(due).or_default() += 1;
    }
    let twice = paid.iter().filter(|(_, times)| **times > 1);
    faults.extend(twice.map(|(due, times)| format!("game {game}: {due:?} paid {times} times")));
    let count = |kind| paid.keys().filter(|(paid, ..)| *paid == kind).count();
    let is_settled = record.game.is(GameStatus::Settled);
    let (places, refunds) = if is_settled {
        (report.winners.len(), 0)
    } else {
        (0, record.entries.len())
    };
    let due = [
        ("prizes", Payment::PRIZE, places),
        ("awards", Payment::AWARD, report.awards.len()),
        ("refunds", Payment::REFUND, refunds),
        ("closes", Payment::RENT, record.entries.len()),
    ];
    for (what, kind, due) in due {
        let paid = count(kind);
        if paid != due {
            faults.push(format!("game {game}: {paid} of {due} {what}"));
        }
    }
    faults
}

async fn fates(rpc: &RpcClient, signatures: &[Signature]) -> Result<HashMap<Signature, Fate>> {
    let mut fates = HashMap::new();
    for some in signatures.chunks(STATUSES) {
        let statuses = rpc.get_signature_statuses_with_history(some).await?;
        for (signature, status) in some.iter().zip(statuses.value) {
            if let Some(status) = status {
                let fate = Fate {
                    slot: status.slot,
                    succeeded: status.err.is_none(),
                };
                fates.insert(*signature, fate);
            }
        }
    }
    Ok(fates)
}

/// The journal knows of everything that was sent, and what became of it.
fn faults_of_journal(
    journal: &[Written],
    sent: &Sent,
    fates: &HashMap<Signature, Fate>,
) -> Vec<String> {
    let mut faults = Vec::new();
    for trip in sent.trips() {
        let read = &trip.read;
        if journal.iter().all(|it| it.signature != read.signature) {
            faults.push(format!(
                "{} ({}) was sent and not written down",
                read.signature, read.name
            ));
        }
    }
    for written in journal {
        let is = match fates.get(&written.signature) {
            Some(fate) if fate.succeeded => "landed",
            Some(_) => "failed",
            None => "dead",
        };
        if written.state != is {
            let name = transaction::of_bytes(&written.transaction).map(|read| read.name);
            faults.push(format!(
                "the journal says of {} ({}) that it is {}; it is {is}",
                written.signature,
                name.unwrap_or_default(),
                written.state
            ));
        }
    }
    faults
}
