//! What is delivered of slots, whatever is told of them in whatever order.

use std::{collections::BTreeMap, time::Duration};

use lottery_indexer::source::{
    Event, SlotStatus, SlotUpdate, TransactionUpdate,
    geyser::{Executed, convert::Message, slots::Slots},
};
use proptest::{collection::vec, prelude::*};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use tokio::time::Instant;

fn executed(slot: i64, number: u64) -> Message {
    let mut signature = [0; 64];
    signature[..8].copy_from_slice(&number.to_le_bytes());
    Message::Transaction(Box::new(Executed {
        vote: false,
        emptied: vec![],
        update: TransactionUpdate {
            signature: Signature::from(signature),
            slot,
            index: i32::try_from(number).ok(),
            block_time: None,
            error: None,
            fee: 0,
            compute_units: None,
            keys: vec![Pubkey::default()],
            instructions: vec![],
            inner: None,
            returned: None,
        },
    }))
}

fn told(slot: i64, parent: i64, status: SlotStatus) -> Message {
    Message::Slot(SlotUpdate {
        slot,
        parent: Some(parent),
        status,
    })
}

fn times(events: &[Event]) -> Vec<Option<i64>> {
    let times = events.iter().filter_map(|event| match event {
        Event::Transaction(update) => Some(update.block_time),
        _ => None,
    });
    times.collect()
}

#[test]
fn transactions_wait_for_their_block_but_not_for_ever() {
    let mut slots = Slots::new(SlotStatus::Processed);
    let now = Instant::now();
    slots.take(executed(10, 2), now);
    slots.take(executed(10, 1), now);
    assert!(slots.events().is_empty());
    slots.take(
        Message::Block {
            slot: 10,
            time: Some(7),
        },
        now,
    );
    let events = slots.events();
    assert_eq!(times(&events), [Some(7), Some(7)]);
    assert!(matches!(&events[0], Event::Transaction(first) if first.index == Some(1)));
    // One that comes late has its time at once.
    slots.take(executed(10, 3), now);
    assert_eq!(times(&slots.events()), [Some(7)]);

    slots.take(executed(11, 4), now);
    slots.expire(now + Duration::from_secs(1));
    assert!(slots.events().is_empty());
    slots.expire(now + Duration::from_secs(60));
    assert_eq!(times(&slots.events()), [None]);
}

