//! What the server is told when it starts: options, or environment variables of the same meaning.
//!
//! Clap collects texts; [`Config::read`] gives them meaning. So an empty environment variable counts as not set, and
//! every refusal is one sentence that names the option and says what would be right.

use std::{fmt, net::SocketAddr, num::NonZeroU32, path::PathBuf};

use backend::{SignUpMode, clock::Clock, mail::MailSettings, plan::Plans, webhook::WebhookSettings};
use clap::{Args, Parser, Subcommand};

use crate::{cli, middleware::client_address::TrustedProxies, v1::rate_limit::PER_MINUTE};

/// API keys for your organization: a console, and an engine that verifies.
#[derive(Debug, Parser)]
#[command(name = "ipaware", version, max_term_width = 120)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the executable can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the console and the API until the process is asked to stop.
    Serve(Box<Options>),
    /// What calls a server.
    #[command(flatten)]
    Client(cli::Command),
}

/// The options of `ipaware serve`, as they were written.
#[derive(Args, Default)]
#[expect(clippy::doc_markdown, reason = "these comments are what `--help` shows, where markup has no meaning")]
pub struct Options {
    /// Address and port to listen on; port 0 takes a free one. [default: 127.0.0.1:3000]
    #[arg(long, env = "IPAWARE_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,

    /// Folder for the SQLite database and the pepper; made when it is missing. [default: ./data]
    #[arg(long, env = "IPAWARE_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<String>,

    /// postgres://user:password@host/database, or the path of a SQLite file. [default: <data-dir>/ipaware.db]
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// How people reach this server, such as https://keys.example.com; https makes cookies secure and sends HSTS.
    #[arg(long, env = "IPAWARE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// Who may make an account: only the first visitor, anybody (open), or nobody (closed). [default: first]
    #[arg(long, env = "IPAWARE_SIGN_UP", value_name = "first|open|closed")]
    pub sign_up: Option<String>,

    /// Proxies whose X-Forwarded-For is believed: addresses and networks, separated by commas. [default: none]
    #[arg(long, env = "IPAWARE_TRUSTED_PROXIES", value_name = "NETWORKS")]
    pub trusted_proxies: Option<String>,

    /// File with the key that digests are made with, made on the first start; keep it apart from backups of the
    /// database. [default: <data-dir>/pepper]
    #[arg(long, env = "IPAWARE_PEPPER_FILE", value_name = "FILE")]
    pub pepper_file: Option<String>,

    /// Plan of new organizations. [default: Free]
    #[arg(long, env = "IPAWARE_PLAN", value_name = "NAME")]
    pub plan: Option<String>,

    /// TOML file with the plans, in place of the built-in ones.
    #[arg(long, env = "IPAWARE_PLANS_FILE", value_name = "FILE")]
    pub plans_file: Option<String>,

    /// Address databases in MaxMind's format for /v1/ip (country, ASN), separated by commas. [default: none]
    #[arg(long, env = "IPAWARE_MMDB", value_name = "FILES")]
    pub mmdb: Option<String>,

    /// Mail server for invitations, as smtps://user:password@host or smtp://host:587?tls=required. Without one, mails are
    /// written to the data folder and the console shows the links. [default: none]
    #[arg(long, env = "IPAWARE_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,

    /// Who the mails are from. [default: IPAware <ipaware@localhost>]
    #[arg(long, env = "IPAWARE_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,

