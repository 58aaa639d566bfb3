//! Lookup tables, from which v0 transactions take addresses.

use solana_address_lookup_table_interface::state::AddressLookupTable;
use solana_message::AddressLookupTableAccount;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

/// Why a lookup table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("lookup table {address} cannot be read: {reason}")]
    Unreadable { address: Pubkey, reason: String },
    #[error("lookup table {0} is being closed")]
    Deactivated(Pubkey),
}

/// Reads lookup tables.
pub async fn load_tables(
    rpc: &RpcClient,
    addresses: &[Pubkey],
) -> Result<Vec<AddressLookupTableAccount>, TableError> {
    let mut tables = Vec::with_capacity(addresses.len());
    for address in addresses {
        let unreadable = |reason: String| TableError::Unreadable {
            address: *address,
            reason,
        };
        let data = rpc.get_account_data(address).await;
        let data = data.map_err(|error| unreadable(error.to_string()))?;
        let table = AddressLookupTable::deserialize(&data)
            .map_err(|error| unreadable(error.to_string()))?;
        if table.meta.deactivation_slot != u64::MAX {
            return Err(TableError::Deactivated(*address));
        }
        tables.push(AddressLookupTableAccount {
            key: *address,
            addresses: table.addresses.to_vec(),
        });
    }
    Ok(tables)
}
