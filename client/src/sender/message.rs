//! How instructions become a transaction, and how large it is.

use std::sync::Arc;

use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{
    AddressLookupTableAccount, Message, VersionedMessage, v0, v1, v1::TransactionConfig,
};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer as _;

use super::SendError;

/// Largest compute limit a transaction may ask for.
pub const MAX_COMPUTE_UNITS: u32 = 1_400_000;

/// Largest legacy or v0 transaction on the wire (bytes): one IPv6 packet.
pub const MAX_TRANSACTION_BYTES: usize = 1232;

/// Largest v1 transaction on the wire (bytes), SIMD-0385.
const MAX_V1_BYTES: usize = 4096;

/// Most addresses, and instructions, of a v1 transaction.
const MAX_V1_PARTS: usize = 64;

/// How transactions are written.
#[derive(Clone, Debug, Default)]
pub enum Format {
    /// Understood everywhere.
    #[default]
    Legacy,
    /// With addresses taken from lookup tables, where these hold them.
    V0(Arc<[AddressLookupTableAccount]>),
    /// Three times as large, for clusters that have it (SIMD-0385).
    V1,
}

impl Format {
    /// Largest transaction (bytes).
    pub fn max_bytes(&self) -> usize {
        match self {
            Self::Legacy | Self::V0(_) => MAX_TRANSACTION_BYTES,
            Self::V1 => MAX_V1_BYTES,
        }
    }

    /// Whether these instructions go into one transaction, whatever its limits and
    /// its price will be: for callers that pack as many as fit.
    pub fn fits(&self, instructions: &[Instruction], payer: &Pubkey) -> bool {
        self.unsigned(instructions, Limits::WIDEST, payer, &Hash::default())
            .is_ok_and(|message| wire_size(&message) <= self.max_bytes())
    }

    pub(super) fn unsigned(
        &self,
        instructions: &[Instruction],
        limits: Limits,
        payer: &Pubkey,
        blockhash: &Hash,
    ) -> Result<VersionedMessage, SendError> {
        let unencodable = |error: &dyn std::fmt::Display| SendError::Encoding(error.to_string());
        let message = match self {
            Self::Legacy => {
                let all = limits.before(instructions);
                VersionedMessage::Legacy(Message::new_with_blockhash(&all, Some(payer), blockhash))
            }
            Self::V0(tables) => {
                let all = limits.before(instructions);
                let compiled = v0::Message::try_compile(payer, &all, tables, *blockhash);
                VersionedMessage::V0(compiled.map_err(|error| unencodable(&error))?)
            }
            Self::V1 => {
                let config = limits.config();
                let compiled =
                    v1::Message::try_compile_with_config(payer, instructions, *blockhash, config);
                let message = compiled.map_err(|error| unencodable(&error))?;
                let parts = message.account_keys.len().max(message.instructions.len());
                if parts > MAX_V1_PARTS {
                    return Err(unencodable(&format_args!(
                        "{parts} addresses or instructions, {MAX_V1_PARTS} are allowed"
                    )));
                }
                VersionedMessage::V1(message)
            }
        };
        Ok(message)
    }

    /// The message, if it is not too large.
    pub(super) fn message(
        &self,
        instructions: &[Instruction],
        limits: Limits,
        payer: &Pubkey,
        blockhash: &Hash,
    ) -> Result<VersionedMessage, SendError> {
        let message = self.unsigned(instructions, limits, payer, blockhash)?;
        let (found, allowed) = (wire_size(&message), self.max_bytes());
        if found > allowed {
            return Err(SendError::TooLarge { found, allowed });
        }
        Ok(message)
    }
}

/// How many bytes a legacy transaction of these instructions takes.
pub fn packed_size(instructions: &[Instruction], payer: &Pubkey) -> usize {
    let all = Limits::WIDEST.before(instructions);
    let message = Message::new_with_blockhash(&all, Some(payer), &Hash::default());
    wire_size(&VersionedMessage::Legacy(message))
}