    /// Let webhooks lead to http:// and to addresses that are not on the public internet, such as 10.0.0.5: for servers
    /// whose people all may reach what the server can. [default: false]
    #[arg(long, env = "IPAWARE_WEBHOOK_ALLOW_PRIVATE", value_name = "true|false", num_args = 0..=1,
        default_missing_value = "true")]
    pub webhook_allow_private: Option<String>,

    /// Where to report security problems, as mailto:… or https://…; published as /.well-known/security.txt.
    #[arg(long, env = "IPAWARE_SECURITY_CONTACT", value_name = "URI")]
    pub security_contact: Option<String>,

    /// How many requests a minute one key may send to the API that manages keys, roles and members. [default: 600]
    #[arg(long, env = "IPAWARE_MANAGEMENT_RATE_LIMIT", value_name = "NUMBER")]
    pub management_rate_limit: Option<String>,

    /// How log lines are written to stderr. RUST_LOG chooses which. [default: text]
    #[arg(long, env = "IPAWARE_LOG_FORMAT", value_name = "text|json")]
    pub log_format: Option<String>,

    /// Address and port for GET /metrics (OpenMetrics, for Prometheus). It asks nobody who they are: keep it private.
    /// [default: none]
    #[arg(long, env = "IPAWARE_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<String>,

    /// Where traces are sent, in OpenTelemetry's protocol over HTTP, such as http://localhost:4318. [default: none]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", hide_env_values = true)]
    pub otlp_endpoint: Option<String>,

    /// Fill a fresh database with an example organization and print its sign-in.
    #[arg(long)]
    pub demo: bool,
}

impl fmt::Debug for Options {
    /// The database's URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything the server has to know, checked.
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Made when it is missing.
    pub data_dir: PathBuf,
    /// `postgres://…`, or the path of the SQLite file. May hold a password: never logged.
    pub database_url: String,
    /// Scheme, host and port as people write them, without a slash at the end.
    pub public_url: Option<String>,
    /// Who may make an account.
    pub sign_up: SignUpMode,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Where the peppers are.
    pub pepper_file: PathBuf,
    /// The plans.
    pub plans: Plans,
    /// The address databases.
    pub mmdb: Vec<PathBuf>,
    /// The mail server; `None`: mails are written to files.
    pub smtp_url: Option<String>,
    /// Who the mails are from.
    pub mail_from: String,
    /// Whether webhooks may lead to `http://` and inside the own network.
    pub webhook_allow_private: bool,
    /// For security.txt.
    pub security_contact: Option<String>,
    /// How many requests a minute one key may send to what manages something.
    pub management_rate_limit: NonZeroU32,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Where metrics are read.
    pub metrics_listen: Option<SocketAddr>,
    /// Where traces are sent.
    pub otlp_endpoint: Option<String>,
    /// Whether to fill the database.
    pub demo: bool,
}

/// A value that cannot be used, in one sentence. The value itself is not repeated where it may be a secret.
#[derive(Debug, thiserror::Error)]
#[error("{option} is not right: {problem}")]
pub struct ConfigError {
    option: &'static str,
    problem: String,
}

impl ConfigError {
    fn new(option: &'static str, problem: impl Into<String>) -> Self {
        Self { option, problem: problem.into() }
    }
}

impl Config {
    /// Gives the options their meaning.
    ///
    /// # Errors
    /// The first one that is wrong.
    pub fn read(options: Options) -> Result<Self, ConfigError> {
        let (data_dir, database_url) = read_database(options.data_dir, options.database_url)?;
        Ok(Self {
            listen: read_listen(LISTEN, &given(options.listen).unwrap_or_else(|| "127.0.0.1:3000".to_owned()))?,
            database_url,
            public_url: given(options.public_url).map(|url| read_public_url(&url)).transpose()?,
            sign_up: read_sign_up(given(options.sign_up).as_deref())?,
            trusted_proxies: given(options.trusted_proxies)
                .unwrap_or_default()
                .parse()
                .map_err(|problem: String| ConfigError::new("--trusted-proxies (IPAWARE_TRUSTED_PROXIES)", problem))?,
            pepper_file: given(options.pepper_file).map_or_else(|| data_dir.join("pepper"), PathBuf::from),
            plans: read_plans(given(options.plans_file).map(PathBuf::from), given(options.plan))?,
            mmdb: given(options.mmdb).map(|files| read_files(&files)).unwrap_or_default(),
            smtp_url: given(options.smtp_url),
            mail_from: given(options.mail_from).unwrap_or_else(|| "IPAware <ipaware@localhost>".to_owned()),
            webhook_allow_private: read_switch(
                "--webhook-allow-private (IPAWARE_WEBHOOK_ALLOW_PRIVATE)",
                given(options.webhook_allow_private).as_deref(),
            )?,
            security_contact: given(options.security_contact).map(|uri| read_contact(&uri)).transpose()?,
            management_rate_limit: read_rate_limit(given(options.management_rate_limit).as_deref())?,
            log_format: read_log_format(given(options.log_format).as_deref())?,
            metrics_listen: given(options.metrics_listen)
                .map(|text| read_listen("--metrics-listen (IPAWARE_METRICS_LISTEN)", &text))
                .transpose()?,
            otlp_endpoint: given(options.otlp_endpoint).map(|url| read_otlp_endpoint(&url)).transpose()?,
            demo: options.demo,
            data_dir,
        })
    }

