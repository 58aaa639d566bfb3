//! What a keeper's transaction is for, read from its bytes.

use anchor_lang::{BorshConfig, Discriminator, wincode::SchemaRead};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lottery_client::lottery::{self, Operation, instruction as program};
use serde_json::Value;
use solana_hash::Hash;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use crate::budget;

/// Accounts of `player_batch` before those that its operations name.
const BATCH_ACCOUNTS: usize = 4;

/// A transaction, as far as a trial looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub signature: Signature,
    pub blockhash: Hash,
    /// The lottery's instructions; of a batch, its operations.
    pub name: String,
    /// What it does, each named such that whoever does the same names it the same.
    pub purposes: Vec<String>,
    /// What it offers above its base fee (lamports).
    pub priority_fee: u64,
}

/// Of the parameters of a `sendTransaction` or a `simulateTransaction`.
pub fn of_params(params: &Value) -> Option<Read> {
    let text = params.get(0)?.as_str()?;
    of_bytes(&STANDARD.decode(text).ok()?)
}

/// Of a transaction as on the wire.
pub fn of_bytes(bytes: &[u8]) -> Option<Read> {
    let transaction: VersionedTransaction = wincode::deserialize(bytes).ok()?;
    let keys = transaction.message.static_account_keys();
    let ours = transaction.message.instructions().iter().filter(|called| {
        let program = keys.get(usize::from(called.program_id_index));
        program == Some(&lottery::ID)
    });
    let account = |index: &u8| keys.get(usize::from(*index)).copied();
    let (mut names, mut all) = (Vec::new(), Vec::new());
    for called in ours {
        let accounts: Option<Vec<Pubkey>> = called.accounts.iter().map(account).collect();
        let (name, purposes) = purposes(&called.data, &accounts?)?;
        names.push(name);
        all.extend(purposes);
    }
    if names.is_empty() {
        return None;
    }
    Some(Read {
        signature: transaction.signatures.first().copied()?,
        blockhash: *transaction.message.recent_blockhash(),
        name: names.join("+"),
        purposes: all,
        priority_fee: budget::priority_fee(&transaction),
    })
}

macro_rules! instructions {
    ($($name:literal $kind:ident $position:literal)*) => {
        /// The name of an instruction, and the position of the account that says what it
        /// is about.
        fn named(data: &[u8]) -> Option<(&'static str, usize)> {
            $(if data.starts_with(program::$kind::DISCRIMINATOR) {
                return Some(($name, $position));
            })*
            None
        }
    };
}

// What a keeper sends but batches: the lane, the draw or the game.
instructions! {
    "open_lane" OpenLane 2
    "request_draw" RequestDraw 3
    "reveal_draw" RevealDraw 3
    "settle_draw" SettleDraw 1
    "abort_draw" AbortDraw 1
    "settle_game" SettleGame 0
    "cancel_game" CancelGame 1
    "expire_prizes" ExpirePrizes 1
    "close_game" CloseGame 1
}

fn purposes(data: &[u8], accounts: &[Pubkey]) -> Option<(String, Vec<String>)> {
    if let Some((name, position)) = named(data) {
        let about = accounts.get(position)?;
        let mut purpose = format!("{name} {about}");
        // A draw of many games is settled, or given up, in several transactions.
        if matches!(name, "settle_draw" | "abort_draw")
            && let Some(game) = accounts.last()
        {
            purpose = format!("{purpose} up to {game}");
        }
        return Some((name.to_owned(), vec![purpose]));
    }
    let mut arguments = data.strip_prefix(program::PlayerBatch::DISCRIMINATOR)?;
    let operations: Vec<Operation> = next(&mut arguments)?;
    let purposes = operations
        .iter()
        .map(|operation| purpose(operation, accounts))
        .collect::<Option<Vec<_>>>()?;
    let mut kinds: Vec<&str> = operations.iter().map(kind).collect();
    kinds.dedup();
    Some((kinds.join("+"), purposes))
}

/// The next field, as the program writes it: borsh.
fn next<'a, T>(rest: &mut &'a [u8]) -> Option<T>
where
    T: SchemaRead<'a, BorshConfig, Dst = T>,
{
    T::get(rest).ok()
}

fn kind(operation: &Operation) -> &'static str {
    match operation {
        Operation::Join { .. } => "join",
        Operation::Claim { .. } => "claim",
        Operation::ClaimJackpot { .. } => "claim_jackpot",
        Operation::Refund { .. } => "refund",
        Operation::CloseEntry { .. } => "close_entry",
    }
}

fn purpose(operation: &Operation, accounts: &[Pubkey]) -> Option<String> {
    let account = |position: u8| accounts.get(BATCH_ACCOUNTS + usize::from(position));
    let kind = kind(operation);
    Some(match *operation {
        Operation::Join { entry, .. } => format!("{kind} {}", account(entry)?),
        Operation::Claim { game, ticket, .. } => format!("{kind} {} {ticket}", account(game)?),
        Operation::ClaimJackpot { game, jackpot, .. } => {
            format!("{kind} {} {}", account(game)?, account(jackpot)?)
        }
        Operation::Refund { entry, .. } | Operation::CloseEntry { entry, .. } => {
            format!("{kind} {}", account(entry)?)
        }
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use lottery_client::instruction::{Batch, EntryKeys, LaneKeys, request_draw};
    use solana_keypair::Keypair;
    use solana_signer::Signer as _;
    use solana_transaction::Transaction;

    use super::*;

    fn read(instruction: solana_instruction::Instruction, payer: &Keypair) -> Read {
        let transaction = Transaction::new_signed_with_payer(
            &[instruction],
            Some(&payer.pubkey()),
            &[payer],
            Hash::new_from_array([3; 32]),
        );
        of_bytes(&bincode::serialize(&transaction).unwrap()).unwrap()
    }

    #[test]
    fn requests_of_one_draw_have_one_purpose_whatever_the_oracle() {
        let payer = Keypair::new();
        let keys = LaneKeys {
            house: Pubkey::new_unique(),
            queue: Pubkey::new_unique(),
            index: 0,
        };
        let games = [Pubkey::new_unique()];
        let request = |draw| {
            let oracle = Pubkey::new_unique();
            read(
                request_draw(payer.pubkey(), keys, draw, oracle, &games),
                &payer,
            )
        };
        let (one, other, next) = (request(7), request(7), request(8));
        assert_eq!(one.name, "request_draw");
        assert_ne!(one.signature, other.signature);
        assert_eq!(one.purposes, other.purposes);
        assert_ne!(one.purposes, next.purposes);
    }

    #[test]
    fn members_of_batches_are_told_apart() {
        let payer = Keypair::new();
        let keys = || EntryKeys {
            house: Pubkey::new_unique(),
            game: Pubkey::new_unique(),
            entry: Pubkey::new_unique(),
            player: Pubkey::new_unique(),
            token: None,
        };
        let (one, other) = (keys(), keys());
        let mut batch = Batch::new(payer.pubkey());
        batch.refund(one).unwrap();
        batch.refund(other).unwrap();
        let both = read(batch.build(false), &payer);
        assert_eq!(both.name, "refund");
        let mut batch = Batch::new(payer.pubkey());
        batch.refund(other).unwrap();
        let alone = read(batch.build(false), &payer);
        assert_eq!(both.purposes.len(), 2);
        assert_eq!(alone.purposes, both.purposes[1..]);
    }
}
