//! Collects what [`verify`](crate::verify) needs from a node: accounts as they
//! are, and from the transaction history the draws that are over.

use anchor_lang::Discriminator;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lottery::{
    draw::round_seed,
    instruction as program,
    state::{Entry, Game},
};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::{
    nonblocking::rpc_client::RpcClient, rpc_client::GetConfirmedSignaturesForAddress2Config,
};
use solana_rpc_client_api::{
    client_error::Error as RpcError,
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcTransactionConfig},
    filter::{Memcmp, RpcFilterType},
};
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_status_client_types::{EncodedTransaction, UiTransactionEncoding};

use crate::{
    account::{self, DecodeError, Kind},
    verify::{Record, RevealedDraw},
};

/// Most signatures in one page of history.
const PAGE: usize = 1_000;

/// Why a game's record could not be collected.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("the node did not answer as expected")]
    Rpc(#[from] Box<RpcError>),
    #[error("there is no account {0}")]
    Missing(Pubkey),
    #[error("{address}: {source}")]
    Decode {
        address: Pubkey,
        source: DecodeError,
    },
    #[error("the node's list of transactions of {0} holds what is no signature")]
    Signatures(Pubkey),
    #[error("transaction {0} is not in a form that can be decoded")]
    Transaction(Signature),
}

impl From<RpcError> for HistoryError {
    fn from(error: RpcError) -> Self {
        Self::Rpc(Box::new(error))
    }
}

/// Everything about a game, from the chain alone.
pub async fn record(rpc: &RpcClient, address: &Pubkey) -> Result<Record, HistoryError> {
    let game: Game = fetch_account(rpc, address).await?;
    let entries = entries(rpc, address).await?;
    let draws = draws(rpc, address, &game).await?;
    Ok(Record {
        address: *address,
        game,
        entries,
        draws,
    })
}

/// All entries of a game.
pub async fn entries(rpc: &RpcClient, game: &Pubkey) -> Result<Vec<(Pubkey, Entry)>, HistoryError> {
    let config = RpcProgramAccountsConfig {
        filters: Some(vec![
            RpcFilterType::Memcmp(Memcmp::new_raw_bytes(0, Entry::DISCRIMINATOR.to_vec())),
            RpcFilterType::Memcmp(Memcmp::new_raw_bytes(
                account::DISCRIMINATOR_LEN,
                game.to_bytes().to_vec(),
            )),
        ]),
        account_config: RpcAccountInfoConfig {
            encoding: Some(solana_account_decoder_client_types::UiAccountEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            ..Default::default()
        },
        ..Default::default()
    };
    let found = rpc
        .get_program_ui_accounts_with_config(&lottery::ID, config)
        .await?;
    found
        .into_iter()
        .map(|(address, account)| {
            let data = account.data.decode().unwrap_or_default();
            // An owner that is no key is not the program.
            let owner = account.owner.parse().unwrap_or_default();
            account::decode::<Entry>(&owner, &data)
                .map(|entry| (address, entry))
                .map_err(|source| HistoryError::Decode { address, source })
        })
        .collect()
}

/// The revealed draws that a game was bound to, oldest first. Reads the game's
/// history backwards until every settled round is explained, hence not the joins
/// of a game whose rounds all are.
pub async fn draws(
    rpc: &RpcClient,
    address: &Pubkey,
    game: &Game,
) -> Result<Vec<RevealedDraw>, HistoryError> {
    let mut draws: Vec<RevealedDraw> = Vec::new();
    let mut pages = Pages::new(*address);
    let explained = |draws: &[RevealedDraw]| {
        (0u8..).zip(game.seeds()).all(|(round, seed)| {
            draws
                .iter()
                .any(|draw| round_seed(&draw.value, address, round) == *seed)
        })
    };
    while !explained(&draws) {
        let Some(signature) = pages.next(rpc).await? else {
            break;
        };
        let transaction = fetch(rpc, &signature).await?;
        for instruction in &transaction.instructions {
            if instruction.is::<program::RequestDraw>()
                && instruction.names(address)
                && let Some(Some(draw)) = instruction.accounts.get(3)
                && let Some(found) = revealed(rpc, draw, transaction.slot).await?
            {
                draws.push(found);
            }
        }
    }
    draws.reverse();
    Ok(draws)
}

/// The value of a draw, from the transaction that revealed it.
async fn revealed(
    rpc: &RpcClient,
    draw: &Pubkey,
    requested_slot: u64,
) -> Result<Option<RevealedDraw>, HistoryError> {
    let mut pages = Pages::new(*draw);
    while let Some(signature) = pages.next(rpc).await? {
        let transaction = fetch(rpc, &signature).await?;
        for instruction in &transaction.instructions {
            // Discriminator, signature of the oracle, recovery id, value.
            if instruction.is::<program::RevealDraw>()
                && instruction.accounts.get(3) == Some(&Some(*draw))
                && let Some(Some(oracle)) = instruction.accounts.get(5)
                && let Some(value) = instruction.data.get(73..105)
                && let Ok(value) = value.try_into()
            {
                return Ok(Some(RevealedDraw {
                    draw: *draw,
                    oracle: *oracle,
                    value,
                    requested_slot,
                    reveal: signature,
                    reveal_slot: transaction.slot,
                }));
            }
        }
    }
    Ok(None)
}

/// An instruction of the lottery program within a transaction.
struct Called {
    /// In order; `None` for one that came from a lookup table.
    accounts: Vec<Option<Pubkey>>,
    data: Vec<u8>,
}

impl Called {
    fn is<T: Discriminator>(&self) -> bool {
        self.data.starts_with(T::DISCRIMINATOR)
    }

    fn names(&self, account: &Pubkey) -> bool {
        self.accounts.contains(&Some(*account))
    }
}

struct Fetched {
    slot: u64,
    instructions: Vec<Called>,
}

async fn fetch(rpc: &RpcClient, signature: &Signature) -> Result<Fetched, HistoryError> {
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(0),
    };
    let fetched = rpc.get_transaction_with_config(signature, config).await?;
    let undecodable = || HistoryError::Transaction(*signature);
    let EncodedTransaction::Binary(text, _) = fetched.transaction.transaction else {
        return Err(undecodable());
    };
    let bytes = STANDARD.decode(text).map_err(|_| undecodable())?;
    let transaction: VersionedTransaction =
        bincode::deserialize(&bytes).map_err(|_| undecodable())?;
    let keys = transaction.message.static_account_keys();
    let instructions = transaction
        .message
        .instructions()
        .iter()
        .filter(|called| keys.get(usize::from(called.program_id_index)) == Some(&lottery::ID))
        .map(|called| Called {
            accounts: called
                .accounts
                .iter()
                .map(|index| keys.get(usize::from(*index)).copied())
                .collect(),
            data: called.data.clone(),
        })
        .collect();
    Ok(Fetched {
        slot: fetched.slot,
        instructions,
    })
}

