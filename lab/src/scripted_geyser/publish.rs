//! Who is told what.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::mpsc;
use yellowstone_grpc_proto::{
    geyser::{CommitmentLevel, SubscribeUpdate, subscribe_update::UpdateOneof},
    tonic::Status,
};

use super::filter::Filter;

/// What waits to be sent.
pub(super) enum Item {
    Update(Box<SubscribeUpdate>),
    /// The stream ends with an error.
    End(Status),
}

/// A stream's queue. The real plugin's is bounded too: who does not keep up is
/// disconnected.
#[derive(Clone)]
pub(super) struct Queue {
    pub items: mpsc::UnboundedSender<Item>,
    pub length: Arc<AtomicUsize>,
}

impl Queue {
    fn push(&self, item: Item) {
        self.length.fetch_add(1, Ordering::Relaxed);
        // Whoever has gone needs no telling.
        let _ = self.items.send(item);
    }
}

struct Subscriber {
    queue: Queue,
    /// Without one, nothing is sent.
    filter: Option<Filter>,
}

/// Every open stream and what it wants to be told.
pub(super) struct Subscribers {
    open: BTreeMap<u64, Subscriber>,
    last: u64,
    /// Most messages that may wait for a client.
    pub capacity: usize,
}

impl Default for Subscribers {
    fn default() -> Self {
        Self {
            open: BTreeMap::new(),
            last: 0,
            capacity: usize::MAX,
        }
    }
}

impl Subscribers {
    pub fn open(&mut self, queue: Queue) -> u64 {
        self.last += 1;
        let filter = None;
        self.open.insert(self.last, Subscriber { queue, filter });
        self.last
    }

    pub fn close(&mut self, id: u64) {
        self.open.remove(&id);
    }

    pub fn set_filter(&mut self, id: u64, filter: Filter) {
        if let Some(subscriber) = self.open.get_mut(&id) {
            subscriber.filter = Some(filter);
        }
    }

    /// Ends a stream with an error.
    pub fn end(&mut self, id: u64, status: Status) {
        if let Some(subscriber) = self.open.remove(&id) {
            subscriber.queue.push(Item::End(status));
        }
    }

    /// Tells one, if its filters admit it.
    pub fn tell(&self, id: u64, update: &UpdateOneof) {
        if let Some(subscriber) = self.open.get(&id) {
            subscriber.tell(update);
        }
    }

    /// Tells one what no filter is about.
    pub fn answer(&self, id: u64, update: UpdateOneof) {
        if let Some(subscriber) = self.open.get(&id) {
            subscriber
                .queue
                .push(Item::Update(named(Vec::new(), update)));
        }
    }

    /// Tells everybody who subscribed at this commitment; without one, everybody.
    pub fn publish(&mut self, level: Option<CommitmentLevel>, update: &UpdateOneof) {
        let mut lagging = Vec::new();
        for (id, subscriber) in &self.open {
            let theirs = subscriber.filter.as_ref().map(|filter| filter.level);
            if level.is_some() && theirs != level {
                continue;
            }
            if subscriber.queue.length.load(Ordering::Relaxed) >= self.capacity {
                lagging.push(*id);
                continue;
            }
            match update {
                UpdateOneof::Ping(_) => self.answer(*id, update.clone()),
                _ => subscriber.tell(update),
            }
        }
        for id in lagging {
            self.end(id, Status::internal("lagged to send an update"));
        }
    }
}

impl Subscriber {
    fn tell(&self, update: &UpdateOneof) {
        let names = self.filter.as_ref().map(|filter| filter.names(update));
        if let Some(names) = names.filter(|names| !names.is_empty()) {
            self.queue.push(Item::Update(named(names, update.clone())));
        }
    }
}

fn named(filters: Vec<String>, update: UpdateOneof) -> Box<SubscribeUpdate> {
    Box::new(SubscribeUpdate {
        filters,
        update_oneof: Some(update),
        created_at: None,
    })
}
