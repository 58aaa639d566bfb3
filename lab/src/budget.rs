//! What a transaction asks the cluster for, and offers.

use solana_compute_budget_interface as compute_budget;
use solana_transaction::versioned::VersionedTransaction;

/// The argument of a compute budget instruction, named by its first byte.
pub(crate) fn argument<const N: usize>(
    transaction: &VersionedTransaction,
    kind: u8,
) -> Option<[u8; N]> {
    let keys = transaction.message.static_account_keys();
    transaction
        .message
        .instructions()
        .iter()
        .find_map(|instruction| {
            let program = keys.get(usize::from(instruction.program_id_index))?;
            let (first, argument) = instruction.data.split_first()?;
            (*program == compute_budget::ID && *first == kind)
                .then(|| argument.try_into().ok())
                .flatten()
        })
}

/// What a transaction offers above its base fee (lamports), by its limit and its price.
pub(crate) fn priority_fee(transaction: &VersionedTransaction) -> u64 {
    let limit = argument::<4>(transaction, 2).map_or(0, u32::from_le_bytes);
    let price = argument::<8>(transaction, 3).map_or(0, u64::from_le_bytes);
    let millionths = u128::from(limit) * u128::from(price);
    u64::try_from(millionths.div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
