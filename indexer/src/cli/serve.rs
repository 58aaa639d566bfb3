//! `serve`: answer requests from a database that another process keeps.

use std::process::ExitCode;

use crate::{config::Config, run};

pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    run::serve(&config).await?;
    Ok(ExitCode::SUCCESS)
}
