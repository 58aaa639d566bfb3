//! `lottery-idl` writes `idl/lottery.json`; with `--check` it only compares.

use std::{fs, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Parser;
use lottery_idl::{build, checked_in};

/// Writes the program's interface description (IDL) to idl/lottery.json.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Write nothing; end with 1 if the description checked in is not the program's.
    #[arg(long)]
    check: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let path = checked_in();
    let idl = build()?;
    let current = fs::read_to_string(&path).is_ok_and(|present| present == idl);
    if !arguments.check {
        if !current {
            fs::write(&path, idl).with_context(|| path.display().to_string())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if current {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "idl/lottery.json does not describe the program any more. Run scripts/build-idl and \
         commit what it changes."
    );
    Ok(ExitCode::FAILURE)
}
