//! One stream: what the client says on it, and what it is sent.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::{Stream, stream};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use yellowstone_grpc_proto::{
    geyser::{
        SlotStatus, SubscribeRequest, SubscribeUpdate, SubscribeUpdatePong,
        subscribe_update::UpdateOneof,
    },
    prost::bytes::Bytes,
    tonic::{Status, Streaming},
};

use super::{
    fault::{Struck, strike},
    filter::Filter,
    publish::{Item, Queue},
    service::Served,
    streams::OpenGuard,
};
use crate::weather::Via;

/// Opens a stream.
pub(super) fn open(
    served: Served,
    requests: Streaming<SubscribeRequest>,
) -> impl Stream<Item = Result<Bytes, Status>> + Send + 'static {
    let (items, queued) = mpsc::unbounded_channel();
    let length = Arc::new(AtomicUsize::new(0));
    let queue = Queue {
        items,
        length: length.clone(),
    };
    let id = served.chain.change(|state| state.subscribers.open(queue));
    let gone = CancellationToken::new();
    tokio::spawn(listen(served.clone(), id, requests, gone.clone()));
    let outgoing = Outgoing {
        queued,
        length,
        ready: VecDeque::new(),
        late: Vec::new(),
        end: None,
        _open: served.streams.count_open(),
        _gone: gone.drop_guard(),
        served,
    };
    stream::unfold(outgoing, |mut outgoing| async move {
        let next = outgoing.next().await?;
        outgoing.served.streams.note_handed();
        Some((next, outgoing))
    })
}

/// Takes what the client says.
async fn listen(
    served: Served,
    id: u64,
    mut requests: Streaming<SubscribeRequest>,
    gone: CancellationToken,
) {
    loop {
        let request = tokio::select! {
            () = gone.cancelled() => break,
            request = requests.message() => request,
        };
        match request {
            Ok(Some(request)) => hear(&served, id, &request),
            // A client that says no more still listens.
            Ok(None) => gone.cancelled().await,
            Err(_) => break,
        }
    }
    served.chain.change(|state| state.subscribers.close(id));
}

fn hear(served: &Served, id: u64, request: &SubscribeRequest) {
    if let Some(ping) = request.ping {
        served.streams.note_ping();
        let pong = UpdateOneof::Pong(SubscribeUpdatePong { id: ping.id });
        return served
            .chain
            .change(|state| state.subscribers.answer(id, pong));
    }
    served.chain.change(|state| match Filter::parse(request) {
        Ok(filter) => state.subscribe(id, filter, request.from_slot),
        Err(error) => {
            let message = format!("failed to create filter: {error}");
            let status = Status::invalid_argument(message);
            state.subscribers.end(id, status);
        }
    });
    served.streams.note_subscribed(request.from_slot);
}

struct Outgoing {
    served: Served,
    queued: mpsc::UnboundedReceiver<Item>,
    length: Arc<AtomicUsize>,
    /// To be sent before anything else.
    ready: VecDeque<Bytes>,
    /// To be sent after so many others.
    late: Vec<(usize, Bytes)>,
    /// How the stream ends, once everything ready is sent.
    end: Option<Option<Status>>,
    _open: OpenGuard,
    /// Tells the other half that nobody listens.
    _gone: DropGuard,
}

impl Outgoing {
    async fn next(&mut self) -> Option<Result<Bytes, Status>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(Ok(frame));
            }
            if let Some(end) = &mut self.end {
                // Once told, the error is gone and the stream is over.
                return end.take().map(Err);
            }
            let item = self.queued.recv().await?;
            self.length.fetch_sub(1, Ordering::Relaxed);
            self.served.streams.speaking().await;
            match item {
                Item::End(status) => self.end = Some(Some(status)),
                Item::Update(update) => self.take(*update).await,
            }
        }
    }

    async fn take(&mut self, update: SubscribeUpdate) {
        let (kind, params) = describe(&update);
        if let Some(slot) = params["slot"].as_u64() {
            self.wait_for(slot).await;
        }
        let weather = &self.served.weather;
        let seen = weather.admit(kind, params, Via::Socket);
        let mut faults = weather.strike(&seen);
        faults.extend(weather.decide(&seen).await);
        let Struck { frames, late, end } = strike(update, &faults);
        self.end = end;
        if self.end.is_some() {
            return;
        }
        weather.note_forwarded(&seen);
        if let Some(count) = late {
            self.late
                .extend(frames.into_iter().map(|frame| (count, frame)));
            return;
        }
        self.ready.extend(frames);
        for (left, frame) in std::mem::take(&mut self.late) {
            match left.checked_sub(1) {
                None | Some(0) => self.ready.push_back(frame),
                Some(left) => self.late.push((left, frame)),
            }
        }
    }

    /// Waits until the chain is as far ahead of a slot as streams lag.
    async fn wait_for(&self, slot: u64) {
        let mut lag = self.served.streams.lag();
        loop {
            let behind = *lag.borrow_and_update();
            let far = |state: &super::state::State| state.newest() >= slot + behind;
            if behind == 0 {
                return;
            }
            tokio::select! {
                () = self.served.chain.until(|chain| chain.read(far)) => return,
                _ = lag.changed() => {}
            }
        }
    }
}

/// What rules know of a message.
fn describe(update: &SubscribeUpdate) -> (&'static str, Value) {
    match &update.update_oneof {
        Some(UpdateOneof::Account(account)) => ("account", json!({"slot": account.slot})),
        Some(UpdateOneof::Transaction(transaction)) => {
            ("transaction", json!({"slot": transaction.slot}))
        }
        Some(UpdateOneof::Slot(slot)) => {
            let status = match slot.status() {
                SlotStatus::SlotProcessed => "processed",
                SlotStatus::SlotConfirmed => "confirmed",
                SlotStatus::SlotFinalized => "finalized",
                SlotStatus::SlotFirstShredReceived => "first shred received",
                SlotStatus::SlotCompleted => "completed",
                SlotStatus::SlotCreatedBank => "created bank",
                SlotStatus::SlotDead => "dead",
            };
            ("slot", json!({"slot": slot.slot, "status": status}))
        }
        Some(UpdateOneof::BlockMeta(meta)) => ("block_meta", json!({"slot": meta.slot})),
        Some(UpdateOneof::Ping(_)) => ("ping", Value::Null),
        Some(UpdateOneof::Pong(_)) => ("pong", Value::Null),
        _ => ("other", Value::Null),
    }
}
