//! A cluster, a database, an indexer, a house and a keeper that can be killed.

use std::{path::PathBuf, time::Duration};

use lottery::state::HouseParams;
use lottery_client::{
    account::Kind,
    history::{self, fetch_account},
    instruction::{EntryKeys, close_entry},
};
use lottery_demo::{
    api::Api,
    scenario::total_tickets,
    services::{self, Service},
    table::{SOL, Table, certain_mean},
};
use lottery_e2e::postgres::Database;
use lottery_localnet::{ClusterChoice, Localnet, Options};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use tokio::time::Instant;

use crate::mint;

/// How long a condition may take to hold.
const PATIENCE: Duration = Duration::from_secs(90);

/// Defines each test once per cluster.
macro_rules! on_each_cluster {
    ($($test:ident),* $(,)?) => {
        mod on_surfnet {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(lottery_localnet::ClusterChoice::Surfnet, "surfnet").await;
            })*
        }
        mod on_validator {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if crate::stage::validator_is_there() {
                    super::$test(lottery_localnet::ClusterChoice::Validator, "validator").await;
                } else {
                    println!("skipped: no solana-test-validator on PATH");
                }
            })*
        }
    };
}
pub(crate) use on_each_cluster;

/// Whether Agave's validator is on PATH.
pub fn validator_is_there() -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join("solana-test-validator").is_file())
    })
}

/// Waits until a condition holds.
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "never came about: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Everything a test plays on.
pub struct Stage {
    pub localnet: Localnet,
    pub table: Table,
    pub api: Api,
    database: Database,
    indexer: Option<Service>,
    keeper: Option<Service>,
    keeper_key: PathBuf,
    folder: tempfile::TempDir,
    keepers: u32,
}

impl Stage {
    pub async fn set(cluster: ClusterChoice, name: &str, players: usize) -> Self {
        Self::set_with(cluster, name, players, None, |_| ()).await
    }

    /// With a house under varied rules, which plays for a new token of `token_program`
    /// if one is given.
    pub async fn set_with(
        cluster: ClusterChoice,
        name: &str,
        players: usize,
        token_program: Option<Pubkey>,
        vary: impl FnOnce(&mut HouseParams),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let localnet = Localnet::start(Options {
            cluster,
            surfnet: std::env::var_os("LOTTERY_SURFNET")
                .map(PathBuf::from)
                .or_else(|| services::binary("lottery-surfnet").ok()),
            ..Options::default()
        })
        .await
        .unwrap();
        let database = Database::create(name).await;
        let (indexer, api, _) = services::start_indexer(
            &localnet,
            Some(&database.url()),
            folder.path().join("indexer.log"),
        )
        .await
        .unwrap();
        let token = match token_program {
            Some(program) => Some(mint::create(&localnet, program).await),
            None => None,
        };
        let mut table = Table::open_for(&localnet, 2, token, |house| {
            house.rules.jackpot_mean[0] = certain_mean(house, total_tickets(players));
            vary(house);
        })
        .await
        .unwrap();
        table.seat(&localnet, players, 10 * SOL).await.unwrap();
        let key = Keypair::new();
        let keeper_key = folder.path().join("keeper.json");
        services::write_keypair(&keeper_key, &key).unwrap();
        localnet.airdrop(&key.pubkey(), 10 * SOL).await.unwrap();
        Self {
            localnet,
            table,
            api,
            database,
            indexer: Some(indexer),
            keeper: None,
            keeper_key,
            folder,
            keepers: 0,
        }
    }

    /// What the last keeper logged.
    pub fn keeper_log(&self) -> String {
        std::fs::read_to_string(self.keeper_log_file()).unwrap()
    }

    fn keeper_log_file(&self) -> PathBuf {
        let name = format!("keeper-{}.log", self.keepers);
        self.folder.path().join(name)
    }

    pub async fn start_keeper(&mut self) {
        self.keepers += 1;
        let log = self.keeper_log_file();
        let keeper = services::start_keeper(&self.localnet, &self.keeper_key, log).unwrap();
        self.keeper = Some(keeper);
    }

    /// As `kill -9` does.
    pub async fn kill_keeper(&mut self) {
        let mut keeper = self.keeper.take().unwrap();
        keeper.check().unwrap();
        keeper.kill().await.unwrap();
    }

