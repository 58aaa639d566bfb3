//! `migrate`: bring the schema up to date.

use std::process::ExitCode;

use crate::{
    config::Config,
    run::{self, Context},
};

pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    run::migrate(&Context::new(config).pool).await?;
    Ok(ExitCode::SUCCESS)
}
