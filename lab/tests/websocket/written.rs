//! A stage whose source writes tables, while a test looks at what it tells. (These need a
//! Postgres: run them under pg_virtualenv.)

use std::{sync::Arc, time::Duration};

use lottery_indexer::{
    source::{Event, RpcSourceConfig, SlotStatus, Source as _},
    verify,
};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use tokio::sync::{mpsc, watch};

use crate::{
    source::{
        run::{PATIENCE, in_time, number},
        tables::Tables,
    },
    stage::Stage,
};

pub struct Written {
    pub stage: Stage,
    tables: Tables,
    /// What went wrong, in order.
    troubles: watch::Receiver<Vec<String>>,
}

impl Written {
    pub async fn begin(name: &str) -> Self {
        Self::begin_with(name, |config| config).await
    }

    /// Begins, and is as far as the chain.
    pub async fn begin_with(
        name: &str,
        change: impl FnOnce(RpcSourceConfig) -> RpcSourceConfig,
    ) -> Self {
        let stage = Stage::set().await;
        let (events, mut told) = mpsc::channel(64);
        let (pass_on, receiver) = mpsc::channel(64);
        let again = Arc::clone(&stage.again);
        let name = format!("websocket_{name}");
        let rpc = stage.node.url();
        let mut tables = Tables::fill(&name, rpc, again, SlotStatus::Confirmed, receiver).await;
        let (troubled, troubles) = watch::channel(Vec::new());
        tables.beside(async move {
            while let Some(event) = told.recv().await {
                if let Event::Trouble(trouble) = &event {
                    troubled.send_modify(|troubles| troubles.push(trouble.clone()));
                }
                if pass_on.send(event).await.is_err() {
                    return;
                }
            }
        });
        let source = stage.source(change(stage.config()));
        tables.beside(source.run(events, tables.stop.clone()));
        let written = Self {
            stage,
            tables,
            troubles,
        };
        written.stage.play(3);
        written.settled().await;
        written
    }

    /// Waits until something went wrong whose name has this in it.
    pub async fn until_trouble(&self, part: &str) {
        let mut troubles = self.troubles.clone();
        let has = |troubles: &Vec<String>| troubles.iter().any(|trouble| trouble.contains(part));
        let waited = tokio::time::timeout(PATIENCE, troubles.wait_for(has)).await;
        if waited.is_err() {
            panic!("no {part:?} in {:?}", self.troubles());
        }
    }

    pub fn troubles(&self) -> Vec<String> {
        self.troubles.borrow().clone()
    }

    /// Waits until the tables are as far as the chain, and as it is.
    pub async fn settled(&self) {
        let slot = number(self.stage.ledger().slot());
        in_time(async {
            while self.tables.database.applied().await < Some(slot)
                || self.tables.database.lanes().await != self.stage.lanes()
            {
                // The last slot is told to be whole by the next one alone.
                self.stage.ledger().advance(1);
                self.stage.until_asked(2).await;
            }
        })
        .await;
    }

    /// Ends; the tables equal the chain.
    pub async fn end(self) {
        self.settled().await;
        let rpc = RpcClient::new(self.stage.node.url());
        let commitment = CommitmentConfig::confirmed();
        let pool = &self.tables.database.pool;
        let report = verify::run(pool, &rpc, commitment, Duration::from_secs(10)).await;
        let report = report.unwrap();
        assert!(report.is_clean(), "{report:?}");
        self.tables.end().await;
    }
}
