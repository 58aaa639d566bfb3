//! `doctor`: what would keep the indexer from working.

use std::process::ExitCode;

use clap::Args;
use lottery_service::cli::code;

use crate::{config::Config, doctor};

#[derive(Args)]
pub struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let findings = doctor::check(config).await;
        findings.print(self.json)?;
        Ok(code(findings.is_good()))
    }
}
