//! `lottery`: what players, operators and doubters type.

use std::process::ExitCode;

mod args;
mod verify;

#[tokio::main]
async fn main() -> ExitCode {
    args::run().await
}
