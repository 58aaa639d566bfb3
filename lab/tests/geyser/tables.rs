//! What comes of it in the tables. (These need a Postgres: run them under pg_virtualenv.)

use std::{collections::BTreeMap, sync::Arc};

use anchor_lang::Discriminator as _;
use lottery_client::lottery::{self, state::Lane};
use lottery_indexer::source::{GeyserSource, SlotStatus, Source as _};
use lottery_lab::{
    Rule, ScriptedRpc,
    scripted_geyser::{ScriptedAccount, geyser::CommitmentLevel},
    scripted_rpc::Depths,
};
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use tokio::sync::mpsc;

use crate::{
    source::tables::{Tables, lane},
    stage::{Stage, address_of, in_time, number, signature_of, transaction},
};

/// A stage whose source writes tables. The node of snapshots answers for accounts, too.
struct Written {
    stage: Stage,
    rpc: ScriptedRpc,
    tables: Tables,
}

fn lane_of(account: u64, next_draw: u64) -> ScriptedAccount {
    ScriptedAccount {
        address: address_of(account),
        lamports: 1_000,
        owner: lottery::ID,
        data: lane(next_draw),
    }
}

impl Written {
    async fn begin(name: &str) -> Self {
        let stage = Stage::set(CommitmentConfig::processed()).await;
        let rpc = ScriptedRpc::start(7).await.unwrap();
        rpc.ledger.set_depths(Depths {
            confirmed: 0,
            finalized: 0,
        });
        let (events, receiver) = mpsc::channel(64);
        let again = Arc::clone(&stage.again);
        let name = format!("geyser_{name}");
        let level = SlotStatus::Processed;
        let mut tables = Tables::fill(&name, rpc.url(), again, level, receiver).await;
        let source = GeyserSource::new(stage.config(), stage.node.clone());
        tables.beside(source.run(events, tables.stop.clone()));
        stage.subscribed(1).await;
        Self { stage, rpc, tables }
    }

    /// Each slot changes one lane and opens another.
    fn play(&self, slots: u64) {
        for _ in 0..slots {
            let slot = self.stage.chain().open();
            self.fill(slot);
            self.stage.chain().seal(slot);
            self.rpc.ledger.advance(1);
        }
    }

    fn fill(&self, slot: u64) {
        self.stage.chain().put(slot, lane_of(0, slot));
        self.stage.chain().put(slot, lane_of(slot, slot));
        self.stage.chain().transact(slot, transaction(slot));
    }

    /// The chain's lanes at its newest block.
    fn expected(&self) -> BTreeMap<String, i64> {
        let slot = self.stage.chain().slot(CommitmentLevel::Processed);
        let accounts = self.stage.node.accounts(slot).into_iter();
        accounts
            .map(|account| {
                let at = Lane::DISCRIMINATOR.len();
                let lane: Lane = bytemuck::pod_read_unaligned(&account.data[at..]);
                (account.address.to_string(), number(lane.next_draw))
            })
            .collect()
    }

    /// Waits until the tables are as far as the chain, and as it is.
    async fn settled(&self) {
        let slot = number(self.stage.chain().slot(CommitmentLevel::Processed));
        in_time(async {
            while self.tables.database.applied().await < Some(slot)
                || self.tables.database.lanes().await != self.expected()
            {
                // How far the tables are is no change that anybody is told of.
                self.stage.node.until_asked(1).await;
            }
        })
        .await;
    }

    async fn end(self) {
        self.tables.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_leaves_nothing_behind() {
    let written = Written::begin("fork").await;
    let chain = written.stage.chain();
    written.play(4);
    written.settled().await;
    chain.set_depths(Depths {
        confirmed: 1_000,
        finalized: 1_000,
    });
    let base = chain.slot(CommitmentLevel::Processed);
    for slot in [base + 1, base + 2] {
        chain.begin(slot, base);
        written.fill(slot);
        chain.transact(slot, transaction(9_000));
        chain.freeze(slot);
        written.rpc.ledger.advance(1);
    }
    // What a node has once the second is the one.
    for account in written.stage.node.accounts(base + 2) {
        let known = Account {
            lamports: account.lamports,
            data: account.data,
            owner: account.owner,
            ..Account::default()
        };
        written.rpc.ledger.set_account(account.address, known);
    }
    chain.begin(base + 3, base + 2);
    chain.freeze(base + 3);
    for slot in [base, base + 2, base + 3] {
        chain.confirm(slot);
    }
    written.settled().await;
    let lanes = written.tables.database.lanes().await;
    assert!(!lanes.contains_key(&address_of(base + 1).to_string()));
    assert_eq!(lanes[&address_of(0).to_string()], number(base + 2));
    let told = written.tables.database.transactions().await;
    assert!(!told.contains_key(&signature_of(base + 1).to_string()));
    assert!(told.contains_key(&signature_of(base + 2).to_string()));
    // What happened on both is told by the ledger again, if not by now.
    let both = told.get(&signature_of(9_000).to_string());
    assert!(both.is_none_or(|(slot, _)| *slot == number(base + 2)));
    written.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_leaves_nothing_out() {
    let written = Written::begin("outage").await;
    let stage = &written.stage;
    written.play(40);
    written.settled().await;
    stage.server.connections.refuse(true);
    stage.server.connections.cut_all();
    in_time(stage.server.streams.until(|streams| streams.open() == 0)).await;
    written.play(5);
    let closed = stage.chain().slot(CommitmentLevel::Processed) - 2;
    let slot = stage.chain().open();
    stage.chain().close(slot, address_of(closed));
    stage.chain().seal(slot);
    stage.server.connections.refuse(false);
    stage.subscribed(2).await;
    written.play(3);
    written.settled().await;
    let told = written.tables.database.transactions().await;
    let last = stage.chain().slot(CommitmentLevel::Processed);
    for played in (1_002..=last).filter(|played| *played != slot) {
        let (at, time) = told[&signature_of(played).to_string()];
        assert_eq!(at, number(played));
        assert_eq!(time, Some(1_700_000_000 + at));
    }
    written.end().await;
}

/// A whole play through all kinds of trouble, in one stream.
#[tokio::test(flavor = "multi_thread")]
async fn trouble_leaves_no_trace() {
    use lottery_lab::GeyserFault::{Late, Lose, Noise, Twice};
    let written = Written::begin("trouble").await;
    let weather = &written.stage.server.weather;
    written.play(5);
    written.settled().await;
    for (kind, fault, share) in [
        ("account", Twice, 0.2),
        ("account", Late(3), 0.2),
        ("transaction", Twice, 0.2),
        ("block_meta", Late(2), 0.2),
        ("slot", Late(4), 0.1),
        ("slot", Lose, 0.05),
        ("account", Noise, 0.02),
    ] {
        weather.add(Rule::on(kind, fault).with_probability(share));
    }
    let told = weather.count("account");
    written.play(150);
    in_time(weather.until(|weather| weather.count("account") >= told + 150)).await;
    weather.clear();
    written.play(12);
    // What was lost with no trace is found by the next snapshot.
    let wait = written.stage.node.taken();
    written.stage.again.notify_one();
    written.play(1);
    in_time(async {
        while written.stage.node.taken() == wait {
            written.stage.node.until_asked(1).await;
        }
    })
    .await;
    written.play(3);
    written.settled().await;
    written.end().await;
}