/// Of final slots nothing is taken back: what comes after them is not watched.
#[test]
fn a_slot_is_final_after_all_that_waits_up_to_it() {
    for level in [
        SlotStatus::Processed,
        SlotStatus::Confirmed,
        SlotStatus::Finalized,
    ] {
        let mut slots = Slots::new(level);
        let now = Instant::now();
        for slot in 10..13 {
            slots.take(executed(slot, u64::try_from(slot).unwrap()), now);
        }
        slots.take(told(12, 11, SlotStatus::Finalized), now);
        slots.take(told(13, 12, SlotStatus::Finalized), now);
        let mut newest = None;
        let mut delivered = 0;
        for event in slots.events() {
            match event {
                Event::Slot(update) => newest = newest.max(Some(update.slot)),
                Event::Transaction(update) => {
                    delivered += 1;
                    assert!(Some(update.slot) > newest, "{update:?} after {newest:?}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((delivered, newest), (3, Some(13)), "{level:?}");
    }
}

#[test]
fn no_more_wait_than_there_is_room_for() {
    let mut slots = Slots::new(SlotStatus::Processed);
    let now = Instant::now();
    let mut delivered = 0;
    for number in 0..10_000 {
        slots.take(
            executed(10 + i64::try_from(number / 100).unwrap(), number),
            now,
        );
        delivered += slots.events().len();
        assert!(
            number + 1 - u64::try_from(delivered).unwrap() <= 2_048,
            "{number}"
        );
    }
}

#[test]
fn a_status_comes_after_what_it_is_about() {
    let mut slots = Slots::new(SlotStatus::Processed);
    let now = Instant::now();
    slots.take(executed(10, 1), now);
    slots.take(told(10, 9, SlotStatus::Processed), now);
    assert!(slots.events().is_empty());
    assert_eq!(slots.applied(), None);
    slots.take(told(10, 9, SlotStatus::Confirmed), now);
    let events = slots.events();
    assert!(
        matches!(
            events[..],
            [
                Event::Transaction(_),
                Event::Slot(SlotUpdate {
                    status: SlotStatus::Processed,
                    ..
                }),
                Event::Slot(SlotUpdate {
                    status: SlotStatus::Confirmed,
                    ..
                }),
            ]
        ),
        "{events:?}"
    );
    assert_eq!((slots.applied(), slots.resume_after()), (Some(10), None));
    slots.take(told(10, 9, SlotStatus::Finalized), now);
    assert_eq!(slots.resume_after(), Some(10));
}

/// Until the block that something builds on is told, nothing after it is applied.
#[test]
fn a_missing_parent_is_a_gap_once_it_does_not_come() {
    let mut slots = Slots::new(SlotStatus::Confirmed);
    let now = Instant::now();
    slots.covered(9);
    let tell = |slots: &mut Slots, slot: i64| {
        slots.take(Message::Block { slot, time: None }, now);
        slots.take(told(slot, slot - 1, SlotStatus::Confirmed), now);
        slots
            .events()
            .into_iter()
            .find(|event| matches!(event, Event::Gap { .. }))
    };
    assert_eq!(tell(&mut slots, 10), None);
    let mut gap = None;
    for slot in 13..=25 {
        assert_eq!(slots.applied(), Some(10));
        gap = gap.or(tell(&mut slots, slot));
    }
    assert_eq!(gap, Some(Event::Gap { from: 11, to: 12 }));
    slots.covered(20);
    assert_eq!(slots.applied(), Some(25));
}

/// Of a few slots, or of any.
fn any_message(wild: bool) -> impl Strategy<Value = Message> {
    let slot = if wild {
        prop_oneof![20 => 0..60i64, 1 => Just(i64::MAX), 1 => any::<i64>()].boxed()
    } else {
        (0..60i64).boxed()
    };
    let status = prop_oneof![
        Just(SlotStatus::Processed),
        Just(SlotStatus::Confirmed),
        Just(SlotStatus::Finalized),
        Just(SlotStatus::Dead),
    ];
    (slot, 0..4, 1..4i64, status, any::<bool>()).prop_map(|(slot, kind, back, status, named)| {
        let parent = named.then(|| slot.saturating_sub(back));
        match kind {
            0 => Message::Slot(SlotUpdate {
                slot,
                parent,
                status,
            }),
            1 => Message::Block {
                slot,
                time: named.then_some(slot),
            },
            2 => Message::Begun { slot, parent },
            // Numbered when it is told.
            _ => executed(slot, 0),
        }
    })
}

/// Tells everything; the stream breaks off after message `end`, and at last. Returns what
/// was delivered, and how many transactions were told.
fn deliver(messages: Vec<Message>, end: usize) -> (Vec<Event>, u64) {
    let now = Instant::now();
    let mut slots = Slots::new(SlotStatus::Processed);
    let mut events = Vec::new();
    let (mut applied, mut given) = (None, 0);
    for (number, message) in messages.into_iter().enumerate() {
        let message = match message {
            Message::Transaction(told) => {
                given += 1;
                executed(told.update.slot, given)
            }
            other => other,
        };
        slots.take(message, now);
        if number == end {
            slots.end();
        }
        events.extend(slots.events());
        let next = slots.applied();
        assert!(next >= applied);
        assert!(slots.resume_after() <= next);
        applied = next;
    }
    slots.end();
    events.extend(slots.events());
    (events, given)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_transaction_is_delivered_once(
        messages in vec(any_message(true), 0..300),
        end in 0..300usize,
    ) {
        let (events, given) = deliver(messages, end);
        let delivered = events.iter().filter_map(|event| match event {
            Event::Transaction(update) => update.index,
            _ => None,
        });
        let mut delivered: Vec<_> = delivered.collect();
        delivered.sort_unstable();
        let all: Vec<i32> = (1..=i32::try_from(given).unwrap()).collect();
        prop_assert_eq!(delivered, all);
    }

    #[test]
    fn fates_only_advance(messages in vec(any_message(false), 0..300)) {
        let (events, _) = deliver(messages, usize::MAX);
        let mut fates: BTreeMap<i64, SlotUpdate> = BTreeMap::new();
        for event in &events {
            let Event::Slot(update) = event else { continue };
            let before = fates.insert(update.slot, *update);
            let advanced = before.is_none_or(|before| {
                // A dropped block may be executed again. Of a parent that was not known
                // before, the same fate is told again.
                before.status < update.status
                    || before.status == SlotStatus::Dead
                    || (before.status == update.status && before.parent.is_none())
            });
            prop_assert!(advanced, "{:?} after {:?}", update, before);
        }
    }
}
