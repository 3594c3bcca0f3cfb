//! `ipaware audit verify`: proves that the audit trail is as it was written. It asks the database and no server.

use backend::audit::chain::{self, Broken, Proof};
use clap::{Args, Subcommand};
use shared::OrganizationId;

use super::{failure::Failure, output};
use crate::config;

/// What can be done with the trail.
#[derive(Debug, Args)]
pub struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prove that no entry was altered, added or removed. A server may go on running meanwhile.
    Verify(Verify),
}

/// Where the database is: the same options as those of `ipaware serve`.
#[derive(Args)]
#[command(after_help = "\
The hash of the last entry is printed. Whoever can write to the database could also write a whole new chain, but not one \
that ends with the same hash: note it elsewhere to compare.

Exit status:
  0  Every entry is as it was written.
  1  Some are not; the first of each organization is named.
  2  It was called wrongly.
  3  The database cannot be read.")]
#[expect(clippy::doc_markdown, reason = "these comments are what `--help` shows, where markup has no meaning")]
struct Verify {
    /// Folder with the SQLite database. [default: ./data]
    #[arg(long, env = "IPAWARE_DATA_DIR", value_name = "FOLDER")]
    data_dir: Option<String>,

    /// postgres://user:password@host/database, or the path of a SQLite file. [default: <data-dir>/ipaware.db]
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,

    /// Only this organization's trail. [default: all]
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
}

impl std::fmt::Debug for Verify {
    /// The database's URL may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verify").finish_non_exhaustive()
    }
}

impl Audit {
    /// Whether all is well.
    pub(super) fn run(self) -> Result<bool, Failure> {
        let Command::Verify(verify) = self.command;
        verify.run()
    }
}

impl Verify {
    fn run(self) -> Result<bool, Failure> {
        let (_, url) = config::read_database(self.data_dir, self.database_url)
            .map_err(|error| Failure::wrong_call(error.to_string()))?;
        let (mut broken, mut printed) = (0_u32, Ok(()));
        let each = |proof: Proof| {
            broken += u32::from(proof.broken.is_some());
            if printed.is_ok() {
                printed = output::print(&said(&proof));
            }
        };
        let trouble = |error: &dyn std::fmt::Display| Failure::trouble(format!("The trail cannot be read: {error}."));
        tokio::runtime::Runtime::new()
            .map_err(|error| trouble(&error))?
            .block_on(chain::verify(&url, self.organization, each))
            .map_err(|error| trouble(&error))?;
        printed?;
        Ok(broken == 0)
    }
}

/// A line for each organization.
fn said(proof: &Proof) -> String {
    let Proof { organization, entries, hash, broken } = proof;
    match broken {
        None if *entries == 1 => format!("{organization}: 1 entry is as it was written, {hash}"),
        None => format!("{organization}: {entries} entries are as they were written, the last {hash}"),
        Some(Broken { seq, flaw }) => format!("{organization}: BROKEN at entry {seq}: {flaw}"),
    }
}
