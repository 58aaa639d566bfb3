//! `dead-letters`: look at what was not understood, and try it again.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use lottery_service::cli::print_json;

use crate::{
    config::Config,
    repair::letters::{self, Replayed},
    run::{self, Context},
    store::dead_letters::{self, Waiting},
};

/// Exit code when letters still wait.
const WAITING: u8 = 1;

/// Letters that a list shows.
const LISTED: i64 = 1_000;

#[derive(Args)]
pub struct DeadLetters {
    #[command(subcommand)]
    verb: Verb,
    /// Print as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// Show what waits, oldest first
    List,
    /// Try to understand what waits; ends with code 1 when something still waits
    Replay,
}

impl DeadLetters {
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let context = Context::new(config);
        match self.verb {
            Verb::List => self.list(&context).await,
            Verb::Replay => {
                run::prepare(&context).await?;
                self.replay(&context).await
            }
        }
    }

    async fn list(&self, context: &Context) -> anyhow::Result<ExitCode> {
        let mut connection = context.pool.acquire().await.context("the database")?;
        let waiting = dead_letters::waiting(&mut connection, 0, LISTED)
            .await
            .context("reading the dead letters (a database that is new has none: run `migrate`)")?;
        if self.json {
            let letters: Vec<_> = waiting.iter().map(shown).collect();
            print_json(&letters)?;
        } else {
            for letter in &waiting {
                let Waiting {
                    id,
                    kind,
                    key,
                    slot,
                    bytes,
                    reason,
                    ..
                } = letter;
                println!(
                    "{id:>8}  {kind:<11} {key}  slot {slot}, {} bytes: {reason}",
                    bytes.len()
                );
            }
            println!("{} wait", waiting.len());
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn replay(&self, context: &Context) -> anyhow::Result<ExitCode> {
        let replayed = letters::replay(&context.pool, &context.rpc, context.commitment())
            .await
            .context("could not replay them all; run it again to go on")?;
        if self.json {
            print_json(&replayed)?;
        } else {
            let Replayed {
                understood,
                waiting,
            } = &replayed;
            println!("{understood} understood");
            for (reason, count) in waiting {
                println!("{count} wait: {reason}");
            }
        }
        Ok(match replayed.waiting.is_empty() {
            true => ExitCode::SUCCESS,
            false => WAITING.into(),
        })
    }
}

fn shown(letter: &Waiting) -> serde_json::Value {
    serde_json::json!({
        "id": letter.id, "kind": letter.kind, "key": letter.key, "slot": letter.slot,
        "last_slot": letter.last_slot, "bytes": hex::encode(&letter.bytes),
        "reason": letter.reason,
    })
}