    /// Whether people reach the server by https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// The part that the backend has to know. `listening` is where the server really listens: port 0 stands for any.
    #[must_use]
    pub fn backend_settings(&self, listening: SocketAddr) -> backend::Settings {
        backend::Settings {
            database_url: self.database_url.clone(),
            pepper_file: self.pepper_file.clone(),
            usage_dir: self.data_dir.join("usage"),
            sign_up: self.sign_up,
            secure_cookies: self.is_https(),
            plans: self.plans.clone(),
            mail: MailSettings {
                smtp_url: self.smtp_url.clone(),
                from: self.mail_from.clone(),
                outbox: self.data_dir.join("outbox"),
                public_url: self.public_url.clone().unwrap_or_else(|| local_url(listening)),
            },
            webhooks: WebhookSettings { allow_private: self.webhook_allow_private, ..WebhookSettings::default() },
            clock: Clock::System,
        }
    }
}

/// How whoever sits at this machine reaches the server.
fn local_url(listening: SocketAddr) -> String {
    // "Every address of this machine" is no address that a link can lead to.
    if listening.ip().is_unspecified() {
        format!("http://localhost:{}", listening.port())
    } else {
        format!("http://{listening}")
    }
}

const LISTEN: &str = "--listen (IPAWARE_LISTEN)";

fn read_listen(option: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_error| {
        ConfigError::new(
            option,
            format!("{text:?} is no address with a port; write it like 127.0.0.1:3000 or [::1]:3000."),
        )
    })
}

/// What was said, if anything was.
fn given(value: Option<String>) -> Option<String> {
    value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The data folder, and where the database is.
pub(crate) fn read_database(
    data_dir: Option<String>,
    database_url: Option<String>,
) -> Result<(PathBuf, String), ConfigError> {
    let data_dir = PathBuf::from(given(data_dir).unwrap_or_else(|| "./data".to_owned()));
    let database_url = match given(database_url) {
        Some(url) => read_database_url(&url)?,
        None => data_dir.join("ipaware.db").to_string_lossy().into_owned(),
    };
    Ok((data_dir, database_url))
}

/// Anything with another scheme is refused: taken as a path, it would silently make a file of that name.
fn read_database_url(url: &str) -> Result<String, ConfigError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(url.to_owned());
    }
    let path = ["sqlite://", "sqlite:"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let has_scheme = url.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    });
    match path {
        Some(path) if !path.is_empty() => Ok(path.to_owned()),
        None if !has_scheme => Ok(url.to_owned()),
        _ => Err(ConfigError::new(
            "--database-url (DATABASE_URL)",
            "it must be postgres://user:password@host/database, or sqlite: and the path of a file.",
        )),
    }
}

