//! The stream, and what is subscribed to.

use std::{collections::HashMap, sync::Arc};

use futures_util::{Stream, StreamExt as _, stream};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Streaming, client::Grpc, codegen::http::uri::PathAndQuery};
use yellowstone_grpc_proto::{
    geyser::{
        CommitmentLevel, SubscribeRequest, SubscribeRequestFilterAccounts,
        SubscribeRequestFilterBlocksMeta, SubscribeRequestFilterSlots,
        SubscribeRequestFilterTransactions, SubscribeRequestPing,
    },
    prost::bytes::Bytes,
};

use super::{GeyserConfig, GeyserError, frames::Frames};
use crate::source::SlotStatus;

/// Largest message: an account of 10 MiB, and room to spare.
const MAX_MESSAGE: usize = 16 << 20;

/// The name of all filters. What they admit differs in kind.
const FILTER: &str = "lottery";

/// An open stream. What is not read from it waits at the server.
pub(super) struct Feed {
    frames: Streaming<Bytes>,
    answer: Arc<Notify>,
    from: Option<i64>,
    /// Whether anything came.
    begun: bool,
    /// Ends what the client says; HTTP/2 keeps a stream open until both sides are done.
    _open: DropGuard,
}

impl Feed {
    /// Connects and subscribes; with `from`, to what happened since that slot.
    pub(super) async fn open(
        config: &GeyserConfig,
        from: Option<i64>,
    ) -> Result<Self, GeyserError> {
        let late = GeyserError::Timeout(config.connect_timeout.as_secs());
        let opened = timeout(config.connect_timeout, Self::subscribe(config, from));
        opened.await.unwrap_or(Err(late))
    }

    async fn subscribe(config: &GeyserConfig, from: Option<i64>) -> Result<Self, GeyserError> {
        let patience = config.connect_timeout;
        let channel = config.server.connect(patience, config.keep_alive).await?;
        let mut grpc = Grpc::new(channel).max_decoding_message_size(MAX_MESSAGE);
        grpc.ready().await?;
        let answer = Arc::new(Notify::new());
        let asked = subscription(config.level(), from);
        let done = CancellationToken::new();
        let open = done.clone().drop_guard();
        let mut request = Request::new(requests(asked, Arc::clone(&answer), done));
        config.server.name_in(&mut request);
        let path = PathAndQuery::from_static("/geyser.Geyser/Subscribe");
        let frames = grpc
            .streaming(request, path, Frames::<SubscribeRequest, Bytes>::default())
            .await
            .map_err(|status| GeyserError::at_start(&status, from))?
            .into_inner();
        Ok(Self {
            frames,
            answer,
            from,
            begun: false,
            _open: open,
        })
    }

    /// The next message.
    pub(super) async fn next(&mut self) -> Result<Bytes, GeyserError> {
        match self.frames.message().await {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => Err(GeyserError::Ended),
            Err(status) if self.begun => Err(GeyserError::later(&status)),
            Err(status) => Err(GeyserError::at_start(&status, self.from)),
        }
    }

    /// What was asked for is being sent.
    pub(super) fn begin(&mut self) {
        self.begun = true;
    }

    /// Answers a ping. Proxies close streams on which a client says nothing.
    pub(super) fn answer(&self) {
        self.answer.notify_one();
    }
}

/// What the client says: the subscription, and then an answer to each ping.
fn requests(
    asked: SubscribeRequest,
    answer: Arc<Notify>,
    done: CancellationToken,
) -> impl Stream<Item = SubscribeRequest> + Send + 'static {
    let pongs = stream::unfold(answer, |answer| async move {
        answer.notified().await;
        let pong = SubscribeRequest {
            ping: Some(SubscribeRequestPing { id: 1 }),
            ..SubscribeRequest::default()
        };
        Some((pong, answer))
    });
    stream::iter([asked])
        .chain(pongs)
        .take_until(done.cancelled_owned())
}

/// Accounts of the program, transactions that name it, failed ones too, and slots.
fn subscription(level: SlotStatus, from: Option<i64>) -> SubscribeRequest {
    let program = lottery::ID.to_string();
    let commitment = match level {
        SlotStatus::Processed => CommitmentLevel::Processed,
        SlotStatus::Confirmed => CommitmentLevel::Confirmed,
        SlotStatus::Finalized | SlotStatus::Dead => CommitmentLevel::Finalized,
    };
    fn one<F>(filter: F) -> HashMap<String, F> {
        HashMap::from([(FILTER.to_owned(), filter)])
    }
    SubscribeRequest {
        accounts: one(SubscribeRequestFilterAccounts {
            owner: vec![program.clone()],
            ..SubscribeRequestFilterAccounts::default()
        }),
        transactions: one(SubscribeRequestFilterTransactions {
            vote: Some(false),
            account_include: vec![program],
            ..SubscribeRequestFilterTransactions::default()
        }),
        slots: one(SubscribeRequestFilterSlots {
            filter_by_commitment: Some(false),
            // Dead slots, and when banks are created.
            interslot_updates: Some(true),
        }),
        blocks_meta: one(SubscribeRequestFilterBlocksMeta {}),
        commitment: Some(commitment.into()),
        from_slot: from.and_then(|from| u64::try_from(from).ok()),
        ..SubscribeRequest::default()
    }
}
