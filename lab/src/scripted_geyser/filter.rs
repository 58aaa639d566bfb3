//! What a subscription asks for.

use std::collections::HashMap;

use solana_pubkey::Pubkey;
use yellowstone_grpc_proto::{
    geyser::{
        CommitmentLevel, SlotStatus, SubscribeRequest, SubscribeRequestFilterAccounts,
        SubscribeRequestFilterSlots, SubscribeRequestFilterTransactions, SubscribeUpdateAccount,
        SubscribeUpdateSlot, SubscribeUpdateTransaction, subscribe_update::UpdateOneof,
    },
    solana::storage::confirmed_block::TransactionStatusMeta,
};

/// Filters by their names.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub level: CommitmentLevel,
    accounts: Vec<(String, Accounts)>,
    transactions: Vec<(String, Transactions)>,
    slots: Vec<(String, SubscribeRequestFilterSlots)>,
    blocks_meta: Vec<String>,
}

/// Lists that are empty admit everything.
#[derive(Clone, Debug)]
struct Accounts {
    accounts: Vec<Pubkey>,
    owners: Vec<Pubkey>,
}

#[derive(Clone, Debug)]
struct Transactions {
    vote: Option<bool>,
    failed: Option<bool>,
    include: Vec<Pubkey>,
    exclude: Vec<Pubkey>,
    required: Vec<Pubkey>,
}

impl Filter {
    /// Understands a request; the error is what the plugin says.
    pub fn parse(request: &SubscribeRequest) -> Result<Self, String> {
        let level = request.commitment.unwrap_or_default();
        let level = CommitmentLevel::try_from(level)
            .map_err(|_| format!("failed to create CommitmentLevel from {level}"))?;
        let unsupported = !(request.blocks.is_empty()
            && request.entry.is_empty()
            && request.transactions_status.is_empty()
            && request.block_footer.is_empty()
            && request.accounts_data_slice.is_empty());
        if unsupported {
            return Err("the script has only accounts, transactions, slots and blocks meta".into());
        }
        Ok(Self {
            level,
            accounts: each(&request.accounts, Accounts::parse)?,
            transactions: each(&request.transactions, Transactions::parse)?,
            slots: each(&request.slots, |filter| Ok(*filter))?,
            blocks_meta: request.blocks_meta.keys().cloned().collect(),
        })
    }

    /// The names of the filters that admit a message.
    pub fn names(&self, update: &UpdateOneof) -> Vec<String> {
        match update {
            UpdateOneof::Account(account) => {
                admitting(&self.accounts, |filter| filter.admits(account))
            }
            UpdateOneof::Transaction(transaction) => {
                admitting(&self.transactions, |filter| filter.admits(transaction))
            }
            UpdateOneof::Slot(slot) => {
                admitting(&self.slots, |filter| admits_slot(filter, self.level, slot))
            }
            UpdateOneof::BlockMeta(_) => self.blocks_meta.clone(),
            _ => Vec::new(),
        }
    }
}

fn each<A, B>(
    filters: &HashMap<String, A>,
    parse: impl Fn(&A) -> Result<B, String>,
) -> Result<Vec<(String, B)>, String> {
    let parsed = filters
        .iter()
        .map(|(name, filter)| Ok((name.clone(), parse(filter)?)));
    parsed.collect()
}

fn admitting<F>(filters: &[(String, F)], admits: impl Fn(&F) -> bool) -> Vec<String> {
    let admitting = filters.iter().filter(|(_, filter)| admits(filter));
    admitting.map(|(name, _)| name.clone()).collect()
}

fn keys(texts: &[String]) -> Result<Vec<Pubkey>, String> {
    let parsed = texts.iter().map(|text| {
        text.parse()
            .map_err(|error| format!("invalid public key {text:?}: {error}"))
    });
    parsed.collect()
}

impl Accounts {
    fn parse(filter: &SubscribeRequestFilterAccounts) -> Result<Self, String> {
        Ok(Self {
            accounts: keys(&filter.account)?,
            owners: keys(&filter.owner)?,
        })
    }

    /// As with the real plugin, an account that was closed is the system program's by
    /// now, and no owner's filter admits it.
    fn admits(&self, update: &SubscribeUpdateAccount) -> bool {
        let Some(account) = &update.account else {
            return false;
        };
        let among =
            |keys: &[Pubkey], key: &[u8]| keys.is_empty() || keys.iter().any(|k| k.as_ref() == key);
        among(&self.accounts, &account.pubkey) && among(&self.owners, &account.owner)
    }
}

impl Transactions {
    fn parse(filter: &SubscribeRequestFilterTransactions) -> Result<Self, String> {
        Ok(Self {
            vote: filter.vote,
            failed: filter.failed,
            include: keys(&filter.account_include)?,
            exclude: keys(&filter.account_exclude)?,
            required: keys(&filter.account_required)?,
        })
    }

    fn admits(&self, update: &SubscribeUpdateTransaction) -> bool {
        let Some(info) = &update.transaction else {
            return false;
        };
        let meta = info.meta.as_ref();
        let failed = meta.is_some_and(|meta| meta.err.is_some());
        let message = info.transaction.as_ref().and_then(|t| t.message.as_ref());
        let own = message.map_or(&[][..], |message| &message.account_keys);
        let names = |key: &Pubkey| {
            let loaded = meta.into_iter().flat_map(loaded_addresses);
            own.iter().chain(loaded).any(|k| k[..] == key.to_bytes())
        };
        self.vote.is_none_or(|vote| vote == info.is_vote)
            && self.failed.is_none_or(|wanted| wanted == failed)
            && (self.include.is_empty() || self.include.iter().any(names))
            && !self.exclude.iter().any(names)
            && self.required.iter().all(names)
    }
}

fn loaded_addresses(meta: &TransactionStatusMeta) -> impl Iterator<Item = &Vec<u8>> {
    let writable = meta.loaded_writable_addresses.iter();
    writable.chain(&meta.loaded_readonly_addresses)
}

fn admits_slot(
    filter: &SubscribeRequestFilterSlots,
    level: CommitmentLevel,
    update: &SubscribeUpdateSlot,
) -> bool {
    let of_commitment = match update.status() {
        SlotStatus::SlotProcessed => Some(CommitmentLevel::Processed),
        SlotStatus::SlotConfirmed => Some(CommitmentLevel::Confirmed),
        SlotStatus::SlotFinalized => Some(CommitmentLevel::Finalized),
        _ => None,
    };
    (filter.interslot_updates() || of_commitment.is_some())
        && (!filter.filter_by_commitment() || of_commitment == Some(level))
}
