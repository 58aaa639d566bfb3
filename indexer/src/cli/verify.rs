//! `verify`: compare the database with the chain.

use std::{io::Write as _, process::ExitCode, time::Duration};

use clap::Args;
use lottery_service::cli::print_json;

use crate::{
    config::Config,
    run::{self, Context},
};

/// Exit code of a check that found differences.
const DIFFERENT: u8 = 1;

/// Exit code of a check that could not be made.
pub const NOT_CHECKED: u8 = 2;

#[derive(Args)]
pub struct Verify {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// How long to wait for the indexer to reach the chain (seconds)
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    deadline: u64,
}

impl Verify {
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let context = Context::new(config);
        let report = run::verify(&context, Duration::from_secs(self.deadline)).await?;
        if self.json {
            print_json(&report)?;
        } else {
            write!(std::io::stdout(), "{report}")?;
        }
        Ok(match report.is_clean() {
            true => ExitCode::SUCCESS,
            false => DIFFERENT.into(),
        })
    }
}
