//! Messages that cannot be read are kept, and are not the end of the stream.

use lottery_client::lottery;
use lottery_indexer::{
    source::Event,
    store::dead_letters::{DeadLetter, LetterKind},
};
use lottery_lab::{
    GeyserFault, Rule,
    scripted_geyser::geyser::{CommitmentLevel, SubscribeUpdate, subscribe_update::UpdateOneof},
};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;

use crate::{
    source::mirror::{contents, mirror, signatures},
    stage::{Stage, account, address_of, number, signature_of},
};

fn letters(events: &[Event]) -> Vec<&DeadLetter> {
    let letters = events.iter().filter_map(|event| match event {
        Event::Undecodable(letter) => Some(letter),
        _ => None,
    });
    letters.collect()
}

/// Spoils one message, and returns what became of it.
async fn spoiled(kind: &str, fault: GeyserFault) -> DeadLetter {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let mut run = stage.run_subscribed().await;
    stage.play(3);
    run.until_applied(stage.chain().slot(CommitmentLevel::Processed))
        .await;
    let slot = stage.chain().open();
    stage.server.weather.add(
        Rule::on(kind, fault)
            .only_if(move |seen| seen.params["slot"] == slot)
            .next(1),
    );
    stage.fill(slot);
    stage.chain().seal(slot);
    stage.play(3);
    run.until_applied(slot + 3).await;
    let letters = letters(&run.seen);
    assert_eq!(letters.len(), 1, "{letters:?}");
    let letter = letters[0].clone();
    assert_eq!(
        (letter.kind, letter.key.as_str()),
        (LetterKind::Message, "geyser")
    );
    assert!(!letter.bytes.is_empty());
    assert!(
        letter.slot == number(slot) || letter.slot == number(slot) - 1,
        "{letter:?}"
    );
    assert_eq!(stage.server.streams.opened(), 1);
    // Everything else is told.
    let told = signatures(&run.seen);
    let whole = (slot - 3..=slot + 3).filter(|s| kind != "transaction" || *s != slot);
    let whole: Vec<_> = whole.map(signature_of).collect();
    assert_eq!(told, whole);
    letter
}

fn tamper(edit: impl Fn(&mut UpdateOneof) + Send + Sync + 'static) -> GeyserFault {
    GeyserFault::tamper_with(move |update: &mut SubscribeUpdate| {
        if let Some(update) = &mut update.update_oneof {
            edit(update);
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message() {
    for fault in [GeyserFault::Noise, GeyserFault::Truncate] {
        let letter = spoiled("account", fault).await;
        assert!(
            letter.reason.contains("it is no message"),
            "{}",
            letter.reason
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_31_bytes() {
    let letter = spoiled(
        "account",
        tamper(|update| {
            if let UpdateOneof::Account(update) = update {
                update.account.as_mut().unwrap().pubkey.pop();
            }
        }),
    )
    .await;
    assert!(
        letter.reason.ends_with("its address has 31 bytes"),
        "{}",
        letter.reason
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_there() {
    let letter = spoiled(
        "account",
        tamper(|update| {
            if let UpdateOneof::Account(update) = update {
                update.account = None;
            }
        }),
    )
    .await;
    assert!(
        letter.reason.ends_with("it has no account"),
        "{}",
        letter.reason
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_no_table_can_hold() {
    let letter = spoiled(
        "account",
        tamper(|update| {
            if let UpdateOneof::Account(update) = update {
                update.slot = u64::MAX;
            }
        }),
    )
    .await;
    let expected = format!("its slot is {}, which is out of range", u64::MAX);
    assert!(letter.reason.ends_with(&expected), "{}", letter.reason);
    assert!(
        letter.reason.contains(&address_of(0).to_string()),
        "{}",
        letter.reason
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_without_its_status() {
    let letter = spoiled(
        "transaction",
        tamper(|update| {
            if let UpdateOneof::Transaction(update) = update {
                update.transaction.as_mut().unwrap().meta = None;
            }
        }),
    )
    .await;
    assert!(
        letter.reason.starts_with("transaction "),
        "{}",
        letter.reason
    );
    assert!(
        letter.reason.ends_with("it has no status"),
        "{}",
        letter.reason
    );
}

/// Newer servers may tell more of slots.
#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_an_unknown_kind_is_nothing() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let mut run = stage.run_subscribed().await;
    let newer = tamper(|update| {
        if let UpdateOneof::Slot(update) = update {
            update.status = 77;
        }
    });
    let created = |seen: &lottery_lab::Seen| seen.params["status"] == "created bank";
    stage
        .server
        .weather
        .add(Rule::on("slot", newer).only_if(created));
    stage.play(3);
    let last = stage.chain().slot(CommitmentLevel::Processed);
    run.until_applied(last).await;
    assert!(letters(&run.seen).is_empty());
    assert!(run.troubles().is_empty());
    let expected = contents(&stage.node.accounts(last));
    assert_eq!(mirror(&run.seen, &[]), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_asked_for_is_not_told() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let mut run = stage.run_subscribed().await;
    let foreign = |update: &mut UpdateOneof| {
        if let UpdateOneof::Account(update) = update {
            update.account.as_mut().unwrap().owner = vec![3; 32];
        }
    };
    let other = |update: &mut UpdateOneof| {
        if let UpdateOneof::Transaction(update) = update {
            let info = update.transaction.as_mut().unwrap();
            let message = info.transaction.as_mut().unwrap().message.as_mut().unwrap();
            message.account_keys[2] = vec![3; 32];
        }
    };
    stage.play(3);
    // The snapshot knows better what it is of.
    run.until_applied(stage.chain().slot(CommitmentLevel::Processed))
        .await;
    let slot = stage.chain().open();
    let here = move |seen: &lottery_lab::Seen| seen.params["slot"] == slot;
    let weather = &stage.server.weather;
    weather.add(Rule::on("account", tamper(foreign)).only_if(here));
    weather.add(Rule::on("transaction", tamper(other)).only_if(here));
    stage.chain().put(slot, account(77, b"somebody's"));
    stage.chain().transact(slot, crate::stage::transaction(77));
    stage.chain().seal(slot);
    stage.play(2);
    run.until_applied(slot + 2).await;
    let mirrored = mirror(&run.seen, &[]);
    assert!(!mirrored.contains_key(&address_of(77)));
    let mut expected = contents(&stage.node.accounts(slot + 2));
    assert!(expected.remove(&address_of(77)).is_some());
    assert_eq!(mirrored, expected);
    assert!(!signatures(&run.seen).contains(&signature_of(77)));
    assert!(letters(&run.seen).is_empty());
    let owners = run.seen.iter().filter_map(|event| match event {
        Event::Account(update) => Some(update.owner),
        _ => None,
    });
    assert_eq!(owners.filter(|owner| *owner != lottery::ID).count(), 0);
    assert_ne!(lottery::ID, Pubkey::new_from_array([3; 32]));
}
