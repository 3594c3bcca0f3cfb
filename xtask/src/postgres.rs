//! A PostgreSQL of our own for the tests: a fresh cluster in a temporary folder, gone afterwards.
use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::{
    process::{ask, capture, say},
    tools::is_root,
};

/// Debian's packages make this user; PostgreSQL refuses to run as root.
const USER: &str = "postgres";

/// A running server. Dropping it stops it and removes its folder, also on the way out of a failure or of Ctrl-C.
pub(crate) struct Postgres {
    bin: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// `bin` holds `initdb` and `pg_ctl`.
    pub(crate) fn start(bin: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ipaware-postgres-").tempdir()?;
        if is_root() {
            give_to_user(folder.path())?;
        }
        let mut server = Self { bin: bin.to_path_buf(), folder, port: 0 };
        server.tool(
            "initdb",
            &["--pgdata=data", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
        )?;
        // Somebody else may take the free port before PostgreSQL does, so it gets a second and a third try.
        let mut last = None;
        for _ in 0..3 {
            server.port = free_port()?;
            match server.try_start() {
                Ok(()) => {
                    say(&format!("PostgreSQL of {} on port {}", server.bin.display(), server.port));
                    return Ok(server);
                }
                Err(error) => last = Some(error),
            }
        }
        let log = fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
        server.port = 0;
        Err(last.context("PostgreSQL was not tried")?.context(format!("PostgreSQL does not start; its log:\n{log}")))
    }

    /// For the tests, which make their own databases from it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn try_start(&self) -> Result<()> {
        // The data lives as long as the tests, so nothing has to survive a loss of power.
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
             -c fsync=off -c full_page_writes=off",
            self.port
        );
        self.tool("pg_ctl", &["start", "--pgdata=data", "--log=log", "--wait", "--timeout=60", "--options", &options])
    }

    /// Runs one of PostgreSQL's programs in the folder, as a user it accepts.
    fn tool(&self, name: &str, args: &[&str]) -> Result<()> {
        let program = self.bin.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", USER, "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let output = capture(command.args(args).current_dir(self.folder.path()))?;
        if !output.status.success() {
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            bail!("{name} failed ({}): {} {}", output.status, out.trim(), err.trim());
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.port != 0
            && let Err(error) = self.tool("pg_ctl", &["stop", "--pgdata=data", "--mode=immediate", "--wait"])
        {
            say(&format!("PostgreSQL in {} did not stop: {error:#}", self.folder.path().display()));
        }
    }
}

/// The newest installation: Debian's versioned folders first, then what `pg_ctl` on the PATH or `pg_config` say.
pub(crate) fn find() -> Option<PathBuf> {
    let is_usable = |bin: &PathBuf| bin.join("initdb").is_file() && bin.join("pg_ctl").is_file();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| is_usable(bin))
        .max()
        .map(|(_, bin)| bin);
    let on_path = || {
        let dirs = std::env::var_os("PATH")?;
        let program = std::env::split_paths(&dirs).map(|dir| dir.join("pg_ctl")).find(|p| p.is_file())?;
        program.canonicalize().ok()?.parent().map(Path::to_path_buf).filter(is_usable)
    };
    let configured = || ask(Command::new("pg_config").arg("--bindir")).map(PathBuf::from).filter(is_usable);
    newest.or_else(on_path).or_else(configured)
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(unix)]
fn give_to_user(folder: &Path) -> Result<()> {
    let id = |flag: &str| -> Result<u32> {
        let answer = ask(Command::new("id").args([flag, USER])).context("there is no user `postgres`")?;
        answer.parse().with_context(|| format!("`id {flag} {USER}` said {answer}"))
    };
    std::os::unix::fs::chown(folder, Some(id("-u")?), Some(id("-g")?))
        .with_context(|| format!("cannot give {} to the user `postgres`", folder.display()))
}

#[cfg(not(unix))]
fn give_to_user(_folder: &Path) -> Result<()> {
    Ok(())
}
