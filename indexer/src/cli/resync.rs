//! `resync`: write rows anew as the chain has them.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use lottery_service::cli::print_json;
use solana_pubkey::Pubkey;

use crate::{
    config::Config,
    repair::resync::{self, Wanted},
    run::{self, Context},
};

#[derive(Args)]
pub struct Resync {
    /// Only these accounts [default: all of the program]
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<Pubkey>,
    /// Go back to a node that is behind what the tables say, which a node that was wrong
    /// may have made them say
    #[arg(long, conflicts_with = "address")]
    back: bool,
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
            Wanted {
                only: &self.address,
                is_back: self.back,
            },
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
