//! The WebSocket: the program's accounts as they change.

use futures_util::{StreamExt, stream::BoxStream};
use solana_commitment_config::CommitmentConfig;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_api::response::{Response, RpcKeyedAccount, SlotInfo};
use tokio::time::{Duration, timeout};

use super::{
    AccountUpdate, SourceError,
    snapshot::{accounts_config, slot_number, to_update},
};

/// Longest wait for a connection and for a subscription.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to be subscribed on.
pub(super) struct Connection(PubsubClient);

/// What came over the connection.
pub(super) enum Message {
    Account(AccountUpdate),
    /// A sign of life.
    Slot,
}

/// The subscriptions of a connection.
pub(super) struct Subscriptions<'a> {
    accounts: BoxStream<'a, Response<RpcKeyedAccount>>,
    slots: BoxStream<'a, SlotInfo>,
}

async fn in_time<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<T, SourceError>
where
    SourceError: From<E>,
{
    match timeout(SUBSCRIBE_TIMEOUT, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(SourceError::Timeout(SUBSCRIBE_TIMEOUT.as_secs())),
    }
}

impl Connection {
    pub(super) async fn open(url: &str) -> Result<Self, SourceError> {
        Ok(Self(in_time(PubsubClient::new(url)).await?))
    }

    /// Subscribes; from here on whatever changes is buffered by the client until
    /// it is read, so a snapshot taken now has no gap to the stream.
    pub(super) async fn subscribe(
        &self,
        commitment: CommitmentConfig,
    ) -> Result<Subscriptions<'_>, SourceError> {
        let (slots, _) = in_time(self.0.slot_subscribe()).await?;
        let (accounts, _) = in_time(
            self.0
                .program_subscribe(&lottery::ID, Some(accounts_config(commitment))),
        )
        .await?;
        Ok(Subscriptions { accounts, slots })
    }
}

impl Subscriptions<'_> {
    /// The next message.
    pub(super) async fn next(&mut self) -> Result<Message, SourceError> {
        tokio::select! {
            // Accounts first: slots are frequent and say little.
            biased;
            account = self.accounts.next() => {
                let Response { context, value } = account.ok_or(SourceError::StreamEnded)?;
                let slot = slot_number(context.slot)?;
                Ok(Message::Account(to_update(slot, &value.pubkey, &value.account)?))
            }
            slot = self.slots.next() => {
                slot.ok_or(SourceError::StreamEnded)?;
                Ok(Message::Slot)
            }
        }
    }
}
