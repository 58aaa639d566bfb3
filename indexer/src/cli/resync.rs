//! `resync`: write rows anew as the chain has them.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use lottery_service::cli::print_json;
use solana_pubkey::Pubkey;

use crate::{
    config::Config,
    repair::resync,
    run::{self, Context},
};

#[derive(Args)]
pub struct Resync {
    /// Only these accounts [default: all of the program]
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<Pubkey>,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

impl Resync {
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let context = Context::new(config);
        run::prepare(&context).await?;
        let done = resync::resync(
            context.config.database.options.clone(),
            &context.rpc,
            context.commitment(),
            &self.address,
        )
        .await
        .context("could not resync")?;
        if self.json {
            print_json(&done)?;
        } else {
            println!(
                "slot {}: {} accounts written, {} rows closed",
                done.slot, done.accounts, done.closed
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
