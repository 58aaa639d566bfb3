//! `backfill`: read the ledger's history.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context as _, bail};
use clap::Args;
use lottery_service::cli::print_json;

use crate::{
    config::Config,
    repair::backfill,
    run::{self, Context},
};

#[derive(Args)]
pub struct Backfill {
    /// First slot to read
    #[arg(long, default_value_t = 0, value_name = "SLOT")]
    from_slot: u64,
    /// Last slot to read [default: the newest that is final]
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true, value_name = "SLOT")]
    to_slot: u64,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

impl Backfill {
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        if self.from_slot > self.to_slot {
            bail!("--from-slot is after --to-slot; swap them");
        }
        let context = Context::new(config);
        run::prepare(&context).await?;
        let slots = self.from_slot..=self.to_slot;
        let done = backfill::backfill(
            &context.pool,
            Arc::clone(&context.rpc),
            context.commitment(),
            slots,
        )
        .await
        .context("could not read it all; run it again to go on")?;
        if self.json {
            print_json(&done)?;
        } else {
            println!(
                "{} transactions that were missing, {} rows, {} parts not understood",
                done.transactions, done.rows, done.letters
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
