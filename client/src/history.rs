//! Collects what [`verify`](crate::verify) needs from a node: accounts as they are,
//! from the transaction history the draws that are over, and, where accounts were
//! closed, what their transactions tell of them.

mod events;
mod rebuild;
mod transactions;

use anchor_lang::Discriminator;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use lottery::{
    draw::round_seed,
    instruction as program,
    state::{Entry, Game},
};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::Error as RpcError,
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    filter::{Memcmp, RpcFilterType},
};
use solana_signature::Signature;

use crate::{
    account::{self, DecodeError, Kind},
    verify::{Record, RevealedDraw, Source},
};
use rebuild::Ledger;
pub use rebuild::take_rules;
use transactions::{Fetched, Pages, fetch};

/// Transactions asked for at the same time.
const FETCHES: usize = 16;

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
    #[error(
        "the node does not tell what transaction {0} called, so events are missing: ask one that keeps inner instructions"
    )]
    NoInner(Signature),
    #[error(
        "accounts of game {game} are closed, and the node's history lacks {what}: ask a node that keeps the whole history"
    )]
    Pruned { game: Pubkey, what: &'static str },
}

impl From<RpcError> for HistoryError {
    fn from(error: RpcError) -> Self {
        Self::Rpc(Box::new(error))
    }
}

/// Everything about a game, from the chain alone. What was closed is rebuilt from the
/// transactions that made it.
pub async fn record(rpc: &RpcClient, address: &Pubkey) -> Result<Record, HistoryError> {
    match fetch_account::<Game>(rpc, address).await {
        Ok(game) => record_of(rpc, address, game).await,
        Err(HistoryError::Missing(_)) => record_of_closed(rpc, address).await,
        Err(error) => Err(error),
    }
}

/// Of a game that still has its account.
async fn record_of(rpc: &RpcClient, address: &Pubkey, game: Game) -> Result<Record, HistoryError> {
    let mut entries = entries(rpc, address).await?;
    let mut source = Source::Accounts;
    if entries.len() < usize::try_from(game.entries).unwrap_or(usize::MAX) {
        let ledger = read(rpc, address).await?;
        if ledger.params.is_none() {
            return Err(HistoryError::Pruned {
                game: *address,
                what: "its creation",
            });
        }
        source = Source::Ledger {
            transactions: ledger.transactions,
            game_closed: false,
        };
        let open: Vec<Pubkey> = entries.iter().map(|(entry, _)| *entry).collect();
        let joined = ledger.entries(address, game.entry_fee);
        entries.extend(
            joined
                .into_iter()
                .filter(|(entry, _)| !open.contains(entry)),
        );
    }
    let draws = draws(rpc, address, &game).await?;
    Ok(Record {
        address: *address,
        source,
        game,
        entries,
        draws,
        payments: Vec::new(),
    })
}

/// Of a game whose account is gone.
async fn record_of_closed(rpc: &RpcClient, address: &Pubkey) -> Result<Record, HistoryError> {
    let ledger = read(rpc, address).await?;
    if ledger.transactions == 0 {
        return Err(HistoryError::Missing(*address));
    }
    let pruned = |what| HistoryError::Pruned {
        game: *address,
        what,
    };
    let (Some(params), Some(created)) = (&ledger.params, &ledger.created) else {
        return Err(pruned("its creation"));
    };
    let closed = ledger.closed.as_ref().ok_or_else(|| pruned("its close"))?;
    let game = ledger.game(params, created, closed);
    let entries = ledger.entries(address, params.entry_fee);
    let draws = draws(rpc, address, &game).await?;
    Ok(Record {
        address: *address,
        source: Source::Ledger {
            transactions: ledger.transactions,
            game_closed: true,
        },
        game,
        entries,
        draws,
        payments: ledger.payments,
    })
}

/// Everything that happened to a game.
async fn read(rpc: &RpcClient, game: &Pubkey) -> Result<Ledger, HistoryError> {
    let mut signatures = Vec::new();
    let mut pages = Pages::new(*game);
    while let Some(signature) = pages.next(rpc).await? {
        signatures.push(signature);
    }
    let mut fetched: Vec<Fetched> = stream::iter(signatures.iter().rev())
        .map(|signature| fetch(rpc, signature))
        .buffered(FETCHES)
        .try_collect()
        .await?;
    // Nodes list them in this order already; it costs nothing to be sure of the slots.
    fetched.sort_by_key(|transaction| transaction.slot);
    Ok(Ledger::of(game, &fetched))
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
        for instruction in &transaction.calls {
            if instruction.is::<program::RequestDraw>()
                && instruction.names(address)
                && let Some(draw) = instruction.accounts.get(3)
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
        for instruction in &transaction.calls {
            // Signature of the oracle, recovery id, value.
            if let Some(arguments) = instruction.arguments::<program::RevealDraw>()
                && instruction.accounts.get(3) == Some(draw)
                && let Some(oracle) = instruction.accounts.get(5)
                && let Some(value) = arguments.get(65..97)
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
