//! What is written down, and when.

use std::sync::{Arc, Mutex};

use futures_util::{FutureExt as _, future::BoxFuture};
use lottery_client::sender::{
    Parts, SendError, Sender,
    journal::{End, Journal, JournalError, Signed},
};
use lottery_lab::{Fate, Ledger};
use solana_signature::Signature;

use crate::stage::{Stage, in_time};

/// Keeps everything in memory, and notes how much had arrived when it was told.
struct Notebook {
    ledger: Ledger,
    refuses: bool,
    signed: Mutex<Vec<(Signed, usize)>>,
    ended: Mutex<Vec<(Signature, End)>>,
}

impl Notebook {
    fn new(ledger: &Ledger, refuses: bool) -> Arc<Self> {
        Arc::new(Self {
            ledger: ledger.clone(),
            refuses,
            signed: Mutex::default(),
            ended: Mutex::default(),
        })
    }
}

impl Journal for Notebook {
    fn signed<'a>(&'a self, signed: &'a Signed) -> BoxFuture<'a, Result<(), JournalError>> {
        let noted = (signed.clone(), self.ledger.arrivals());
        self.signed.lock().unwrap().push(noted);
        let answer = if self.refuses {
            Err(JournalError::Fenced)
        } else {
            Ok(())
        };
        async move { answer }.boxed()
    }

    fn ended<'a>(&'a self, signature: &'a Signature, end: &'a End) -> BoxFuture<'a, ()> {
        self.ended.lock().unwrap().push((*signature, end.clone()));
        async {}.boxed()
    }
}

fn sender(stage: &Stage, notebook: &Arc<Notebook>) -> Sender {
    Sender::from_parts(Parts {
        journal: Some(notebook.clone()),
        ..stage.parts()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_written_down_before_it_is_sent_and_closed_after() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let notebook = Notebook::new(&stage.node.ledger, false);
    stage.node.ledger.next_fates([Fate::Never]);
    let landed = stage.send(&sender(&stage, &notebook)).await.unwrap();
    let signed = notebook.signed.lock().unwrap().clone();
    assert_eq!(signed.len(), 2);
    assert_eq!(signed[0].1, 0, "written down before it arrived anywhere");
    let sent = stage.node.ledger.sent();
    for ((signed, _), sent) in signed.iter().zip(&sent) {
        assert_eq!(signed.transaction, sent.bytes);
        assert_eq!(signed.signature, sent.signature);
    }
    in_time(async {
        while notebook.ended.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let ended = notebook.ended.lock().unwrap().clone();
    assert!(ended.contains(&(sent[0].signature, End::Dead)));
    let slot = landed.slot;
    assert!(ended.contains(&(landed.signature, End::Landed { slot })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_down_is_not_sent() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let notebook = Notebook::new(&stage.node.ledger, true);
    let error = stage.send(&sender(&stage, &notebook)).await.unwrap_err();
    assert!(matches!(error, SendError::Journal(JournalError::Fenced)));
    assert_eq!(stage.node.ledger.arrivals(), 0);
}

/// After a crash: the bytes in the journal are sent again, and nothing is signed.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_down_is_taken_up_again() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let notebook = Notebook::new(&stage.node.ledger, false);
    let late = Fate::LandOnSend { nth: 3, after: 1 };
    stage.node.ledger.next_fates([late]);
    {
        let crashed = sender(&stage, &notebook);
        let pay = stage.pay(1);
        let sending = crashed.send(&pay, &stage.payer, &[]);
        tokio::select! {
            _ = sending => panic!("it cannot have landed"),
            () = stage.node.ledger.until(|ledger| ledger.arrivals() >= 1) => {}
        }
    }
    let (signed, _) = notebook.signed.lock().unwrap()[0].clone();
    let landed = in_time(stage.sender().resume(signed)).await.unwrap();
    let sent = stage.node.ledger.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].signature, landed.signature);
}
