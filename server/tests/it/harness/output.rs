//! What the servers of the tests write, kept where somebody can look through it for what must not be there.
//!
//! With `IPAWARE_TEST_OUTPUT`, a folder, everything goes there that a server of ours logs at the most talkative level,
//! and, in files of their own (`*.minted`), every secret, session and password that the tests came by.
//! `cargo xtask test` looks for the latter in the former at the end.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::PathBuf,
    process::Stdio,
    sync::{Mutex, Once, OnceLock, PoisonError},
};

use regex::Regex;
use server::{config::LogFormat, telemetry};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _};

use super::{Answer, PASSWORD};

fn file(name: &str) -> Option<File> {
    let folder = PathBuf::from(std::env::var_os("IPAWARE_TEST_OUTPUT")?);
    let path = folder.join(format!("{}.{name}", std::process::id()));
    Some(OpenOptions::new().create(true).append(true).open(path).expect("a file for the output"))
}

/// From now on what servers in this process log is kept.
pub(crate) fn keep_logs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Some(file) = file("log") else { return };
        let lines = telemetry::lines(LogFormat::Json, EnvFilter::new("trace"), Mutex::new(file));
        let subscriber = tracing_subscriber::registry().with(lines);
        tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");
    });
}

/// Where a process of its own writes its log to, and how much it shall write.
pub(crate) fn of_process() -> (Stdio, &'static str) {
    file("process.log").map_or((Stdio::inherit(), "warn"), |file| (file.into(), "trace"))
}

/// Notes what an answer lets nobody see but its caller.
pub(crate) fn note(answer: &Answer) {
    static MINTED: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    static SECRET: OnceLock<Regex> = OnceLock::new();
    let minted = MINTED.get_or_init(|| {
        let mut file = file("minted")?;
        writeln!(file, "{PASSWORD}").expect("written");
        Some(Mutex::new(file))
    });
    let Some(minted) = minted else { return };
    let secret = SECRET.get_or_init(|| Regex::new("ipaware_(prod|stage|dev)_[0-9A-Za-z]{49}").expect("a pattern"));
    let mut found: Vec<_> = secret.find_iter(&answer.text).map(|found| found.as_str()).collect();
    let cookie = answer.header("set-cookie").split(';').next().and_then(|cookie| cookie.split_once('='));
    found.extend(cookie.map(|(_, value)| value).filter(|value| !value.is_empty()));
    let mut minted = minted.lock().unwrap_or_else(PoisonError::into_inner);
    for hidden in found {
        writeln!(minted, "{hidden}").expect("written");
    }
}
