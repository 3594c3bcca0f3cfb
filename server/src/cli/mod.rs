//! The command line: keys and roles of an organization, for people at a terminal and for scripts, by way of `/v1`.
//!
//! But for `audit`, which reads the database itself, it knows a server by two environment variables and nothing else: `IPAWARE_URL`, and `IPAWARE_SECRET`, which is never
//! an argument, because arguments are seen by everybody on the machine. What was asked for goes to standard output,
//! everything else to standard error, and the exit status says how it went ([`failure::Status`]).

mod ask;
mod audit;
mod check_secret;
mod client;
mod completions;
mod failure;
mod keys;
mod output;
mod roles;
mod server_url;
mod verify;

use std::process::ExitCode;

use backend::keyring::secret;
use clap::Subcommand;

use self::failure::{Failure, Status};

/// Said below the help of everything that talks to a server.
const ENVIRONMENT: &str = "\
Environment:
  IPAWARE_URL     The server, such as https://keys.example.com. Asked for on a terminal when it is not set.
  IPAWARE_SECRET  The secret of the key to do this with. Asked for on a terminal when it is not set.

Exit status:
  0  It is done.
  1  The server refused it, or nobody confirmed it; nothing was changed.
  2  It was called wrongly.
  3  The server cannot be reached, or cannot do it now.";

/// What can be done from the command line.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List, create, show, edit, pause, resume and revoke API keys.
    Keys(keys::Keys),
    /// List, show, create, edit and delete roles.
    Roles(roles::Roles),
    /// Ask a server whether a secret is allowed. It is read from standard input, or asked for.
    Verify(verify::Verify),
    /// Tell whether a text is a well-formed secret. It is read from standard input, or asked for; no server is needed.
    CheckSecret(check_secret::CheckSecret),
    /// Prove that the audit trail in a database is as it was written.
    Audit(audit::Audit),
    /// Write the completions for a shell to standard output.
    Completions(completions::Completions),
}

/// Refuses arguments with a secret in them, before anything repeats them.
#[must_use]
pub fn refuse_secrets(arguments: impl IntoIterator<Item = String>) -> Option<ExitCode> {
    let found = arguments.into_iter().any(|argument| secret::is_hinted_at(&argument));
    found.then(|| {
        end(Err(Failure::wrong_call(
            "A secret must not be an argument: everybody on this machine can see it there, and the shell writes it \
             down. Send it on standard input, or in IPAWARE_SECRET. If others may have seen this one, replace it.",
        )))
    })
}

/// Does it, and says how it went.
#[must_use]
pub fn run(command: Command) -> ExitCode {
    end(match command {
        Command::Keys(keys) => keys.run().map(|()| true),
        Command::Roles(roles) => roles.run().map(|()| true),
        Command::Verify(verify) => verify.run(),
        Command::CheckSecret(check) => check.run(),
        Command::Audit(audit) => audit.run(),
        Command::Completions(completions) => completions.run().map(|()| true),
    })
}

/// `Ok(false)`: the answer was no.
fn end(done: Result<bool, Failure>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => Status::Refused.into(),
        Err(failure) => {
            output::say(&format!("ipaware: {failure}"));
            failure.status().into()
        }
    }
}
