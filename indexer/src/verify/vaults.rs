//! The token accounts that hold the money of token houses.

use std::collections::HashMap;

use lottery::money::Holder as _;
use lottery_client::account::{self, Account};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

use crate::source::{AccountUpdate, MAX_READ, Snapshot, SourceError, read_accounts};

/// A token account as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vault {
    pub mint: Pubkey,
    /// The account of the program that signs for it.
    pub owner: Pubkey,
    /// Base units.
    pub amount: u64,
}

/// The vaults that exist, by address.
pub type Vaults = HashMap<Pubkey, Vault>;

/// The vault of an account that holds a token house's money.
pub(super) fn of(account: &Account) -> Option<Pubkey> {
    let vault = match account {
        Account::Game(game) => game.vault(),
        Account::Treasury(treasury) => treasury.vault(),
        Account::Jackpot(jackpot) => jackpot.vault(),
        Account::House(_) | Account::Lane(_) | Account::Draw(_) | Account::Entry(_) => {
            return None;
        }
    };
    (!lottery::money::is_native(vault)).then_some(*vault)
}

/// Reads the vaults of a snapshot's accounts. They are as of a little later than the
/// snapshot, so a difference counts only if the next look shows it too.
///
/// # Errors
/// When the node does not answer.
pub(super) async fn fetch(
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    snapshot: &Snapshot,
) -> Result<Vaults, SourceError> {
    let wanted: Vec<Pubkey> = snapshot
        .accounts
        .iter()
        .filter_map(|chain| account::decode_any(&chain.owner, &chain.data).ok())
        .filter_map(|account| of(&account))
        .collect();
    let mut vaults = Vaults::new();
    for addresses in wanted.chunks(MAX_READ) {
        let read = read_accounts(rpc, commitment, addresses, None).await?;
        vaults.extend(read.iter().filter_map(|a| Some((a.address, parse(a)?))));
    }
    Ok(vaults)
}

/// SPL Token and Token-2022 lay out an account's beginning alike: mint, owner, amount.
fn parse(account: &AccountUpdate) -> Option<Vault> {
    use lottery::money::TOKEN_ACCOUNT_LEN;
    let programs = [
        lottery::switchboard::TOKEN_PROGRAM,
        spl_token_2022_interface::ID,
    ];
    let data = &account.data;
    if !programs.contains(&account.owner) || data.len() < TOKEN_ACCOUNT_LEN {
        return None;
    }
    let key = |at: usize| {
        let bytes: [u8; 32] = data.get(at..)?.first_chunk().copied()?;
        Some(Pubkey::new_from_array(bytes))
    };
    Some(Vault {
        mint: key(0)?,
        owner: key(32)?,
        amount: u64::from_le_bytes(data.get(64..)?.first_chunk().copied()?),
    })
}
