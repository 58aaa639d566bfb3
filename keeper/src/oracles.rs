//! Switchboard's queues and oracles, as far as the keeper reads them.

use lottery_client::{
    gateway::gateway_uri,
    lottery::switchboard::{self, parse_oracle},
};
use solana_account::Account;
use solana_pubkey::Pubkey;
use switchboard_on_demand::{Discriminator as _, QueueAccountData};

use crate::state::Oracle;

/// Addresses of the oracles on a queue, or `None` when the account is no queue
/// of Switchboard's.
pub fn queue_members(queue: &Account) -> Option<Vec<Pubkey>> {
    if queue.owner != switchboard::PROGRAM_ID {
        return None;
    }
    let body = queue.data.strip_prefix(QueueAccountData::DISCRIMINATOR)?;
    let bytes = body.get(..size_of::<QueueAccountData>())?;
    let queue: QueueAccountData = bytemuck::try_pod_read_unaligned(bytes).ok()?;
    let count = usize::try_from(queue.oracle_keys_len).ok()?;
    let members = queue.oracle_keys.get(..count)?;
    Some(members.iter().filter_map(address_of).collect())
}

/// Reads an oracle of `queue`, or `None` when the account is not one.
pub fn read_oracle(address: Pubkey, account: &Account, queue: &Pubkey) -> Option<Oracle> {
    if account.owner != switchboard::PROGRAM_ID {
        return None;
    }
    let oracle = parse_oracle(&account.data)?;
    if address_of(oracle.queue)? != *queue {
        return None;
    }
    Some(Oracle {
        address,
        attested: switchboard::is_attested(&oracle),
        valid_until: oracle.enclave.valid_until,
        gateway: gateway_uri(&account.data).ok(),
    })
}

/// Switchboard's crate has an address type of its own.
fn address_of(bytes: impl AsRef<[u8]>) -> Option<Pubkey> {
    Pubkey::try_from(bytes.as_ref()).ok()
}