fn read_public_url(text: &str) -> Result<String, ConfigError> {
    let refuse = || {
        ConfigError::new(
            "--public-url (IPAWARE_PUBLIC_URL)",
            format!("{text:?} is no origin; write scheme and host alone, like https://keys.example.com."),
        )
    };
    let uri: http::Uri = text.parse().map_err(|_error| refuse())?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https")).ok_or_else(refuse)?;
    let authority = uri.authority().filter(|a| !a.as_str().contains('@')).ok_or_else(refuse)?;
    if uri.path() != "/" || uri.query().is_some() {
        return Err(refuse());
    }
    Ok(format!("{scheme}://{authority}"))
}

fn read_otlp_endpoint(text: &str) -> Result<String, ConfigError> {
    let uri = text.parse::<http::Uri>().ok();
    let is_web = |uri: &http::Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none();
    if uri.as_ref().is_some_and(is_web) {
        Ok(text.to_owned())
    } else {
        // Not repeated: it may hold a password.
        Err(ConfigError::new(
            "--otlp-endpoint (OTEL_EXPORTER_OTLP_ENDPOINT)",
            "it must be the address of a collector, like http://localhost:4318.",
        ))
    }
}

fn read_switch(option: &'static str, text: Option<&str>) -> Result<bool, ConfigError> {
    match text {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(ConfigError::new(option, format!("{other:?} is neither true nor false."))),
    }
}

fn read_sign_up(text: Option<&str>) -> Result<SignUpMode, ConfigError> {
    match text {
        None | Some("first") => Ok(SignUpMode::First),
        Some("open") => Ok(SignUpMode::Open),
        Some("closed") => Ok(SignUpMode::Closed),
        Some(other) => Err(ConfigError::new(
            "--sign-up (IPAWARE_SIGN_UP)",
            format!("{other:?} is none of first, open and closed."),
        )),
    }
}

fn read_rate_limit(text: Option<&str>) -> Result<NonZeroU32, ConfigError> {
    let Some(text) = text else { return Ok(PER_MINUTE) };
    text.parse().map_err(|_error| {
        ConfigError::new(
            "--management-rate-limit (IPAWARE_MANAGEMENT_RATE_LIMIT)",
            format!("{text:?} is no number of requests; write it like 600."),
        )
    })
}

fn read_log_format(text: Option<&str>) -> Result<LogFormat, ConfigError> {
    match text {
        None | Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(other) => {
            Err(ConfigError::new("--log-format (IPAWARE_LOG_FORMAT)", format!("{other:?} is neither text nor json.")))
        }
    }
}

fn read_plans(file: Option<PathBuf>, plan: Option<String>) -> Result<Plans, ConfigError> {
    Plans::load(file.as_deref(), plan.as_deref().unwrap_or("Free")).map_err(|failure| {
        ConfigError::new("--plan (IPAWARE_PLAN) or --plans-file (IPAWARE_PLANS_FILE)", failure.to_string())
    })
}

fn read_files(text: &str) -> Vec<PathBuf> {
    text.split(',').map(str::trim).filter(|file| !file.is_empty()).map(PathBuf::from).collect()
}

