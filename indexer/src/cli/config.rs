//! `config`: what is set.

use std::{io::Write as _, process::ExitCode};

use clap::Args;
use lottery_service::cli::print_json;

use crate::config::Config;

#[derive(Args)]
pub struct Show {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    pub fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        if self.json {
            print_json(&config.options())?;
        } else {
            write!(std::io::stdout(), "{config}")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
