fn main() -> std::process::ExitCode {
    lottery_keeper::cli::main()
}
