//! `ipaware check-secret`: whether a text can be a secret at all, without asking anybody.

use backend::keyring::secret;
use clap::Args;
use serde_json::json;

use super::{ask, failure::Failure, output};

/// How to say it.
#[derive(Debug, Args)]
#[command(after_help = "\
A well-formed secret need not be one that was issued: `ipaware verify` asks a server.

Exit status:
  0  It is well-formed.
  1  It is not.
  2  It was called wrongly.")]
pub struct CheckSecret {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl CheckSecret {
    /// Whether it is.
    pub(super) fn run(self) -> Result<bool, Failure> {
        let examined = secret::examine(ask::secret_to_look_at()?.expose());
        let text = if self.json {
            let environment = examined.ok().map(|environment| environment.code());
            let problem = examined.err().map(|problem| problem.to_string());
            output::json(&json!({ "well_formed": examined.is_ok(), "environment": environment, "problem": problem }))
        } else {
            match examined {
                Ok(environment) => format!("well-formed, for {}", environment.code()),
                Err(problem) => format!("not well-formed: {problem}"),
            }
        };
        output::print(&text)?;
        Ok(examined.is_ok())
    }
}
