//! Switchboard's queues and oracles, as far as the keeper reads them, and how they
//! have answered.

mod record;

pub use record::{OracleRecord, OracleResult, OracleSeen};

use lottery_client::{
    gateway::gateway_uri,
    lottery::switchboard::{self, parse_node_timeout, parse_oracle},
};
use solana_account::Account;
use solana_pubkey::Pubkey;
use switchboard_on_demand::{Discriminator as _, QueueAccountData};

use crate::state::Oracle;

/// A queue.
pub struct Queue {
    /// Addresses of the oracles on it.
    pub members: Vec<Pubkey>,
    /// How long they may be silent (seconds); no limit unless positive.
    pub node_timeout: i64,
}

/// Reads a queue, or `None` when the account is not one of Switchboard's.
pub fn read_queue(queue: &Account) -> Option<Queue> {
    if queue.owner != switchboard::PROGRAM_ID {
        return None;
    }
    let node_timeout = parse_node_timeout(&queue.data)?;
    let body = queue.data.strip_prefix(QueueAccountData::DISCRIMINATOR)?;
    let bytes = body.get(..size_of::<QueueAccountData>())?;
    let queue: QueueAccountData = bytemuck::try_pod_read_unaligned(bytes).ok()?;
    let count = usize::try_from(queue.oracle_keys_len).ok()?;
    let members = queue.oracle_keys.get(..count)?;
    Some(Queue {
        members: members.iter().filter_map(address_of).collect(),
        node_timeout,
    })
}

/// Reads an oracle of the queue at `address_of_queue`, or `None` when the account is
/// not one.
pub fn read_oracle(
    address: Pubkey,
    account: &Account,
    address_of_queue: &Pubkey,
    queue: &Queue,
) -> Option<Oracle> {
    if account.owner != switchboard::PROGRAM_ID {
        return None;
    }
    let data = parse_oracle(&account.data)?;
    if address_of(data.queue)? != *address_of_queue {
        return None;
    }
    Some(Oracle {
        address,
        data,
        node_timeout: queue.node_timeout,
        gateway: gateway_uri(&account.data).ok(),
    })
}

/// Switchboard's crate has an address type of its own.
fn address_of(bytes: impl AsRef<[u8]>) -> Option<Pubkey> {
    Pubkey::try_from(bytes.as_ref()).ok()
}
