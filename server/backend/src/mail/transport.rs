//! The way out: a mail server, or a folder.

use std::{path::PathBuf, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use tokio::io::AsyncWriteExt as _;

use super::letter::Words;
use crate::failure::Failure;

/// How long the mail server may take to answer each command.
const PATIENCE: Duration = Duration::from_secs(15);
/// How much is kept of what the mail server said, in characters.
const PROBLEM_MAX: usize = 300;

#[derive(Debug)]
pub(super) struct Transport {
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The mail server's address comes with a password.
        match self {
            Self::Smtp(_) => f.write_str("Smtp(…)"),
            Self::Folder(path) => f.debug_tuple("Folder").field(path).finish(),
        }
    }
}

/// Where a mail went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    ToServer,
    ToFile,
}

/// Why it did not.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Whether another try would end the same.
    pub(super) permanent: bool,
    pub(super) problem: String,
}

impl Trouble {
    fn new(permanent: bool, error: &dyn std::error::Error) -> Self {
        // The causes say more than the outermost error: "connection error" alone helps nobody.
        let mut said = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let inner_said = inner.to_string();
            if !said.contains(&inner_said) {
                said = format!("{said}: {inner_said}");
            }
            cause = inner.source();
        }
        let problem = said.chars().filter(|c| !c.is_control()).take(PROBLEM_MAX).collect();
        Self { permanent, problem }
    }
}

impl Transport {
    pub(super) fn new(smtp_url: Option<&str>, from: &str, folder: PathBuf) -> Result<Self, Failure> {
        let from = from.parse().map_err(|_error| {
            Failure::broken(format!(
                "IPAWARE_MAIL_FROM must be an address such as IPAware <keys@example.com>; {from:?} is none."
            ))
        })?;
        let way = match smtp_url {
            None => Way::Folder(folder),
            Some(url) => {
                // The address itself stays out of the message: it holds a password.
                let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_error| {
                    Failure::broken(
                        "IPAWARE_SMTP_URL must be like smtps://user:password@mail.example.com, or \
                         smtp://mail.example.com:587?tls=required.",
                    )
                })?;
                Way::Smtp(builder.timeout(Some(PATIENCE)).build())
            }
        };
        Ok(Self { from, way })
    }

    pub(super) const fn is_smtp(&self) -> bool {
        matches!(self.way, Way::Smtp(_))
    }

    /// Sends one letter. `id` names it for good, so that a mail server can tell a second copy from a second mail.
    pub(super) async fn send(&self, id: &str, recipient: &str, words: Words) -> Result<Sent, Trouble> {
        let to = recipient.parse::<Mailbox>().map_err(|error| Trouble::new(true, &error))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(words.subject)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(words.body)
            .map_err(|error| Trouble::new(true, &error))?;
        match &self.way {
            Way::Smtp(server) => match server.send(message).await {
                Ok(_) => Ok(Sent::ToServer),
                Err(error) => Err(Trouble::new(error.is_permanent(), &error)),
            },
            Way::Folder(folder) => match write(folder, id, &message.formatted()).await {
                Ok(()) => Ok(Sent::ToFile),
                Err(error) => Err(Trouble::new(false, &error)),
            },
        }
    }
}

/// The letter holds a link, so nobody else on the machine shall read it.
async fn write(folder: &std::path::Path, id: &str, mail: &[u8]) -> std::io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(folder.join(format!("{id}.eml"))).await?;
    file.write_all(mail).await?;
    file.flush().await
}