/// RFC 9116, section 2.5.3: a URI, and for the web an https one. It goes into a text file line by line.
fn read_contact(text: &str) -> Result<String, ConfigError> {
    let known =
        ["mailto:", "https://", "tel:"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    if known && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(ConfigError::new(
            "--security-contact (IPAWARE_SECURITY_CONTACT)",
            format!("{text:?} must start with mailto:, https:// or tel:."),
        ))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn read(set: impl FnOnce(&mut Options)) -> Result<Config, String> {
        let mut options = Options::default();
        set(&mut options);
        Config::read(options).map_err(|error| error.to_string())
    }

    fn refusal(set: impl FnOnce(&mut Options)) -> String {
        read(set).err().expect("a refusal")
    }

    #[test]
    fn without_options_it_serves_this_machine_with_a_database_file() {
        let config = read(|_| {}).expect("a configuration");
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.database_url, "./data/ipaware.db");
        assert_eq!(config.pepper_file, PathBuf::from("./data/pepper"));
        assert_eq!(config.sign_up, SignUpMode::First);
        assert!(!config.is_https());
    }

    #[test]
    fn an_empty_value_counts_as_not_set() {
        let config = read(|o| {
            o.listen = Some(String::new());
            o.database_url = Some("  ".to_owned());
            o.public_url = Some(String::new());
        });
        assert_eq!(config.expect("a configuration").database_url, "./data/ipaware.db");
    }

    #[test]
    fn a_wrong_value_is_refused_with_the_option_and_what_would_be_right() {
        for (sentence, hint) in [
            (refusal(|o| o.listen = Some("3000".to_owned())), "127.0.0.1:3000"),
            (refusal(|o| o.public_url = Some("keys.example.com".to_owned())), "https://keys.example.com"),
            (refusal(|o| o.public_url = Some("https://a.example/console".to_owned())), "scheme and host alone"),
            (refusal(|o| o.sign_up = Some("yes".to_owned())), "first, open and closed"),
            (refusal(|o| o.trusted_proxies = Some("10.0.0.0/40".to_owned())), "10.0.0.0/8"),
            (refusal(|o| o.plan = Some("Gold".to_owned())), "Free"),
            (refusal(|o| o.management_rate_limit = Some("0".to_owned())), "like 600"),
            (refusal(|o| o.log_format = Some("xml".to_owned())), "neither text nor json"),
            (refusal(|o| o.security_contact = Some("me".to_owned())), "mailto:"),
        ] {
            assert!(sentence.starts_with("--") && sentence.contains(hint), "{sentence}");
        }
    }

    #[test]
    fn the_database_is_postgresql_or_a_file_and_a_refusal_repeats_no_password() {
        let url = |text: &str| read(|o| o.database_url = Some(text.to_owned())).map(|config| config.database_url);
        assert_eq!(url("postgres://u:p@h/d").as_deref(), Ok("postgres://u:p@h/d"));
        assert_eq!(url("sqlite:/var/lib/x.db").as_deref(), Ok("/var/lib/x.db"));
        assert_eq!(url("sqlite://x.db").as_deref(), Ok("x.db"));
        assert_eq!(url("/var/lib/x.db").as_deref(), Ok("/var/lib/x.db"));
        let refused = url("mysql://root:hunter2@h/d").expect_err("a refusal");
        assert!(refused.contains("DATABASE_URL") && !refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn links_lead_to_the_public_url_or_to_where_the_server_listens() {
        let url = |public: Option<&str>, listening: &str| {
            let config = read(|o| o.public_url = public.map(str::to_owned)).expect("a configuration");
            config.backend_settings(listening.parse().expect("an address")).mail.public_url
        };
        assert_eq!(url(Some("https://keys.example.com/"), "127.0.0.1:3000"), "https://keys.example.com");
        assert_eq!(url(None, "127.0.0.1:41234"), "http://127.0.0.1:41234");
        assert_eq!(url(None, "[::1]:3000"), "http://[::1]:3000");
        assert_eq!(url(None, "0.0.0.0:80"), "http://localhost:80");
    }

    #[test]
    fn only_https_makes_cookies_secure() {
        let is_https = |url: &str| read(|o| o.public_url = Some(url.to_owned())).map(|config| config.is_https());
        assert_eq!(is_https("https://keys.example.com/"), Ok(true));
        assert_eq!(is_https("http://localhost:3000"), Ok(false));
    }

    #[test]
    fn every_option_has_a_sentence_and_an_environment_variable() {
        let mut command = Cli::command();
        command.build();
        let serve = command.find_subcommand("serve").expect("serve");
        for option in serve.get_arguments().filter(|a| !matches!(a.get_id().as_str(), "help" | "version")) {
            assert!(option.get_help().is_some(), "{}", option.get_id());
            assert!(option.get_env().is_some() || option.get_id() == "demo", "{}", option.get_id());
        }
    }
}
