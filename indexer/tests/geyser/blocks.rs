//! Slots, blocks, and what else there is.

use lottery_indexer::source::{
    SlotStatus, SlotUpdate,
    geyser::convert::{self, Message},
};
use yellowstone_grpc_proto::{
    geyser::{
        SubscribeUpdateAccount, SubscribeUpdateBlockMeta, SubscribeUpdatePing, SubscribeUpdatePong,
        SubscribeUpdateSlot, subscribe_update::UpdateOneof,
    },
    solana::storage::confirmed_block as storage,
};

use crate::convert::{account, encode, read, reason, transaction};

fn slot(slot: u64, parent: Option<u64>, status: i32) -> UpdateOneof {
    UpdateOneof::Slot(SubscribeUpdateSlot {
        slot,
        parent,
        status,
        ..Default::default()
    })
}

#[test]
fn slots() {
    let told = |status| {
        Ok(Message::Slot(SlotUpdate {
            slot: 9,
            parent: Some(8),
            status,
        }))
    };
    let read = |update| read(&encode(update));
    assert_eq!(read(slot(9, Some(8), 0)), told(SlotStatus::Processed));
    assert_eq!(read(slot(9, Some(8), 1)), told(SlotStatus::Confirmed));
    assert_eq!(read(slot(9, Some(8), 2)), told(SlotStatus::Finalized));
    assert_eq!(read(slot(9, Some(8), 6)), told(SlotStatus::Dead));
    for shreds in [3, 4] {
        assert_eq!(read(slot(9, Some(8), shreds)), Ok(Message::Other));
    }
    let begun = Message::Begun {
        slot: 9,
        parent: Some(8),
    };
    assert_eq!(read(slot(9, Some(8), 5)), Ok(begun));
    // Servers there are that tell it like this.
    let failed = UpdateOneof::Slot(SubscribeUpdateSlot {
        slot: 9,
        parent: Some(8),
        dead_error: Some("invalid".to_owned()),
        ..Default::default()
    });
    assert_eq!(read(failed), told(SlotStatus::Dead));
}

#[test]
fn slots_that_are_wrong() {
    for parent in [9, 10, u64::MAX] {
        let reason = reason(slot(9, Some(parent), 0));
        assert!(reason.starts_with("a slot: its parent is "), "{reason}");
    }
    let reason = reason(slot(u64::MAX, None, 0));
    assert!(reason.starts_with("a slot: its slot is "), "{reason}");
}

#[test]
fn blocks_and_the_rest() {
    let block = |slot, time: Option<i64>| {
        UpdateOneof::BlockMeta(SubscribeUpdateBlockMeta {
            slot,
            block_time: time.map(|timestamp| storage::UnixTimestamp { timestamp }),
            ..Default::default()
        })
    };
    for time in [None, Some(-1), Some(i64::MAX)] {
        let expected = Message::Block { slot: 9, time };
        assert_eq!(read(&encode(block(9, time))), Ok(expected));
    }
    assert!(reason(block(u64::MAX, None)).starts_with("a block: its slot is "));
    let ping = UpdateOneof::Ping(SubscribeUpdatePing {});
    assert_eq!(read(&encode(ping)), Ok(Message::Ping));
    let pong = UpdateOneof::Pong(SubscribeUpdatePong { id: 1 });
    assert_eq!(read(&encode(pong)), Ok(Message::Other));
    // What newer servers may tell, we cannot know yet.
    assert_eq!(read(&[]), Ok(Message::Other));
    assert_eq!(read(&encode(slot(9, None, 7))), Ok(Message::Other));
}

/// A slot that the chain cannot have reached would put off everything that waits for it.
#[test]
fn slots_that_are_far_off() {
    let block = || {
        UpdateOneof::BlockMeta(SubscribeUpdateBlockMeta {
            slot: 12,
            ..Default::default()
        })
    };
    let updates = || {
        [
            UpdateOneof::Account(SubscribeUpdateAccount {
                slot: 12,
                ..account()
            }),
            UpdateOneof::Transaction(transaction()),
            slot(12, Some(11), 0),
            block(),
        ]
    };
    for update in updates() {
        assert!(convert::read(&encode(update), 12).is_ok());
    }
    for update in updates() {
        let letter = convert::read(&encode(update), 11).unwrap_err();
        let expected = "its slot is 12, which is out of range";
        assert!(letter.reason.ends_with(expected), "{}", letter.reason);
    }
}