    pub fn silence_oracles(&self, silent: bool) {
        for index in 0..self.localnet.oracles().len() {
            self.localnet.silence_oracle(index, silent).unwrap();
        }
    }

    pub async fn state<T: Kind>(&self, address: &Pubkey) -> T {
        fetch_account(self.table.rpc(), address).await.unwrap()
    }

    /// Indexer and keeper, for what watches over them.
    pub fn take_services(&mut self) -> Vec<Service> {
        self.indexer
            .take()
            .into_iter()
            .chain(self.keeper.take())
            .collect()
    }

    pub fn give_back(&mut self, services: Vec<Service>) {
        let mut services = services.into_iter();
        self.indexer = services.next();
        self.keeper = services.next();
    }

    /// Closes one entry of a paid game, as anybody may.
    pub async fn close_one_entry(&self, game: &Pubkey) {
        let entries = history::entries(self.table.rpc(), game).await.unwrap();
        let (entry, held) = entries.first().unwrap();
        let keys = EntryKeys {
            house: self.table.house,
            game: *game,
            entry: *entry,
            player: held.player,
            token: self.table.token,
        };
        let close = close_entry(self.table.authority.pubkey(), keys);
        self.table.send(&[close]).await.unwrap();
    }

    /// Closes all that is over; then nothing of these games may be left.
    pub async fn close_everything(&self, games: &[Pubkey]) {
        services::close_everything(&self.localnet, &self.keeper_key)
            .await
            .unwrap();
        for game in games {
            let rpc = self.table.rpc();
            assert_eq!(rpc.get_balance(game).await.unwrap(), 0, "{game} is open");
            let left = history::entries(rpc, game).await.unwrap();
            assert!(left.is_empty(), "{game} left {} entries", left.len());
        }
    }

    pub async fn verify_game(&self, game: &Pubkey) {
        services::verify_game(&self.localnet, game).await.unwrap();
    }

    pub async fn verify_database(&self) {
        services::verify_database(&self.localnet, Some(&self.database.url()))
            .await
            .unwrap();
    }

    /// An indexer that begins when everything is over makes the same rows as the one that
    /// watched, of the transactions alone.
    pub async fn a_late_indexer_tells_the_same(&self, name: &str) {
        // The clock of surfpool's accounts is not that of its blocks, and of a block's time
        // it says one thing in `getBlock` and may say another in `getTransaction`.
        let times = [
            "at",
            "settled_at",
            "settled_time",
            "joined_at",
            "joined_time",
            "won_at",
            "won_time",
        ];
        let but = if name == "surfnet" { &times[..] } else { &[] };
        let database = Database::create(&format!("late_{name}")).await;
        let log = self.folder.path().join("late.log");
        let (indexer, ..) =
            services::start_indexer(&self.localnet, Some(&database.url()), log.clone())
                .await
                .unwrap();
        for (table, order) in [
            ("games", "address"),
            ("entries", "address"),
            ("game_rounds", "game, round"),
            ("winners", "game, place"),
            ("jackpot_wins", "game, tier"),
            ("claims", "game, kind, place, tier"),
        ] {
            let watched = self.database.told(table, order, but).await;
            let mut late = database.told(table, order, but).await;
            let deadline = Instant::now() + PATIENCE;
            while late != watched {
                let log = || std::fs::read_to_string(&log).unwrap_or_default();
                assert!(
                    Instant::now() < deadline,
                    "{table}: a late indexer says\n{late:#}\none that watched says\n{watched:#}\n{}",
                    log()
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
                late = database.told(table, order, but).await;
            }
            assert_ne!(watched, serde_json::json!([]), "{table}");
        }
        services::verify_database(&self.localnet, Some(&database.url()))
            .await
            .unwrap();
        indexer.stop().await.unwrap();
    }

    /// Drains the services, which must end well, and clears everything away.
    pub async fn strike(self) {
        if let Some(keeper) = self.keeper {
            keeper.stop().await.unwrap();
        }
        if let Some(indexer) = self.indexer {
            indexer.stop().await.unwrap();
        }
        self.localnet.shutdown().await;
    }
}
