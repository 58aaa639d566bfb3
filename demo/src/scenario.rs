//! What is played: a game of one round, which hits the minor jackpot, one of five
//! rounds, and one that is cancelled.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use solana_pubkey::Pubkey;
use tokio::time::Instant;

use crate::{
    api::Api,
    services::Service,
    table::{Table, doomed, five_rounds, one_round},
};

/// Seconds that the doomed game sells for: enough for all its joins.
const DOOMED_SECONDS: i64 = 30;

/// How it is played.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Players of each game.
    pub players: usize,
    /// How long a game may take from its last join to its last payment.
    pub patience: Duration,
}

/// What a game was meant to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    OneRound,
    FiveRounds,
    Cancelled,
}

impl Kind {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::OneRound => "one round",
            Self::FiveRounds => "five rounds",
            Self::Cancelled => "too few tickets",
        }
    }

    /// The status it ends in.
    fn end(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            _ => "settled",
        }
    }
}

/// A game that was played.
#[derive(Clone, Copy, Debug)]
pub struct Game {
    pub address: Pubkey,
    pub kind: Kind,
}

/// Player `n` buys this many tickets, 1 to 5.
fn tickets(n: usize) -> u32 {
    match n % 5 {
        0 => 1,
        1 => 2,
        2 => 3,
        3 => 4,
        _ => 5,
    }
}

/// Tickets that so many players buy.
pub fn total_tickets(players: usize) -> u32 {
    (0..players).map(tickets).sum()
}

/// Plays everything and waits until the last payment has arrived. The house's mean for
/// the minor jackpot must be what a game of all players' tickets contributes.
pub async fn play(
    table: &Table,
    api: &Api,
    settings: &Settings,
    services: &mut [Service],
) -> Result<Vec<Game>> {
    let total = total_tickets(settings.players);
    let mut games = Vec::new();
    for kind in [Kind::OneRound, Kind::FiveRounds, Kind::Cancelled] {
        let address = table
            .create_game(|id, now| match kind {
                Kind::FiveRounds => five_rounds(id, now, total),
                Kind::Cancelled => doomed(id, now, total, DOOMED_SECONDS),
                _ => one_round(id, now, total),
            })
            .await?;
        let game = Game { address, kind };
        join(table, game, settings).await?;
        games.push(game);
    }
    for game in &games {
        finish(api, *game, settings, services).await?;
    }
    ensure!(
        any_hit(api, table).await?,
        "no jackpot was hit, but the minor one had to be"
    );
    Ok(games)
}

async fn any_hit(api: &Api, table: &Table) -> Result<bool> {
    let answer = api
        .get(&format!("/api/jackpots?house={}", table.house))
        .await?;
    let jackpots = answer["jackpots"].as_array().context("no jackpots")?;
    Ok(jackpots.iter().any(|jackpot| jackpot["hits"] != "0"))
}

/// Everybody joins, but for one player who is missing where the game is to fail.
async fn join(table: &Table, game: Game, settings: &Settings) -> Result<()> {
    let missing = usize::from(game.kind == Kind::Cancelled);
    let players = settings.players.saturating_sub(missing);
    let bar = bar(players)?;
    bar.set_message(format!(
        "joins  {} ({})",
        game.address,
        game.kind.describe()
    ));
    let burst = table
        .join_all(game.address, players, tickets, || bar.inc(1))
        .await?;
    bar.finish_and_clear();
    println!(
        "Joined      {} ({}): {} players in {:.1} s",
        game.address,
        game.kind.describe(),
        burst.joins,
        burst.took.as_secs_f64()
    );
    Ok(())
}

/// Waits until the API shows the game over and everybody paid.
pub async fn finish(
    api: &Api,
    game: Game,
    settings: &Settings,
    services: &mut [Service],
) -> Result<()> {
    let started = Instant::now();
    let spinner = ProgressBar::new_spinner().with_style(ProgressStyle::with_template(
        "            {spinner} {msg} [{elapsed}]",
    )?);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let mut seen = Value::Null;
    loop {
        if let Ok(shown) = api.get(&format!("/api/games/{}", game.address)).await {
            seen = shown;
        }
        let status = seen["status"].as_str().unwrap_or("not indexed yet");
        if status == game.kind.end() && seen["fully_paid"] == true {
            break;
        }
        spinner.set_message(format!("{} {status}", game.address));
        for service in &mut *services {
            service.check()?;
        }
        ensure!(
            started.elapsed() < settings.patience,
            "game {} is not over after {:?}: {seen}",
            game.address,
            settings.patience
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    spinner.finish_and_clear();
    println!(
        "Over        {} ({}): {} and paid",
        game.address,
        game.kind.describe(),
        game.kind.end()
    );
    Ok(())
}

fn bar(length: usize) -> Result<ProgressBar> {
    let style =
        ProgressStyle::with_template("            [{bar:30}] {pos}/{len} {msg} [{elapsed}]")?;
    Ok(ProgressBar::new(u64::try_from(length)?).with_style(style))
}
