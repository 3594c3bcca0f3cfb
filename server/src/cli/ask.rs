//! Whatever has to come from a person, or from a pipe in a person's place.

use std::{
    env,
    io::{self, BufRead as _, IsTerminal as _, Read as _},
};

use backend::keyring::secret;

use super::{failure::Failure, output};

/// Longer than any secret, and not so long that a file sent by mistake fills the memory.
const MAX: u64 = 512;

/// A text that somebody keeps secret. Deliberately without `Debug` and `Display`.
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

/// The secret of the key to call the server with.
///
/// # Errors
/// There is none, or it can be none. Whatever else stands there is not sent to any server.
pub(super) fn own_secret() -> Result<Secret, Failure> {
    let text = match variable("IPAWARE_SECRET") {
        Some(text) => text,
        None if io::stdin().is_terminal() => on_terminal("Secret of your key: ")?,
        None => {
            return Err(Failure::wrong_call(
                "Set IPAWARE_SECRET to the secret of the key to do this with. It can be asked for only on a terminal.",
            ));
        }
    };
    secret::examine(&text)
        .map_err(|problem| Failure::wrong_call(format!("IPAWARE_SECRET is no secret key: {problem}.")))?;
    Ok(Secret(text))
}

/// A secret to look at: one line of standard input, or what is typed.
///
/// # Errors
/// It is too long, or cannot be read.
pub(super) fn secret_to_look_at() -> Result<Secret, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return on_terminal("Secret to look at: ").map(Secret);
    }
    let mut bytes = Vec::new();
    stdin
        .lock()
        .take(MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::trouble(format!("Standard input cannot be read: {error}.")))?;
    if bytes.len() as u64 > MAX {
        return Err(Failure::wrong_call(format!("Standard input has more than {MAX} bytes; send one secret alone.")));
    }
    let text = String::from_utf8_lossy(&bytes);
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

/// The server, as it was written.
///
/// # Errors
/// It is nowhere.
pub(super) fn url() -> Result<String, Failure> {
    match variable("IPAWARE_URL") {
        Some(text) => Ok(text),
        None if io::stdin().is_terminal() => typed("Server (such as https://keys.example.com): "),
        None => Err(Failure::wrong_call("Set IPAWARE_URL to the server, such as https://keys.example.com.")),
    }
}

/// Goes on when somebody types `yes`.
///
/// # Errors
/// They do not, or nobody is there.
pub(super) fn confirm(question: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::wrong_call("This cannot be undone, and nobody can be asked here. Say --yes to do it."));
    }
    match typed(&format!("{} Type yes to go on: ", output::plain(question)))?.as_str() {
        "yes" => Ok(()),
        _ => Err(Failure::refused("Nothing was changed.")),
    }
}

/// An environment variable; an empty one counts as not set.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// What is typed while nobody can read along.
fn on_terminal(prompt: &str) -> Result<String, Failure> {
    rpassword::prompt_password(prompt).map_err(|error| unread(&error))
}

fn typed(prompt: &str) -> Result<String, Failure> {
    output::ask(prompt);
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| unread(&error))?;
    Ok(line.trim().to_owned())
}

fn unread(error: &io::Error) -> Failure {
    Failure::trouble(format!("The terminal cannot be read: {error}."))
}
