//! Reading the chain through a node.

use std::{collections::HashSet, sync::Arc};

use anchor_lang::Discriminator as _;
use lottery_client::{
    account::DISCRIMINATOR_LEN,
    clock::CLOCK,
    instruction::Token,
    lottery::{
        self,
        state::{Draw, Entry, Game, House, Lane},
        switchboard::SLOT_HASHES,
    },
};
use serde_json::json;
use solana_account::Account;
use solana_account_decoder_client_types::{UiAccountEncoding, UiDataSliceConfig};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    filter::{Memcmp, RpcFilterType},
    request::RpcRequest,
    response::{OptionalContext, RpcKeyedAccount},
};

pub use lottery_client::clock::ChainClock;

use crate::{
    error::LoadError,
    oracles::{read_oracle, read_queue},
    state::{Oracle, Orphan},
};

/// Most accounts that nodes return for one question.
const ACCOUNTS_PER_QUESTION: usize = 100;

/// Accounts as they were at a slot or later.
#[derive(Clone, Debug)]
pub struct Read {
    pub slot: u64,
    /// In the order asked for; `None` for those that do not exist.
    pub accounts: Vec<Option<Account>>,
}

/// Accounts found by a search, at a slot or later.
#[derive(Clone, Debug)]
pub struct Found {
    pub slot: u64,
    pub accounts: Vec<(Pubkey, Account)>,
}

/// Asks a node. Everything at commitment `confirmed`.
#[derive(Clone)]
pub struct Loader {
    rpc: Arc<RpcClient>,
    /// The one house to read, or all.
    house: Option<Pubkey>,
}

impl Loader {
    pub fn new(rpc: Arc<RpcClient>, house: Option<Pubkey>) -> Self {
        Self { rpc, house }
    }

    pub fn rpc(&self) -> &RpcClient {
        &self.rpc
    }

    /// The chain's clock.
    pub async fn clock(&self) -> Result<ChainClock, LoadError> {
        let read = self.accounts(&[CLOCK], None).await?;
        read.accounts
            .first()
            .and_then(Option::as_ref)
            .and_then(|account| ChainClock::parse_at(&account.data, read.slot))
            .ok_or(LoadError::Malformed("the clock"))
    }

    /// The newest slot that the cluster knows the hash of.
    pub async fn newest_hashed_slot(&self) -> Result<u64, LoadError> {
        let read = self.accounts(&[SLOT_HASHES], None).await?;
        // A length, then pairs of slot and hash, newest first.
        read.accounts
            .first()
            .and_then(Option::as_ref)
            .and_then(|account| u64_at(&account.data, 8))
            .ok_or(LoadError::Malformed("slot hashes"))
    }

    /// Reads accounts by address, from a node that has seen `min_slot`.
    pub async fn accounts(
        &self,
        addresses: &[Pubkey],
        min_slot: Option<u64>,
    ) -> Result<Read, LoadError> {
        let mut slot = u64::MAX;
        let mut accounts = Vec::with_capacity(addresses.len());
        for chunk in addresses.chunks(ACCOUNTS_PER_QUESTION) {
            let config = RpcAccountInfoConfig {
                min_context_slot: min_slot,
                ..account_config()
            };
            let answer = self
                .rpc
                .get_multiple_ui_accounts_with_config(chunk, config)
                .await
                .map_err(LoadError::rpc("accounts"))?;
            if answer.value.len() != chunk.len() {
                return Err(LoadError::Malformed("accounts"));
            }
            slot = slot.min(answer.context.slot);
            for account in answer.value {
                accounts.push(match account {
                    Some(account) => Some(
                        account
                            .to_account()
                            .ok_or(LoadError::Malformed("accounts"))?,
                    ),
                    None => None,
                });
            }
        }
        Ok(Read { slot, accounts })
    }

    /// Everything that decides what is due but entries: houses, lanes, draws and
    /// games.
    pub async fn core(&self) -> Result<Found, LoadError> {
        let mut slot = u64::MAX;
        let mut accounts = Vec::new();
        // Houses begin with their authority, the others with their house.
        let mut kinds = vec![
            self.of_house(Lane::DISCRIMINATOR),
            self.of_house(Draw::DISCRIMINATOR),
            self.of_house(Game::DISCRIMINATOR),
        ];
        match self.house {
            None => kinds.insert(0, vec![starts_with(House::DISCRIMINATOR)]),
            Some(house) => {
                let read = self.accounts(&[house], None).await?;
                slot = read.slot;
                let found = read.accounts.into_iter().flatten();
                accounts.extend(found.map(|account| (house, account)));
            }
        }
        for filters in kinds {
            let found = self.search(filters).await?;
            slot = slot.min(found.slot);
            accounts.extend(found.accounts);
        }
        Ok(Found { slot, accounts })
    }

    /// All entries of a game.
    pub async fn entries(&self, game: &Pubkey) -> Result<Found, LoadError> {
        self.search(vec![
            starts_with(Entry::DISCRIMINATOR),
            first_field_is(game),
        ])
        .await
    }