/// Successful transactions of an address, newest first.
struct Pages {
    address: Pubkey,
    page: std::vec::IntoIter<Signature>,
    before: Option<Signature>,
    ended: bool,
}

impl Pages {
    fn new(address: Pubkey) -> Self {
        Self {
            address,
            page: Vec::new().into_iter(),
            before: None,
            ended: false,
        }
    }

    async fn next(&mut self, rpc: &RpcClient) -> Result<Option<Signature>, HistoryError> {
        loop {
            if let Some(signature) = self.page.next() {
                return Ok(Some(signature));
            }
            if self.ended {
                return Ok(None);
            }
            let found = rpc
                .get_signatures_for_address_with_config(
                    &self.address,
                    GetConfirmedSignaturesForAddress2Config {
                        before: self.before,
                        until: None,
                        limit: Some(PAGE),
                        commitment: Some(CommitmentConfig::confirmed()),
                    },
                )
                .await?;
            let parsed = found
                .iter()
                .map(|row| Some((row.signature.parse().ok()?, row.err.is_none())))
                .collect::<Option<Vec<(Signature, bool)>>>()
                .ok_or(HistoryError::Signatures(self.address))?;
            let last = parsed.last().map(|(signature, _)| *signature);
            // A node that repeats a page would be asked for ever.
            self.ended = found.len() < PAGE || last == self.before;
            self.before = last;
            self.page = parsed
                .into_iter()
                .filter_map(|(signature, succeeded)| succeeded.then_some(signature))
                .collect::<Vec<_>>()
                .into_iter();
        }
    }
}

/// Reads one account of a known kind.
pub async fn fetch_account<T: Kind>(rpc: &RpcClient, address: &Pubkey) -> Result<T, HistoryError> {
    let account = rpc
        .get_account_with_commitment(address, CommitmentConfig::confirmed())
        .await?
        .value
        .ok_or(HistoryError::Missing(*address))?;
    account::decode(&account.owner, &account.data).map_err(|source| HistoryError::Decode {
        address: *address,
        source,
    })
}
