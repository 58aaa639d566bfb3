//! Transactions as a test writes them.

use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;
use yellowstone_grpc_proto::{
    geyser::SubscribeUpdateTransactionInfo,
    solana::storage::confirmed_block::{
        CompiledInstruction, InnerInstruction, InnerInstructions, Message, MessageHeader,
        ReturnData, Transaction, TransactionError as EncodedError, TransactionStatusMeta,
    },
};

/// An instruction; accounts are positions in the transaction's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedCall {
    pub program: u8,
    pub accounts: Vec<u8>,
    pub data: Vec<u8>,
}

/// A transaction that was executed. What a test does not say is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptedTransaction {
    pub signature: Signature,
    pub vote: bool,
    /// The message's own.
    pub keys: Vec<Pubkey>,
    /// Of lookup tables.
    pub loaded_writable: Vec<Pubkey>,
    pub loaded_readonly: Vec<Pubkey>,
    pub instructions: Vec<ScriptedCall>,
    /// What they called, by their index; `None` where the node does not tell.
    pub inner: Option<Vec<(u32, Vec<ScriptedCall>)>>,
    pub error: Option<TransactionError>,
    /// Lamports.
    pub fee: u64,
    pub compute_units: Option<u64>,
    pub returned: Option<(Pubkey, Vec<u8>)>,
    /// Lamports of every key, before and after.
    pub balances: Vec<(u64, u64)>,
}

impl ScriptedTransaction {
    pub(super) fn encode(self, index: u64) -> SubscribeUpdateTransactionInfo {
        let signature: Vec<u8> = self.signature.as_ref().into();
        let instructions = self.instructions.iter().map(|call| CompiledInstruction {
            program_id_index: call.program.into(),
            accounts: call.accounts.clone(),
            data: call.data.clone(),
        });
        let message = Message {
            header: Some(MessageHeader {
                num_required_signatures: 1,
                num_readonly_signed_accounts: 0,
                num_readonly_unsigned_accounts: 0,
            }),
            account_keys: bytes(&self.keys),
            recent_blockhash: vec![1; 32],
            instructions: instructions.collect(),
            versioned: !(self.loaded_writable.is_empty() && self.loaded_readonly.is_empty()),
            address_table_lookups: Vec::new(),
            config: None,
        };
        SubscribeUpdateTransactionInfo {
            signature: signature.clone(),
            is_vote: self.vote,
            transaction: Some(Transaction {
                signatures: vec![signature],
                message: Some(message),
            }),
            meta: Some(self.meta()),
            index,
        }
    }

    fn meta(&self) -> TransactionStatusMeta {
        // What cannot be encoded cannot be scripted; every error can.
        let encoded = self.error.as_ref().map(|error| EncodedError {
            err: bincode::serialize(error).unwrap_or_default(),
        });
        let inner = self.inner.iter().flatten();
        TransactionStatusMeta {
            err: encoded,
            fee: self.fee,
            pre_balances: self.balances.iter().map(|(before, _)| *before).collect(),
            post_balances: self.balances.iter().map(|(_, after)| *after).collect(),
            inner_instructions: inner
                .map(|(index, calls)| InnerInstructions {
                    index: *index,
                    instructions: calls.iter().map(inner_call).collect(),
                })
                .collect(),
            inner_instructions_none: self.inner.is_none(),
            log_messages_none: true,
            loaded_writable_addresses: bytes(&self.loaded_writable),
            loaded_readonly_addresses: bytes(&self.loaded_readonly),
            return_data: self.returned.as_ref().map(|(program, data)| ReturnData {
                program_id: program.to_bytes().into(),
                data: data.clone(),
            }),
            return_data_none: self.returned.is_none(),
            compute_units_consumed: self.compute_units,
            ..TransactionStatusMeta::default()
        }
    }
}

fn inner_call(call: &ScriptedCall) -> InnerInstruction {
    InnerInstruction {
        program_id_index: call.program.into(),
        accounts: call.accounts.clone(),
        data: call.data.clone(),
        stack_height: Some(2),
    }
}

fn bytes(keys: &[Pubkey]) -> Vec<Vec<u8>> {
    keys.iter().map(|key| key.to_bytes().into()).collect()
}