    /// The tokens of these mints; mints that do not exist are left out.
    pub async fn tokens(&self, mints: &[Pubkey]) -> Result<Vec<Token>, LoadError> {
        let read = self.accounts(mints, None).await?;
        let found = mints.iter().zip(&read.accounts);
        Ok(found
            .filter_map(|(mint, account)| {
                Some(Token {
                    mint: *mint,
                    program: account.as_ref()?.owner,
                })
            })
            .collect())
    }

    /// Entries whose games are closed. Asks for every entry's game and player, and then
    /// which of these games exist: a game comes before its entries, so one that is
    /// missing then is gone.
    pub async fn orphans(&self) -> Result<Vec<(Pubkey, Orphan)>, LoadError> {
        let slice = UiDataSliceConfig {
            offset: DISCRIMINATOR_LEN,
            length: 64,
        };
        let config = RpcAccountInfoConfig {
            data_slice: Some(slice),
            ..account_config()
        };
        let found = self
            .search_with(vec![starts_with(Entry::DISCRIMINATOR)], config)
            .await?;
        let entries: Vec<(Pubkey, Orphan)> = found
            .accounts
            .iter()
            .filter_map(|(address, account)| {
                let (game, player) = account.data.split_at_checked(32)?;
                let orphan = Orphan {
                    game: game.try_into().ok()?,
                    player: player.try_into().ok()?,
                };
                Some((*address, orphan))
            })
            .collect();
        let mut games: Vec<Pubkey> = entries.iter().map(|(_, orphan)| orphan.game).collect();
        games.sort_unstable();
        games.dedup();
        let read = self.accounts(&games, Some(found.slot)).await?;
        let gone: HashSet<&Pubkey> = games
            .iter()
            .zip(&read.accounts)
            .filter(|(_, account)| account.as_ref().is_none_or(|it| it.owner != lottery::ID))
            .map(|(game, _)| game)
            .collect();
        let orphans = entries.iter();
        let orphans = orphans.filter(|(_, orphan)| gone.contains(&orphan.game));
        Ok(orphans.copied().collect())
    }

    /// The oracles of a queue, sorted by address.
    pub async fn oracles(&self, queue: &Pubkey) -> Result<Vec<Oracle>, LoadError> {
        let read = self.accounts(&[*queue], None).await?;
        let found = read
            .accounts
            .first()
            .and_then(Option::as_ref)
            .and_then(read_queue)
            .ok_or(LoadError::Malformed("a queue"))?;
        let read = self.accounts(&found.members, None).await?;
        let mut oracles: Vec<Oracle> = found
            .members
            .iter()
            .zip(&read.accounts)
            .filter_map(|(address, account)| {
                read_oracle(*address, account.as_ref()?, queue, &found)
            })
            .collect();
        oracles.sort_unstable_by_key(|oracle| oracle.address);
        Ok(oracles)
    }

    fn of_house(&self, discriminator: &[u8]) -> Vec<RpcFilterType> {
        let house = self.house.as_ref().map(first_field_is);
        std::iter::once(starts_with(discriminator))
            .chain(house)
            .collect()
    }

    async fn search(&self, filters: Vec<RpcFilterType>) -> Result<Found, LoadError> {
        self.search_with(filters, account_config()).await
    }

    async fn search_with(
        &self,
        filters: Vec<RpcFilterType>,
        account_config: RpcAccountInfoConfig,
    ) -> Result<Found, LoadError> {
        let config = RpcProgramAccountsConfig {
            filters: Some(filters),
            account_config,
            with_context: Some(true),
            sort_results: None,
        };
        // The client's own method drops the slot.
        let answer: OptionalContext<Vec<RpcKeyedAccount>> = self
            .rpc
            .send(
                RpcRequest::GetProgramAccounts,
                json!([lottery::ID.to_string(), config]),
            )
            .await
            .map_err(LoadError::rpc("the program's accounts"))?;
        let OptionalContext::Context(answer) = answer else {
            return Err(LoadError::Malformed("the program's accounts"));
        };
        let accounts = answer
            .value
            .iter()
            .map(|keyed| Some((keyed.pubkey.parse().ok()?, keyed.account.to_account()?)))
            .collect::<Option<Vec<_>>>()
            .ok_or(LoadError::Malformed("the program's accounts"))?;
        Ok(Found {
            slot: answer.context.slot,
            accounts,
        })
    }
}

/// How accounts are asked for.
pub(crate) fn account_config() -> RpcAccountInfoConfig {
    RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        commitment: Some(CommitmentConfig::confirmed()),
        ..Default::default()
    }
}

fn starts_with(discriminator: &[u8]) -> RpcFilterType {
    RpcFilterType::Memcmp(Memcmp::new_base58_encoded(0, discriminator))
}

fn first_field_is(address: &Pubkey) -> RpcFilterType {
    RpcFilterType::Memcmp(Memcmp::new_base58_encoded(
        DISCRIMINATOR_LEN,
        address.as_ref(),
    ))
}

fn u64_at(data: &[u8], at: usize) -> Option<u64> {
    let bytes = data.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_searched_for_are_the_first() {
        // The searches above rely on it.
        assert_eq!(core::mem::offset_of!(Lane, house), 0);
        assert_eq!(core::mem::offset_of!(Draw, house), 0);
        assert_eq!(core::mem::offset_of!(Game, house), 0);
        assert_eq!(core::mem::offset_of!(Entry, game), 0);
    }
}
