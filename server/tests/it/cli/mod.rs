//! The command line: the executable itself, called by nobody or by somebody at a terminal, against a running server.

mod audit;
mod check_secret;
mod completions;
mod keys;
mod lost_and_late;
mod relay;
mod roles;
mod terminal;
mod verify;
mod wrong_calls;

use std::process::Stdio;

use backend::keyring::secret::is_hinted_at;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::harness::{KeyCaller, TestApp, process::command};

/// What the executable finds in its environment.
struct Shell {
    url: String,
    secret: String,
}

/// How a command ended, and what it said.
#[derive(Debug)]
struct Said {
    status: i32,
    out: String,
    err: String,
}

impl Shell {
    /// Whoever holds this key, at this server.
    fn of(app: &TestApp, key: &KeyCaller) -> Self {
        Self { url: format!("http://{}", app.address), secret: key.secret.clone() }
    }

    fn variables(&self) -> Vec<(&str, &str)> {
        let all = [("IPAWARE_URL", self.url.as_str()), ("IPAWARE_SECRET", self.secret.as_str())];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// Runs it with nothing on standard input.
    async fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "").await
    }

    /// Runs it with a text on standard input. Whatever it is, only the creation of a key may print a secret.
    async fn run_with(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = command(arguments, &self.variables());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the executable");
        // It may end without reading.
        _ = child.stdin.take().expect("its input").write_all(input.as_bytes()).await;
        let output = child.wait_with_output().await.expect("its output");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let said = Said {
            status: output.status.code().expect("an exit status"),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        assert!(!is_hinted_at(&said.err), "a secret on standard error");
        assert!(!is_hinted_at(&said.out) || arguments.starts_with(&["keys", "create"]), "a secret on standard output");
        said
    }
}

impl Said {
    /// What it printed when all went well.
    #[track_caller]
    fn good(self) -> String {
        assert_eq!(self.status, 0, "{self:?}");
        self.out
    }

    /// The same, of a command that had `--json`.
    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.good()).expect("JSON")
    }

    /// What it said when it ended with this status, having printed nothing.
    #[track_caller]
    fn failed(self, status: i32) -> String {
        assert_eq!((self.status, self.out.as_str()), (status, ""), "{self:?}");
        self.err
    }
}
