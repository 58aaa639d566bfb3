//! `run`: follow the chain into the database.

use std::process::ExitCode;

use clap::Args;

use crate::{config::Config, run};

#[derive(Args)]
pub struct Run {
    /// Follow only; serve nothing
    #[arg(long)]
    no_serve: bool,
}

impl Run {
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        run::follow(&config, !self.no_serve).await?;
        Ok(ExitCode::SUCCESS)
    }
}
