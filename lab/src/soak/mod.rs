//! Many games, played to their end by real keepers on a real cluster, under faults at
//! random; and an account of everything at the end.

mod aftermath;
mod board;
mod chance;
mod checks;
mod delays;
mod diary;
mod events;
mod insist;
mod journal;
mod lamports;
mod lease;
mod ledger;
mod logs;
mod mint;
mod mischief;
mod payments;
mod plans;
mod players;
mod post;
mod progress;
mod report;
mod run;
mod sky;
mod spells;
mod stage;
mod text;
mod timeline;
mod traffic;
mod verification;
mod weather;

use lottery_localnet::ClusterChoice;

pub use progress::Progress;
pub use report::Report;
pub use run::run;

/// What is played, and under which weather.
#[derive(Clone, Debug)]
pub struct Settings {
    pub cluster: ClusterChoice,
    /// Milliseconds per slot.
    pub slot_ms: u64,
    /// Games in all.
    pub games: usize,
    /// Share of them that play for a token, from 0 to 1.
    pub token_share: f64,
    /// Rounds of each game (1 to 8).
    pub rounds: u8,
    pub players: usize,
    /// Lanes of each house.
    pub lanes: u8,
    /// How long the weather lasts; games are created over most of it.
    pub minutes: u64,
    pub keepers: usize,
    /// Decides games, weather and kills.
    pub seed: u64,
    /// Neither weather nor kills.
    pub calm: bool,
    /// Spells whose description has one of these words are left out; all else comes as
    /// the seed says.
    pub without: Vec<String>,
    /// How long the games may take after the weather (minutes).
    pub patience: u64,
    /// Flags passed on to the keepers.
    pub keeper_flags: Vec<String>,
}
