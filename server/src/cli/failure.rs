//! Why something was not done: for people a sentence, for scripts an exit status.

use std::{fmt, process::ExitCode};

use super::output::plain;

/// What the exit status means. 0 is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// The server said no, or whoever was asked did.
    Refused = 1,
    /// The call itself is wrong; clap ends with the same.
    WrongCall = 2,
    /// It might work later, or with another server.
    Trouble = 3,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// What is said at the end, in place of what was asked for.
#[derive(Debug)]
pub(super) struct Failure {
    status: Status,
    sentence: String,
    lines: Vec<String>,
}

impl Failure {
    /// The server, or whoever was asked, said no.
    pub(super) fn refused(sentence: impl Into<String>) -> Self {
        Self::new(Status::Refused, sentence)
    }

    /// Another call would be right.
    pub(super) fn wrong_call(sentence: impl Into<String>) -> Self {
        Self::new(Status::WrongCall, sentence)
    }

    /// Something is broken between here and the server's database.
    pub(super) fn trouble(sentence: impl Into<String>) -> Self {
        Self::new(Status::Trouble, sentence)
    }

    /// `lines` follow the sentence.
    pub(super) fn with(mut self, lines: Vec<String>) -> Self {
        self.lines = lines;
        self
    }

    /// For a question whose answer may be no: not being allowed to ask is no answer.
    pub(super) fn of_question(mut self) -> Self {
        if self.status == Status::Refused {
            self.status = Status::WrongCall;
        }
        self
    }

    pub(super) const fn status(&self) -> Status {
        self.status
    }

    fn new(status: Status, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into(), lines: Vec::new() }
    }
}

impl fmt::Display for Failure {
    /// Half of it may come from a server that is not to be trusted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&self.sentence))?;
        self.lines.iter().try_for_each(|line| write!(f, "\n  {}", plain(line)))
    }
}
