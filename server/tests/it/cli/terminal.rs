//! Somebody at a terminal is asked for what is missing, and whether they mean it.
#![cfg(unix)]

use std::process::Stdio;

use pty_process::{Command, Pty};
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::Value;
use shared::{key::KeyStatus, role::SystemRole};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Child,
};

use crate::harness::{KeyCaller, TestApp, both_databases};

/// A terminal with a command in it, whose standard output goes elsewhere.
struct Terminal {
    pty: Pty,
    child: Child,
    /// All that it has shown.
    shown: String,
}

impl Terminal {
    fn start(app: &TestApp, secret: Option<&str>, arguments: &[&str]) -> Self {
        let (pty, pts) = pty_process::open().expect("a terminal");
        let url = format!("http://{}", app.address);
        let mut command = Command::new(env!("CARGO_BIN_EXE_ipaware"))
            .args(arguments)
            .env_clear()
            .env("IPAWARE_URL", url)
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(secret) = secret {
            command = command.env("IPAWARE_SECRET", secret);
        }
        let child = command.spawn(pts).expect("the executable");
        Self { pty, child, shown: String::new() }
    }

    /// Waits until it asks, and types an answer.
    async fn answer(&mut self, question: &str, typed: &str) {
        self.wait_for(question).await;
        self.type_in(typed).await;
    }

    async fn wait_for(&mut self, question: &str) {
        while !self.shown.contains(question) {
            let mut bytes = [0; 256];
            let length = self.pty.read(&mut bytes).await.expect("it asks");
            assert_ne!(length, 0, "it ended: {}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
    }

    async fn type_in(&mut self, text: &str) {
        self.pty.write_all(format!("{text}\n").as_bytes()).await.expect("typed");
    }

    /// The same with what nobody may read along.
    async fn answer_hidden(&mut self, question: &str, typed: &str) {
        self.wait_for(question).await;
        while tcgetattr(&self.pty).expect("its modes").local_modes.contains(LocalModes::ECHO) {
            tokio::task::yield_now().await;
        }
        self.type_in(typed).await;
    }

    /// Its exit status and its standard output.
    async fn ended(mut self) -> (i32, String, String) {
        let mut out = String::new();
        self.child.stdout.take().expect("its output").read_to_string(&mut out).await.expect("its output");
        let mut bytes = [0; 256];
        // A terminal that nobody writes to any more is an error on Linux, and an end elsewhere.
        while let Ok(length @ 1..) = self.pty.read(&mut bytes).await {
            self.shown.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
        let status = self.child.wait().await.expect("a status");
        (status.code().expect("an exit status"), out, self.shown)
    }
}

async fn parties(app: &TestApp) -> (crate::harness::Person, KeyCaller, KeyCaller) {
    let owner = app.owner().await;
    let (admin, client) = (owner.key(SystemRole::Admin).await, owner.key(SystemRole::ApiClient).await);
    (owner, admin, client)
}

both_databases! {
    async fn revoking_asks_and_goes_on_only_after_yes(app) {
        let (owner, admin, client) = parties(app).await;
        let id = client.view.id.to_string();
        for typed in ["", "y", "no"] {
            let mut terminal = Terminal::start(app, Some(&admin.secret), &["keys", "revoke", &id]);
            terminal.answer("Type yes to go on: ", typed).await;
            let (status, out, shown) = terminal.ended().await;
            assert_eq!((status, out.as_str()), (1, ""), "{shown}");
            assert!(shown.contains("Production Server") && shown.contains(&id) && shown.contains("Nothing was changed"), "{shown}");
        }
        assert_eq!(owner.key_get(client.view.id).await.status, KeyStatus::Active);

        let mut terminal = Terminal::start(app, Some(&admin.secret), &["keys", "revoke", &id, "--json"]);
        terminal.answer("Type yes to go on: ", "yes").await;
        let (status, out, _) = terminal.ended().await;
        let json: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!((status, &json["status"]), (0, &"revoked".into()));
    }

    async fn secrets_are_asked_for_and_not_shown_while_they_are_typed(app) {
        let (_, admin, client) = parties(app).await;
        let mut terminal = Terminal::start(app, None, &["verify", "--permission", "ip.lookup"]);
        terminal.answer_hidden("Secret of your key: ", &admin.secret).await;
        terminal.answer_hidden("Secret to look at: ", &client.secret).await;
        let (status, out, shown) = terminal.ended().await;
        assert_eq!(status, 0, "{out}");
        assert!(out.starts_with("allowed\n"), "{out}");
        for secret in [&admin.secret, &client.secret] {
            assert!(!shown.contains(&secret[..20]) && !out.contains(&secret[..20]), "a secret was shown");
        }
    }
}
