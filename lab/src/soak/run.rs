//! The run itself: set the stage, play in the weather, wait for the end, count.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    Settings, aftermath,
    board::Board,
    diary::Diary,
    insist::insist,
    lamports::Books,
    lease::LeaseWatch,
    mischief::Mischief,
    plans::{Season, plans},
    players::Players,
    post::Post,
    progress::Progress,
    report::Report,
    sky::Sky,
    stage::{ORACLES, Stage},
    timeline::Timeline,
    weather::{self, Climate},
};
use crate::usage::Load;

/// Share of the time over which games are created.
const CREATION: f64 = 0.96;

/// Pause between two looks at how things are.
const LOOKS: Duration = Duration::from_secs(1);

/// A run under way: everything that whoever counts needs.
pub struct Soak<'a> {
    pub settings: &'a Settings,
    pub stage: &'a Stage,
    pub progress: &'a Progress,
    pub diary: Diary,
    pub sky: Arc<Sky>,
    pub posts: Vec<Arc<Post>>,
    pub board: Board,
    pub books: Books,
    pub timeline: Timeline,
    pub lease: LeaseWatch,
    pub load: Load,
    /// What watches all the while; ends with the run.
    _watchers: JoinSet<()>,
}

/// Plays and counts. Keys and logs of the keepers are left in `folder`.
///
/// # Errors
/// Where something is missing, or something of the run's own breaks. That the keepers
/// did not keep is no error: the report says so.
pub async fn run(settings: &Settings, folder: PathBuf, progress: &Progress) -> Result<Report> {
    progress.stage("starting the cluster, the database and the house");
    let stage = Stage::set(settings, folder).await?;
    let report = play(settings, &stage, progress).await;
    progress.clear();
    stage.strike().await?;
    report
}

async fn play(settings: &Settings, stage: &Stage, progress: &Progress) -> Result<Report> {
    let mut soak = Soak::begin(settings, stage, progress).await?;
    progress.stage("playing");
    soak.play().await?;
    progress.stage("time is up; waiting for what is under way");
    let end = aftermath::wait(&mut soak).await?;
    progress.stage("counting");
    Report::of(&soak, end).await
}

impl<'a> Soak<'a> {
    async fn begin(
        settings: &'a Settings,
        stage: &'a Stage,
        progress: &'a Progress,
    ) -> Result<Self> {
        let diary = Diary::begin(progress.clone());
        let length = Duration::from_secs(settings.minutes * 60);
        let sky = if settings.calm {
            Sky::calm()
        } else {
            Sky::stormy(settings.seed, length)
        };
        let (timeline, lease) = (Timeline::default(), LeaseWatch::default());
        let posts = stage.posts(settings, &diary, &lease).await?;
        let rpc = stage.localnet.rpc_client();
        let books = Books::open(&rpc, stage.accounts(&posts)).await?;
        let mut watchers = JoinSet::new();
        watchers.spawn(timeline.clone().follow(rpc, diary.clone()));
        watchers.spawn(
            lease
                .clone()
                .follow(stage.database.pool.clone(), diary.clone()),
        );
        for post in &posts {
            post.start().await?;
        }
        Ok(Self {
            settings,
            stage,
            progress,
            diary,
            sky: Arc::new(sky),
            posts,
            board: Board::default(),
            books,
            timeline,
            lease,
            load: Load::default(),
            _watchers: watchers,
        })
    }

    fn climate(&self) -> Climate {
        Climate {
            seed: self.settings.seed,
            sky: self.sky.clone(),
            diary: self.diary.clone(),
            without: self.settings.without.clone().into(),
            over: CancellationToken::new(),
        }
    }

    /// Plays for the time given, or until there is nothing left to play.
    async fn play(&mut self) -> Result<()> {
        let climate = self.climate();
        let gateway = &self.stage.gateway.weather;
        let mut weather = weather::begin(&climate, &self.posts, gateway, ORACLES);
        let mischief = Mischief {
            climate: climate.clone(),
            posts: self.posts.clone(),
            lease: self.lease.clone(),
        };
        let mut mischief = mischief.begin();
        let playing = self.watch(self.begin_games()).await;
        climate.over.cancel();
        while weather.join_next().await.is_some() {}
        while let Some(done) = mischief.join_next().await {
            done.context("the mischief broke")??;
        }
        gateway.clear();
        for post in &self.posts {
            post.clear_weather();
            post.thaw().await?;
            post.start().await?;
        }
        self.diary
            .note("run", "time is up: fair weather from now on");
        playing
    }

    fn begin_games(&self) -> JoinHandle<Result<()>> {
        let settings = self.settings;
        let season = Season {
            seed: settings.seed,
            games: settings.games,
            players: settings.players,
            rounds: settings.rounds,
            token_share: settings.token_share,
            length: Duration::from_secs(settings.minutes * 60).mul_f64(CREATION),
        };
        let players = Players {
            tables: self.stage.tables.clone(),
            board: self.board.clone(),
            timeline: self.timeline.clone(),
            diary: self.diary.clone(),
        };
        tokio::spawn(Arc::new(players).play(plans(&season)))
    }

    async fn watch(&self, games: JoinHandle<Result<()>>) -> Result<()> {
        let end = Duration::from_secs(self.settings.minutes * 60);
        let mut ticks = tokio::time::interval(LOOKS);
        let mut is_all_closed = false;
        while !(games.is_finished() && (is_all_closed || self.diary.now() >= end)) {
            ticks.tick().await;
            is_all_closed = self.look().await?;
        }
        games.await.context("the players broke")?
    }

    /// Looks after the keepers and at the games; whether all games are closed.
    pub async fn look(&self) -> Result<bool> {
        self.load.look();
        for post in &self.posts {
            post.look_after().await?;
        }
        let rpc = self.stage.tables.native.rpc();
        let tally = insist(async || self.board.look(rpc).await).await?;
        let message = format!(
            "closed, {} created, {}, {:.0} s",
            tally.created,
            self.lease.describe(),
            self.diary.now().as_secs_f64()
        );
        self.progress
            .at(tally.closed, self.settings.games, &message);
        Ok(tally.created > 0 && tally.created == tally.closed)
    }
}
