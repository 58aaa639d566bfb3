//! What a run is played on: cluster, gateway behind weather, database, house, players.

use std::{net::TcpListener, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use lottery_client::{address, instruction::Token, lottery::state::MIN_DRAW_TIMEOUT};
use lottery_demo::table::{SOL, Table};
use lottery_localnet::{Localnet, Options};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use super::{
    Settings, chance,
    diary::Diary,
    lease::LeaseWatch,
    mint,
    post::{Launch, Post},
};
use crate::{HttpProxy, database::Database};

/// Oracles: more than a game may ask for a round, so that none runs out of them.
pub const ORACLES: usize = 4;

/// Slots until a draw may be given up: short enough to happen.
const DRAW_TIMEOUT: u64 = MIN_DRAW_TIMEOUT;

/// Means of the jackpots (lamports): low enough for hits.
const MEANS: [u64; 3] = [SOL / 20, SOL / 5, SOL];

/// What each player starts with (lamports).
const PURSE: u64 = 50 * SOL;

/// What each keeper starts with (lamports).
const KEEPER_PURSE: u64 = 50 * SOL;

/// How long what is over stays on chain.
const CLOSE_AFTER_SECONDS: u64 = 5;

/// Pause between two full scans: a keeper that missed something is not to wait long.
const SCAN_SECONDS: u64 = 10;

/// Shreds of a busy slot; an idle one makes 64.
const SHREDS_A_SLOT: u64 = 160;

/// How long after the weather the history must last (minutes).
const AFTERMATH: u64 = 20;

/// What each player of the token's house starts with (base units).
pub const TOKENS: u64 = 1_000 * SOL;

/// The houses.
#[derive(Clone)]
pub struct Tables {
    pub native: Arc<Table>,
    /// Of the house that plays for a token, if there is one.
    pub token: Option<Arc<Table>>,
}

impl Tables {
    /// Where games for the token, or for SOL, are played.
    pub fn of(&self, for_token: bool) -> Result<&Arc<Table>> {
        if for_token {
            self.token.as_ref().context("no house plays for a token")
        } else {
            Ok(&self.native)
        }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Table>> {
        [&self.native].into_iter().chain(&self.token)
    }
}

/// Everything that is there before a keeper starts.
pub struct Stage {
    pub localnet: Localnet,
    pub gateway: HttpProxy,
    pub database: Database,
    pub tables: Tables,
    /// Keys and logs of the keepers.
    pub folder: PathBuf,
    lanes: u8,
}

impl Stage {
    pub async fn set(settings: &Settings, folder: PathBuf) -> Result<Self> {
        let port = free_port()?;
        let seed = chance::number(settings.seed, "gateway faults");
        let gateway = HttpProxy::start(format!("http://127.0.0.1:{port}"), seed).await?;
        let database = Database::create("soak").await?;
        let slots = (settings.minutes + AFTERMATH) * 60_000 / settings.slot_ms.max(1);
        let defaults = Options::default();
        let localnet = Localnet::start(Options {
            cluster: settings.cluster.clone(),
            slot_ms: settings.slot_ms,
            oracles: ORACLES,
            gateway_port: Some(port),
            gateway_url: Some(gateway.url()),
            ledger_shreds: (slots * SHREDS_A_SLOT).max(defaults.ledger_shreds),
            ..defaults
        })
        .await?;
        let native = open(settings, &localnet, None).await?;
        let token = if settings.token_share > 0.0 {
            let token = mint::create(&localnet).await?;
            let table = open(settings, &localnet, Some(token)).await?;
            let wallets: Vec<Pubkey> = table.players.iter().map(|it| it.pubkey()).collect();
            mint::give(&localnet, token, &wallets, TOKENS).await?;
            Some(table)
        } else {
            None
        };
        let tables = Tables { native, token };
        Ok(Self {
            localnet,
            gateway,
            database,
            tables,
            folder,
            lanes: settings.lanes,
        })
    }

    /// Posts for so many keepers, with money; none is started.
    pub async fn posts(
        &self,
        settings: &Settings,
        diary: &Diary,
        lease: &LeaseWatch,
    ) -> Result<Vec<Arc<Post>>> {
        let launch = Launch {
            flags: flags(settings),
            folder: self.folder.clone(),
            postgres: self.database.scratch.address(),
            seed: settings.seed,
        };
        let mut posts = Vec::new();
        for index in 0..settings.keepers {
            let url = |proxy| self.database.scratch.url_by(proxy);
            let post = Post::new(
                index,
                &launch,
                &self.localnet,
                diary.clone(),
                lease.clone(),
                url,
            )
            .await?;
            posts.push(Arc::new(post));
        }
        let wallets: Vec<Pubkey> = posts.iter().map(|post| post.wallet).collect();
        self.localnet
            .fund(&wallets, KEEPER_PURSE)
            .await
            .context("funding the keepers")?;
        Ok(posts)
    }

    /// Clears everything away.
    pub async fn strike(self) -> Result<()> {
        self.database.drop_now().await?;
        self.localnet.shutdown().await;
        Ok(())
    }

    /// The accounts that hold money before a game is played, by whose they are.
    pub fn accounts(&self, posts: &[Arc<Post>]) -> Vec<(Pubkey, &'static str)> {
        let mut accounts = Vec::new();
        for table in self.tables.all() {
            accounts.extend(self.accounts_at(table));
        }
        accounts.extend(posts.iter().map(|post| (post.wallet, "keepers")));
        accounts
    }

    fn accounts_at(&self, table: &Table) -> Vec<(Pubkey, &'static str)> {
        let house = table.house;
        let mut accounts = vec![
            (table.authority.pubkey(), "authorities"),
            (house, "houses"),
            (address::treasury(&house), "treasuries"),
        ];
        accounts.extend((0..3).map(|tier| (address::jackpot(&house, tier), "jackpots")));
        for index in 0..self.lanes {
            let lane = address::lane(&house, index);
            let randomness = address::randomness(&lane);
            let escrow = address::reward_escrow(&randomness);
            accounts.extend([lane, randomness, escrow].map(|it| (it, "lanes")));
        }
        let players = table.players.iter();
        accounts.extend(players.map(|player| (player.pubkey(), "players")));
        accounts
    }
}

/// Opens a house, with players who have money.
async fn open(
    settings: &Settings,
    localnet: &Localnet,
    token: Option<Token>,
) -> Result<Arc<Table>> {
    let mut table = Table::open_for(localnet, settings.lanes, token, |house| {
        house.draw_timeout = DRAW_TIMEOUT;
        house.rules.jackpot_mean = MEANS;
    })
    .await?;
    table.seat(localnet, settings.players, PURSE).await?;
    Ok(Arc::new(table))
}

/// What every keeper is started with.
fn flags(settings: &Settings) -> Vec<String> {
    let own = [
        ("--lanes", settings.lanes.to_string()),
        ("--close-after-seconds", CLOSE_AFTER_SECONDS.to_string()),
        ("--scan-seconds", SCAN_SECONDS.to_string()),
    ];
    let own = own
        .into_iter()
        .flat_map(|(flag, value)| [flag.to_owned(), value]);
    own.chain(settings.keeper_flags.iter().cloned()).collect()
}

/// A port that is free at the moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
