//! `ipaware`, the executable.

use std::{env, process::ExitCode};

use clap::Parser as _;
use server::{
    boot, cli,
    config::{Cli, Command, Config, Options},
    telemetry,
};

/// Takes 40 bytes less for each key than the system's allocator, and a verification less time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a shell expects of a program that was called wrongly.
const WRONG_CALL: u8 = 2;

fn main() -> ExitCode {
    let arguments = env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    if let Some(refused) = cli::refuse_secrets(arguments) {
        return refused;
    }
    match Cli::parse().command {
        Command::Serve(options) => serve(*options),
        Command::Client(command) => cli::run(command),
    }
}

fn serve(options: Options) -> ExitCode {
    let config = match Config::read(options) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("ipaware: {error}");
            return ExitCode::from(WRONG_CALL);
        }
    };
    let outcome = telemetry::start(config.log_format, config.otlp_endpoint.as_deref()).and_then(|traces| {
        let outcome = run(config);
        traces.finish();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The whole chain of causes in one line, and no backtrace: this is for whoever started the server.
            eprintln!("ipaware: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .on_thread_park(backend::thread_waits)
        .on_thread_unpark(backend::thread_goes_on)
        .enable_all()
        .build()?;
    runtime.block_on(boot::serve(config))
}
