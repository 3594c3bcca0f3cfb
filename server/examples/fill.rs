//! Fills a fresh SQLite database with many keys for `cargo xtask bench`, and writes their secrets to a file, one a line;
//! or adds more of them while a server runs on it, which hears of them when they are announced.
//!
//! `fill <folder> <count> [--more|--announce]`: the database is `<folder>/ipaware.db`, the pepper `<folder>/pepper`, as `ipaware serve
//! --data-dir <folder>` has them. The keys protect nothing, so their secrets may lie in a file.

use std::{
    env, fs,
    io::{BufWriter, Write as _},
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};
use backend::{
    Backend, Settings, SignUpMode, clock::Clock, context::RequestInfo, mail::MailSettings, plan::Plans,
    webhook::WebhookSettings,
};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let folder = PathBuf::from(arguments.next().context("the folder is missing")?);
    let count = arguments.next().context("the count is missing")?.parse().context("the count is no number")?;
    fs::create_dir_all(&folder)?;
    let backend = Backend::open(Settings {
        database_url: folder.join("ipaware.db").display().to_string(),
        pepper_file: folder.join("pepper"),
        usage_dir: folder.join("usage-of-fill"),
        sign_up: SignUpMode::Open,
        secure_cookies: false,
        plans: Plans::load(None, "Custom")?,
        mail: MailSettings::files(folder.join("outbox")),
        webhooks: WebhookSettings::default(),
        clock: Clock::System,
    })
    .await?;
    let wish = arguments.next();
    let visitor = backend.visitor(RequestInfo::default(), std::iter::empty());
    let (email, password) = ("bench@example.com", "a bench for measuring".to_owned());
    let session = if wish.is_some() {
        visitor.sign_in(email, password).await?
    } else {
        visitor.sign_up(email, password, "Bench").await?
    };
    let cookie = std::iter::once((session.cookie.name(), session.token.expose()));
    let context = backend.visitor(RequestInfo::default(), cookie).authenticate().await?;
    let organization = context.viewer().await?.organization;
    let added = match wish.as_deref() {
        None => backend.add_many_keys(organization, count).await?,
        Some("--more") => return Ok(backend.add_many_keys(organization, count).await.map(drop)?),
        Some("--announce") => return Ok(backend.announce_last_keys(organization, i64::try_from(count)?).await?),
        Some(other) => bail!("{other} is not known"),
    };
    let mut secrets = BufWriter::new(fs::File::create(folder.join("secrets"))?);
    for secret in added {
        writeln!(secrets, "{}", secret.expose())?;
    }
    secrets.flush()?;
    Ok(())
}
