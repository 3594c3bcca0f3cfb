//! `cargo xtask …`: builds, serves, tests and benches the whole product with nothing but cargo.
//!
//! Every task begins with what it needs (`tools`), says what it does while it does it, and ends with one sentence when
//! it fails. Nothing is downloaded at build time except crates.
mod bench;
mod css;
mod dev;
mod geo;
mod leaks;
mod postgres;
mod process;
mod project;
mod server;
mod site;
mod split;
mod test;
mod tools;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    process::{Exit, Stopped},
    project::Project,
};

/// Everything that is done to this repository, on any machine that has Rust.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
enum Task {
    /// Build everything and run the server, until Ctrl-C.
    Serve {
        /// Debug builds, built again whenever a file changes.
        #[arg(long)]
        dev: bool,
        /// Arguments of `ipaware serve`, after `--`.
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Build one self-contained executable, target/release/ipaware.
    Build,
    /// Build only the browser's half, target/site.
    Site {
        /// A debug build, quick and large, in target/site-dev.
        #[arg(long)]
        dev: bool,
    },
    /// Check everything: format, lints, what the browser's half may hold, unit, integration, API and browser tests.
    Test(test::Options),
    /// Write docs/openapi.json anew, from the code.
    Openapi,
    /// Measure verification beside a bare axum handler, with a million keys; takes about a quarter of an hour.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let task = Task::parse();
    match run(task) {
        Ok(code) => code,
        Err(error) => {
            if let Some(exit) = error.downcast_ref::<Exit>() {
                return ExitCode::from(exit.0);
            }
            eprintln!("\n[xtask] {error:#}");
            ExitCode::from(if error.is::<Stopped>() { 130 } else { 1 })
        }
    }
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    process::forward_signals()?;
    let project = Project::find()?;
    match task {
        Task::Serve { dev: false, args } => server::serve(&project, &args)?,
        Task::Serve { dev: true, args } => dev::serve(&project, &args)?,
        Task::Build => {
            let binary = server::build(&project)?;
            process::say(&format!("built {}", project.relative(&binary).display()));
        }
        Task::Site { dev } => {
            let profile = if dev { site::Profile::Dev } else { site::Profile::Release };
            let dir = site::build(&project, profile)?;
            process::say(&format!("built {}", project.relative(&dir).display()));
        }
        Task::Test(options) => test::run(&project, &options)?,
        Task::Openapi => server::write_openapi(&project)?,
        Task::Bench(options) => bench::run_all(&project, &options)?,
    }
    Ok(ExitCode::SUCCESS)
}
