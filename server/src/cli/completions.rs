//! `ipaware completions`: what a shell has to know to complete everything here.

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use super::{failure::Failure, output};
use crate::config::Cli;

/// For which shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// Such as `ipaware completions bash > /etc/bash_completion.d/ipaware`.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "ipaware", &mut script);
        output::print(String::from_utf8_lossy(&script).trim_end())
    }
}
