fn main() -> std::process::ExitCode {
    lottery_indexer::cli::main()
}