/// What a transaction asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Compute units.
    pub compute_units: u32,
    /// Bytes of all accounts that it loads; the cluster's own limit without one.
    pub loaded_bytes: Option<u32>,
    /// Price of a compute unit (millionths of a lamport).
    pub micro_lamports: u64,
}

impl Limits {
    /// What takes most room.
    pub(super) const WIDEST: Self = Self {
        compute_units: MAX_COMPUTE_UNITS,
        loaded_bytes: Some(u32::MAX),
        micro_lamports: u64::MAX,
    };

    /// What a transaction is simulated with.
    pub(super) const SIMULATED: Self = Self {
        compute_units: MAX_COMPUTE_UNITS,
        loaded_bytes: None,
        micro_lamports: 0,
    };

    /// What is paid for priority (lamports).
    pub fn priority_fee(&self) -> u64 {
        let micro = u128::from(self.compute_units) * u128::from(self.micro_lamports);
        u64::try_from(micro.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }

    fn before(self, instructions: &[Instruction]) -> Vec<Instruction> {
        let mut all = Vec::with_capacity(instructions.len() + 3);
        all.push(ComputeBudgetInstruction::set_compute_unit_limit(
            self.compute_units,
        ));
        if self.micro_lamports > 0 {
            all.push(ComputeBudgetInstruction::set_compute_unit_price(
                self.micro_lamports,
            ));
        }
        if let Some(bytes) = self.loaded_bytes {
            all.push(ComputeBudgetInstruction::set_loaded_accounts_data_size_limit(bytes));
        }
        all.extend_from_slice(instructions);
        all
    }

    fn config(self) -> TransactionConfig {
        // A v1 transaction without a limit has a limit of nothing.
        const MOST_LOADED: u32 = 64 * 1024 * 1024;
        TransactionConfig::empty()
            .with_compute_unit_limit(self.compute_units)
            .with_loaded_accounts_data_size_limit(self.loaded_bytes.unwrap_or(MOST_LOADED))
            .with_priority_fee(self.priority_fee())
    }
}

/// Bytes of a transaction on the wire.
fn wire_size(message: &VersionedMessage) -> usize {
    let signatures = 64 * usize::from(message.header().num_required_signatures);
    match message {
        // Fewer than 128 signatures, so their count takes one byte.
        VersionedMessage::Legacy(_) | VersionedMessage::V0(_) => {
            1 + signatures + message.serialize().len()
        }
        VersionedMessage::V1(_) => signatures + message.serialize().len(),
    }
}

/// A transaction as it is sent.
pub(super) struct Sealed {
    pub signature: Signature,
    /// As on the wire.
    pub bytes: Vec<u8>,
}

/// Signs. The payer comes first, as in every message.
pub(super) fn seal(message: &VersionedMessage, keys: &[&Keypair]) -> Result<Sealed, SendError> {
    let data = message.serialize();
    let count = usize::from(message.header().num_required_signatures);
    let signers = message.static_account_keys().iter().take(count);
    let mut signatures = Vec::with_capacity(count);
    for address in signers {
        let key = keys.iter().find(|key| key.pubkey() == *address);
        let key = key.ok_or(SendError::MissingSigner(*address))?;
        signatures.push(key.try_sign_message(&data)?);
    }
    let signature = *signatures.first().ok_or(SendError::Closed)?;
    let signatures = signatures.iter().flat_map(|it| it.as_ref().to_vec());
    let bytes = match message {
        VersionedMessage::V1(_) => data.into_iter().chain(signatures).collect(),
        VersionedMessage::Legacy(_) | VersionedMessage::V0(_) => {
            let count =
                u8::try_from(count).map_err(|error| SendError::Encoding(error.to_string()))?;
            std::iter::once(count)
                .chain(signatures)
                .chain(data)
                .collect()
        }
    };
    Ok(Sealed { signature, bytes })
}

/// The bytes of a transaction that was not signed: for simulations.
pub(super) fn unsealed(message: &VersionedMessage) -> Vec<u8> {
    let count = message.header().num_required_signatures;
    let signatures = std::iter::repeat_n(0, 64 * usize::from(count));
    match message {
        VersionedMessage::V1(_) => message.serialize().into_iter().chain(signatures).collect(),
        VersionedMessage::Legacy(_) | VersionedMessage::V0(_) => std::iter::once(count)
            .chain(signatures)
            .chain(message.serialize())
            .collect(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use solana_instruction::AccountMeta;
    use solana_transaction::{Transaction, versioned::VersionedTransaction};

    use super::*;

    fn transfer(accounts: usize) -> Instruction {
        let metas = (0..accounts).map(|_| AccountMeta::new(Pubkey::new_unique(), false));
        Instruction::new_with_bytes(Pubkey::new_unique(), &[1, 2, 3], metas.collect())
    }

    const LIMITS: Limits = Limits {
        compute_units: 20_000,
        loaded_bytes: Some(65_536),
        micro_lamports: 1_000,
    };

    #[test]
    fn sealed_bytes_are_what_the_cluster_reads() {
        let payer = Keypair::new();
        let hash = Hash::new_from_array([9; 32]);
        let instructions = [transfer(3)];
        for format in [Format::Legacy, Format::V0(Arc::new([])), Format::V1] {
            let message = format
                .message(&instructions, LIMITS, &payer.pubkey(), &hash)
                .unwrap();
            let sealed = seal(&message, &[&payer]).unwrap();
            assert_eq!(sealed.bytes.len(), wire_size(&message));
            let read: VersionedTransaction = wincode::deserialize(&sealed.bytes).unwrap();
            assert_eq!(read.message, message);
            assert_eq!(read.signatures, [sealed.signature]);
            assert!(read.verify_with_results().iter().all(|good| *good));
        }
        let message = Format::Legacy
            .message(&instructions, LIMITS, &payer.pubkey(), &hash)
            .unwrap();
        let sealed = seal(&message, &[&payer]).unwrap();
        let read: Transaction = bincode::deserialize(&sealed.bytes).unwrap();
        assert!(read.verify().is_ok());
    }

    #[test]
    fn what_is_too_large_is_refused_and_v1_takes_more() {
        let payer = Pubkey::new_unique();
        let many = [transfer(40)];
        assert!(!Format::Legacy.fits(&many, &payer));
        assert!(Format::V1.fits(&many, &payer));
        assert!(!Format::V1.fits(&[transfer(70)], &payer));
        let error = Format::Legacy
            .message(&many, LIMITS, &payer, &Hash::default())
            .unwrap_err();
        assert!(matches!(error, SendError::TooLarge { found, allowed: 1232 } if found > 1232));
    }

    #[test]
    fn lookup_tables_make_room() {
        let payer = Pubkey::new_unique();
        let instruction = transfer(40);
        let table = AddressLookupTableAccount {
            key: Pubkey::new_unique(),
            addresses: instruction.accounts.iter().map(|it| it.pubkey).collect(),
        };
        assert!(!Format::V0(Arc::new([])).fits(std::slice::from_ref(&instruction), &payer));
        assert!(Format::V0(Arc::new([table])).fits(&[instruction], &payer));
    }

    #[test]
    fn a_missing_signer_is_named() {
        let payer = Keypair::new();
        let message = Format::Legacy
            .message(&[transfer(1)], LIMITS, &payer.pubkey(), &Hash::default())
            .unwrap();
        let error = seal(&message, &[&Keypair::new()]).err().unwrap();
        assert!(error.to_string().contains(&payer.pubkey().to_string()));
    }

    #[test]
    fn the_priority_fee_is_rounded_up_as_the_cluster_does() {
        let limits = Limits {
            compute_units: 1_001,
            loaded_bytes: None,
            micro_lamports: 1_000,
        };
        assert_eq!(limits.priority_fee(), 2);
        assert_eq!(Limits::WIDEST.priority_fee(), u64::MAX);
    }
}
