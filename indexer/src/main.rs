use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    lottery_indexer::cli::main().await
}
