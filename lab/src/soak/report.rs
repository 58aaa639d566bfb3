//! What came of a run.

use std::{collections::BTreeMap, ops::Range};

use anyhow::Result;
use lottery_client::lottery::state::GameParams;
use serde::Serialize;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

use super::{
    aftermath::{End, Stuck},
    board::Played,
    checks::{Check, checks},
    delays::Delays,
    diary::Event,
    journal::{Facts, Journal},
    lamports::{Statement, balances},
    lease::{Leadership, Term},
    ledger,
    logs::Log,
    mint::Units,
    payments::Payments,
    plans::Sale,
    post::Record,
    run::Soak,
    stage::TOKENS,
    traffic::Traffic,
    verification::{Verification, verify_all},
};
use crate::spread::millis;

/// Everything about a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub run: Run,
    /// Whether all checks passed.
    pub passed: bool,
    pub checks: Vec<Check>,
    pub games: Games,
    pub payments: Payments,
    pub verification: Verification,
    pub lamports: Statement,
    /// Of the house that plays for a token.
    pub tokens: Option<Units>,
    pub traffic: Traffic,
    pub journal: Journal,
    pub leadership: Leadership,
    pub keepers: BTreeMap<String, Keeper>,
    pub delays: Delays,
    pub stuck: Vec<Stuck>,
    /// Everything that happened, in order.
    pub events: Vec<Event>,
}

/// What was asked for, and how long it took.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    pub cluster: String,
    pub slot_ms: u64,
    pub seed: u64,
    pub calm: bool,
    pub games: usize,
    pub rounds: u8,
    pub keepers: usize,
    pub minutes: u64,
    /// From the beginning to the last count (milliseconds).
    pub took_ms: u64,
    /// From the end of the weather until everything was closed (milliseconds).
    pub waited_ms: u64,
    /// How long slots took (milliseconds).
    pub slot_seen_ms: u64,
    /// Highest load average of a minute, and processors to bear it.
    pub load: f64,
    pub processors: usize,
}

/// The games that were created.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Games {
    pub created: usize,
    pub closed: usize,
    /// Planned to sell too few tickets.
    pub doomed: usize,
    pub entries: u32,
    pub tickets: u32,
    /// Purchases that came to nothing, and why.
    pub refused: BTreeMap<String, usize>,
}

/// A keeper: what it did and what it used.
#[derive(Clone, Debug, Serialize)]
pub struct Keeper {
    pub wallet: String,
    #[serde(flatten)]
    pub record: Record,
    /// Times that it came to lead.
    pub terms: usize,
    pub log: Log,
}

impl Report {
    /// Counts everything. Nothing may move any more.
    pub async fn of(soak: &Soak<'_>, end: End) -> Result<Self> {
        let rpc = soak.stage.localnet.rpc_client();
        let to = rpc
            .get_slot_with_commitment(CommitmentConfig::confirmed())
            .await?;
        let ledger = ledger::read(&rpc, soak.books.since, to).await?;
        let accounts: Vec<Pubkey> = soak.books.accounts(&ledger).into_iter().collect();
        let after = balances(&rpc, &accounts).await?;
        let played = soak.board.games();
        let games: Vec<Pubkey> = played.keys().copied().collect();
        let params: BTreeMap<Pubkey, GameParams> =
            played.iter().map(|(game, it)| (*game, it.params)).collect();
        let (terms, events) = (soak.lease.terms(), soak.diary.events());
        let keepers = keepers(soak, &terms).await;
        let names = soak.posts.iter();
        let names = names.map(|post| (post.wallet, post.name.clone()));
        let facts = Facts {
            ledger: &ledger,
            keepers: &names.collect(),
            terms: &terms,
            outages: &outages(soak, &keepers),
            timeline: &soak.timeline,
        };
        let pool = &soak.stage.database.pool;
        let journal = Journal::read(pool, &soak.diary, &facts).await?;
        let mut report = Self {
            run: Run::of(soak, &end),
            passed: false,
            checks: Vec::new(),
            games: Games::of(&played),
            payments: Payments::of(&ledger, &params),
            verification: verify_all(&rpc, &games, soak.progress).await,
            tokens: tokens(&rpc, soak).await?,
            lamports: soak.books.close(&ledger, &after),
            traffic: Traffic::of(&ledger),
            journal,
            keepers,
            leadership: Leadership::of(terms),
            delays: Delays::of(&ledger, &params, &soak.timeline, &soak.sky),
            stuck: end.stuck,
            events,
        };
        report.checks = checks(&report);
        report.passed = report.checks.iter().all(|check| check.passed);
        Ok(report)
    }
}

impl Run {
    fn of(soak: &Soak<'_>, end: &End) -> Self {
        let settings = soak.settings;
        Self {
            cluster: format!("{:?}", soak.stage.localnet.kind()).to_lowercase(),
            slot_ms: settings.slot_ms,
            seed: settings.seed,
            calm: settings.calm,
            games: settings.games,
            rounds: settings.rounds,
            keepers: settings.keepers,
            minutes: settings.minutes,
            took_ms: millis(soak.diary.now()),
            waited_ms: millis(end.waited),
            slot_seen_ms: soak.timeline.slot_ms(),
            load: soak.load.highest(),
            processors: std::thread::available_parallelism().map_or(0, usize::from),
        }
    }
}

impl Games {
    fn of(played: &BTreeMap<Pubkey, Played>) -> Self {
        let mut games = Self::default();
        for it in played.values() {
            games.created += 1;
            games.closed += usize::from(it.closed);
            games.doomed += usize::from(it.sale == Sale::Doomed);
            games.entries += it.entries;
            games.tickets += it.tickets;
            for why in &it.refused {
                *games.refused.entry(why.clone()).or_default() += 1;
            }
        }
        games
    }
}

async fn tokens(rpc: &RpcClient, soak: &Soak<'_>) -> Result<Option<Units>> {
    match &soak.stage.tables.token {
        Some(table) => {
            let open = soak.board.open();
            Ok(Some(Units::count(rpc, table, TOKENS, &open).await?))
        }
        None => Ok(None),
    }
}

async fn keepers(soak: &Soak<'_>, terms: &[Term]) -> BTreeMap<String, Keeper> {
    let mut keepers = BTreeMap::new();
    for post in &soak.posts {
        let keeper = Keeper {
            wallet: post.wallet.to_string(),
            record: post.record().await,
            terms: terms.iter().filter(|term| term.holder == post.name).count(),
            log: Log::read(&post.log),
        };
        keepers.insert(post.name.clone(), keeper);
    }
    keepers
}

/// When each keeper had no database, since the run began (milliseconds).
fn outages(
    soak: &Soak<'_>,
    keepers: &BTreeMap<String, Keeper>,
) -> BTreeMap<String, Vec<Range<i64>>> {
    let since = |unix: i64| match unix {
        i64::MAX => i64::MAX,
        unix => soak.diary.since_unix(unix),
    };
    let outages = keepers.iter().map(|(name, keeper)| {
        let outages = keeper.log.without_database.iter();
        let outages = outages.map(|away| since(away.start)..since(away.end));
        (name.clone(), outages.collect())
    });
    outages.collect()
}
