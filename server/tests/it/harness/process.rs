//! The executable itself, for what only a process shows: its exit codes, its signals, and its sudden end.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Output, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::database::Database;

/// `ipaware` with these arguments and variables, and none of whoever runs the tests.
pub(crate) fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ipaware"));
    command.args(arguments).env_clear().envs(variables.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs it to its end.
pub(crate) async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(arguments, variables).output().await.expect("the executable")
}

/// A server in a process of its own.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it wrote to standard output before it was ready.
    pub(crate) said: Vec<String>,
}

impl Process {
    /// Starts it on `database` and waits until it says that it listens.
    pub(crate) async fn start(database: &Database, more: &[&str]) -> Self {
        let site = database.folder().join("site");
        make_site(&site);
        let pepper = database.pepper_file.to_str().expect("UTF-8");
        let data = database.folder().join("data");
        let data = data.to_str().expect("UTF-8");
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--data-dir", data, "--pepper-file", pepper];
        arguments.extend(["--sign-up", "open", "--plan", "Custom", "--database-url", &database.url]);
        arguments.extend(more);
        let site = site.to_str().expect("UTF-8");
        let (log, level) = super::output::of_process();
        let mut command = command(&arguments, &[("IPAWARE_SITE_DIR", site), ("RUST_LOG", level)]);
        let mut child = command.stderr(log).stdout(Stdio::piped()).spawn().expect("the executable");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut said = Vec::new();
        loop {
            let line = lines.next_line().await.expect("a line").expect("it says where it listens");
            if let Some(address) = line.strip_prefix("listening on http://") {
                let address = address.parse().expect("an address");
                return Self { child, address, said };
            }
            said.push(line);
        }
    }

    /// As `kill -9` does: no goodbye.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }

    /// As a service manager stops it.
    pub(crate) async fn terminate(&self) {
        let pid = self.child.id().expect("it runs").to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill");
        assert!(status.success());
    }

    pub(crate) async fn ended(mut self) -> ExitStatus {
        self.child.wait().await.expect("a status")
    }
}

/// Three files, as the executable asks for when none are inside it.
fn make_site(folder: &Path) {
    fs::create_dir_all(folder.join("pkg")).expect("a folder");
    fs::write(folder.join("manifest.txt"), "js a.js\nwasm a.wasm\ncss a.css\n").expect("a file");
    for name in ["a.js", "a.wasm", "a.css"] {
        fs::write(folder.join("pkg").join(name), "").expect("a file");
    }
}
