//! The oracle world: the state account, a queue and its oracles.

use std::time::Duration;

use k256::ecdsa::SigningKey;
use randomness_stand_in::{
    StandInError,
    client::{self, NewOracle},
    layout::{ORACLE_LEN, OracleAccountData, QUEUE_LEN, QueueAccountData},
};
use solana_instruction::error::InstructionError;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::RpcSimulateTransactionConfig;
use solana_signer::Signer as _;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

use crate::{LocalnetError, Result, cluster::until, transact::Transactor};

/// When the oracles' attestation expires: in the year 2100, in Unix seconds.
const VALID_UNTIL: i64 = 4_102_444_800;

/// An oracle of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oracle {
    pub pubkey: Pubkey,
    /// What its account names; [`REVEAL_PATH`](crate::REVEAL_PATH) comes after it.
    pub gateway_url: String,
}

/// An oracle's two keys: its account's, and the one it signs values with.
pub(crate) struct OracleKeys {
    pub account: Keypair,
    pub signing: SigningKey,
}

impl OracleKeys {
    pub fn generate() -> Result<Self> {
        // Nearly every 32 bytes are a key of the curve.
        let signing = std::iter::repeat_with(|| Keypair::new().to_bytes())
            .take(8)
            .find_map(|bytes| SigningKey::from_slice(bytes.get(..32)?).ok())
            .ok_or(LocalnetError::OracleKey)?;
        Ok(Self {
            account: Keypair::new(),
            signing,
        })
    }

    /// x ‖ y, big-endian.
    fn public_key(&self) -> Result<[u8; 64]> {
        let point = self.signing.verifying_key().to_encoded_point(false);
        let (_tag, coordinates) = point
            .as_bytes()
            .split_first()
            .ok_or(LocalnetError::OracleKey)?;
        coordinates.try_into().map_err(|_| LocalnetError::OracleKey)
    }
}

/// What is wrong with the stand-in at Switchboard's address; none where it answers.
/// The real program there is told apart by not knowing the stand-in's heartbeat.
pub(crate) async fn stand_in_missing(transactor: &Transactor<'_>) -> Result<Option<String>> {
    let payer = transactor.payer.pubkey();
    // Refused by name, since the state account is no oracle.
    let heartbeat = client::oracle_heartbeat(client::state(), payer, None);
    let message = Message::new(&[heartbeat], Some(&payer));
    let config = RpcSimulateTransactionConfig {
        sig_verify: false,
        replace_recent_blockhash: true,
        commitment: Some(transactor.rpc.commitment()),
        ..RpcSimulateTransactionConfig::default()
    };
    let simulated = transactor
        .rpc
        .simulate_transaction_with_config(&Transaction::new_unsigned(message), config)
        .await
        .map_err(LocalnetError::rpc("asked to simulate"))?;
    let refusal = InstructionError::Custom(StandInError::OracleAccount.code());
    let expected = TransactionError::InstructionError(0, refusal);
    Ok(match simulated.value.err.map(TransactionError::from) {
        Some(error) if error == expected => None,
        Some(error) => Some(error.to_string()),
        None => Some("another program succeeded in its place".to_owned()),
    })
}

/// Waits until it answers.
pub(crate) async fn wait_for_stand_in(
    transactor: &Transactor<'_>,
    patience: Duration,
) -> Result<()> {
    until("the stand-in answering", patience, || {
        stand_in_missing(transactor)
    })
    .await
}

/// Makes the state account where it is missing, then a queue of its own.
pub(crate) async fn make_queue(transactor: &Transactor<'_>) -> Result<Pubkey> {
    let payer = transactor.payer.pubkey();
    let state = transactor
        .rpc
        .get_multiple_accounts(&[client::state()])
        .await
        .map_err(LocalnetError::rpc("asked for the state account"))?;
    if state.iter().all(Option::is_none) {
        transactor.send(&[client::state_init(payer)], &[]).await?;
    }
    let queue = Keypair::new();
    let rent = rent(transactor, QUEUE_LEN).await?;
    let instructions = [
        client::allocate::<QueueAccountData>(&payer, &queue.pubkey(), rent),
        client::queue_init(queue.pubkey(), payer),
    ];
    transactor.send(&instructions, &[&queue]).await?;
    Ok(queue.pubkey())
}

/// Puts an oracle on the queue.
pub(crate) async fn make_oracle(
    transactor: &Transactor<'_>,
    queue: Pubkey,
    keys: &OracleKeys,
    gateway_url: String,
) -> Result<Oracle> {
    let payer = transactor.payer.pubkey();
    let pubkey = keys.account.pubkey();
    let new = NewOracle {
        secp256k1_key: keys.public_key()?,
        gateway_uri: client::gateway_uri(&gateway_url)
            .ok_or_else(|| LocalnetError::GatewayUri(gateway_url.clone()))?,
        valid_until: VALID_UNTIL,
    };
    let rent = rent(transactor, ORACLE_LEN).await?;
    let instructions = [
        client::allocate::<OracleAccountData>(&payer, &pubkey, rent),
        client::oracle_init(pubkey, queue, payer, &new),
    ];
    transactor.send(&instructions, &[&keys.account]).await?;
    Ok(Oracle {
        pubkey,
        gateway_url,
    })
}

async fn rent(transactor: &Transactor<'_>, bytes: usize) -> Result<u64> {
    transactor
        .rpc
        .get_minimum_balance_for_rent_exemption(bytes)
        .await
        .map_err(LocalnetError::rpc("asked for the rent"))
}
