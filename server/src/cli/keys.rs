//! `ipaware keys`: the API keys.

use clap::{Args, Subcommand, builder::PossibleValuesParser};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::{
    KeyId, Timestamp,
    key::{Environment, KeySort, StatusFilter},
    limit::RateLimit,
    rotation,
};

use super::{
    ask,
    client::{Answer, Client, read},
    failure::Failure,
    output, roles,
};

const PATH: &str = "/v1/keys";
/// Behind a key's path.
const RATE_LIMITS: &str = "/rate-limits";

/// What to do with keys.
#[derive(Debug, Args)]
#[command(after_help = super::ENVIRONMENT)]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
    /// Print the server's own JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the keys: newest first and without the revoked ones, unless the options say otherwise.
    List(Filters),
    /// Create a key. Its secret alone goes to standard output, and is shown this once.
    Create(New),
    /// Show a key.
    Show(Which),
    /// Change some of a key's fields. Refused if somebody else changes it at the same moment.
    Edit(Edit),
    /// Refuse a key from now on, until it is resumed.
    Pause(Which),
    /// Let a paused key through again.
    Resume(Which),
    /// Give a key another secret, which alone goes to standard output, and is shown this once. The one before goes on
    /// working for a while.
    Rotate(Rotate),
    /// Refuse the old secret of a rotation from now on.
    Retire(Which),
    /// Refuse a key for good.
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Which {
    /// The key's ID, as the list shows it.
    #[arg(value_name = "KEY")]
    id: String,
}

#[derive(Debug, Args)]
struct Filters {
    /// Only keys in this state; `current` are all that are not revoked.
    #[arg(long, value_parser = words(StatusFilter::ALL, StatusFilter::code))]
    status: Option<String>,
    /// Only keys of this environment.
    #[arg(long, value_parser = environments())]
    environment: Option<String>,
    /// Only keys with this role: its ID or its name.
    #[arg(long)]
    role: Option<String>,
    /// Part of a name, a key's ID, or the last four characters of a secret.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only keys that made no request for 90 days, or never did.
    #[arg(long)]
    unused: bool,
    /// By which column.
    #[arg(long, value_parser = words(KeySort::ALL, KeySort::code))]
    sort: Option<String>,
    /// In which direction. [default: names from A, dates from the newest]
    #[arg(long, value_parser = ["asc", "desc"])]
    order: Option<String>,
    /// How many at most. [default: all]
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
struct New {
    /// A label for people.
    #[arg(long)]
    name: String,
    /// Where the key will be used. It is part of the secret.
    #[arg(long, value_parser = environments())]
    environment: String,
    /// Its role: an ID or a name. You have to hold all that the role holds.
    #[arg(long)]
    role: String,
    /// The last day on which it works (2027-01-31, in UTC), or the moment from which on it is refused
    /// (2027-01-31T12:00:00Z). [default: never]
    #[arg(long, value_name = "DAY|MOMENT|never", value_parser = expiry)]
    expires: Option<Expiry>,
}

#[derive(Debug, Args)]
struct Edit {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    changes: Changes,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// Another label.
    #[arg(long)]
    name: Option<String>,
    /// Another role: an ID or a name.
    #[arg(long)]
    role: Option<String>,
    /// Another environment. The secret keeps the word that it was made with.
    #[arg(long, value_parser = environments())]
    environment: Option<String>,
    /// The last day on which it works (2027-01-31, in UTC), the moment from which on it is refused
    /// (2027-01-31T12:00:00Z), or never.
    #[arg(long, value_name = "DAY|MOMENT|never", value_parser = expiry)]
    expires: Option<Expiry>,
    /// How many requests it may make: 10/s, 100/m, 1000/h or 10000/d. Repeat it for other windows; together they take
    /// the place of all limits that the key has.
    #[arg(long = "rate-limit", value_name = "REQUESTS/WINDOW", conflicts_with = "no_rate_limit")]
    rate_limits: Vec<RateLimit>,
    /// Take all rate limits away.
    #[arg(long)]
    no_rate_limit: bool,
}

#[derive(Debug, Args)]
struct Rotate {
    #[command(flatten)]
    which: Which,
    /// For how long the old secret goes on working: 0, or a number of hours or days such as 12h or 7d; 30d at most.
    #[arg(long, value_name = "TIME", value_parser = overlap, default_value = "24h")]
    overlap: u32,
    /// End a rotation that is under way.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct Revoke {
    #[command(flatten)]
    which: Which,
    /// For whoever looks at the key later.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// From when on a key is refused; `None` for never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Expiry(Option<Timestamp>);

impl Expiry {
    fn json(self) -> Value {
        self.0.map(Timestamp::rfc3339).into()
    }
}

/// What is shown of a key.
#[derive(Deserialize)]
struct Key {
    id: String,
    name: String,
    role: Role,
    environment: String,
    status: String,
    created_at: String,
    created_by: String,
    expires_at: Option<String>,
    secret_last4: String,
    retiring: Option<Retiring>,
    last_used: Option<LastUsed>,
    revoked: Option<Revocation>,
}

#[derive(Deserialize)]
struct Role {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Retiring {
    last4: String,
    retires_at: String,
}

#[derive(Deserialize)]
struct LastUsed {
    at: String,
    address: String,
}

#[derive(Deserialize)]
struct Revocation {
    at: String,
    by: String,
    reason: Option<String>,
}

/// How often a key may be used.
#[derive(Deserialize)]
struct Limits {
    limits: Vec<Limit>,
}

#[derive(Deserialize)]
struct Limit {
    window: String,
    requests: u32,
    used: u32,
}

/// The answer to a creation. Deliberately without `Debug`.
#[derive(Deserialize)]
struct Created {
    key: Key,
    /// `None`: it was in an answer that got lost.
    secret: Option<String>,
}

impl Keys {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self { command, json } = self;
        match command {
            Command::List(filters) => list(filters, json),
            Command::Create(new) => create(new, json),
            Command::Show(which) => show_with_limits(&Client::of_environment()?, &which.path()?, None, json),
            Command::Edit(edit) => edit_key(edit, json),
            Command::Pause(which) => act(&which, "pause", json),
            Command::Resume(which) => act(&which, "resume", json),
            Command::Rotate(rotate) => rotate_key(&rotate, json),
            Command::Retire(which) => act(&which, "retire", json),
            Command::Revoke(revoke) => revoke_key(&revoke, json),
        }
    }
}

impl Which {
    /// What is no ID is not repeated: somebody may have taken the secret for it.
    fn path(&self) -> Result<String, Failure> {
        let id: KeyId =
            self.id.parse().map_err(|problem| Failure::wrong_call(format!("KEY is no key's ID: {problem}.")))?;
        Ok(format!("{PATH}/{id}"))
    }
}

fn list(filters: Filters, json: bool) -> Result<(), Failure> {
    let client = Client::of_environment()?;
    let Filters { status, environment, role, search, unused, sort, order, limit } = filters;
    let role = role.map(|role| roles::find(&client, &role)).transpose()?.map(|id| id.to_string());
    let unused = unused.then(|| "true".to_owned());
    let filters = [
        ("status", status),
        ("environment", environment),
        ("role", role),
        ("q", search),
        ("unused", unused),
        ("sort", sort),
        ("order", order),
    ];
    let filters: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let items = client.list(PATH, &filters, limit)?;
    if json {
        return output::print(&output::json(&Value::from(items)));
    }
    let keys = items.iter().map(read).collect::<Result<Vec<Key>, _>>()?;
    let rows = keys.into_iter().map(|key| {
        let last_used = key.last_used.map_or_else(|| "never".to_owned(), |used| output::moment(&used.at));
        [key.name, key.id, key.environment, key.role.name, key.status, last_used, output::moment(&key.created_at)]
    });
    output::print(&output::table(["Name", "Id", "Environment", "Role", "Status", "Last used", "Created"], rows))
}

fn create(new: New, json: bool) -> Result<(), Failure> {
    let client = Client::of_environment()?;
    let New { name, environment, role, expires } = new;
    let role = roles::find(&client, &role)?;
    let expires = expires.map(Expiry::json);
    let body = json!({ "name": name, "environment": environment, "role_id": role, "expires_at": expires });
    reveal(&client.post(PATH, Some(&body))?, "created", json)
}

fn rotate_key(rotate: &Rotate, json: bool) -> Result<(), Failure> {
    let path = rotate.which.path()?;
    let body = json!({ "overlap_seconds": rotate.overlap, "force": rotate.force });
    reveal(&Client::of_environment()?.post(&format!("{path}/rotate"), Some(&body))?, "rotated", json)
}

/// The secret alone goes to standard output, so that it can be handed on to where it is kept.
fn reveal(answer: &Answer, done: &str, json: bool) -> Result<(), Failure> {
    let Created { key, secret } = answer.read()?;
    let (lost, unwritten) = match done {
        "created" => ("Revoke it, and create another one.", format!("revoke {}, and create another key", key.id)),
        _ => ("Rotate it once more, with --force.", format!("rotate {} once more, with --force", key.id)),
    };
    let Some(secret) = secret else {
        return Err(Failure::trouble(format!(
            "{} was {done}, but the answer with its secret got lost on the way. {lost}",
            key.id
        )));
    };
    output::say(&output::plain(&format!("{} was {done}. Its secret is shown this once; keep it safe.", key.id)));
    let shown = if json { output::json(&answer.data) } else { output::plain(&secret) };
    output::print(&shown).map_err(|failure| Failure::trouble(format!("{failure} The secret is lost: {unwritten}.")))
}

fn edit_key(edit: Edit, json: bool) -> Result<(), Failure> {
    let path = edit.which.path()?;
    let client = Client::of_environment()?;
    let Changes { name, role, environment, expires, rate_limits, no_rate_limit } = edit.changes;
    let role = role.map(|role| roles::find(&client, &role)).transpose()?;
    let fields = [
        ("name", name.map(Value::from)),
        ("role_id", role.map(|id| id.to_string().into())),
        ("environment", environment.map(Value::from)),
        ("expires_at", expires.map(Expiry::json)),
    ];
    let change: Map<_, _> = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let mut changed = None;
    if !change.is_empty() {
        let seen = client.get(&path)?;
        changed = Some(client.patch(&path, &seen, &change.into())?);
    }
    if no_rate_limit || !rate_limits.is_empty() {
        let path = format!("{path}{RATE_LIMITS}");
        let seen = client.get(&path)?;
        client.put(&path, &seen, &json!({ "limits": rate_limits }))?;
    }
    show_with_limits(&client, &path, changed, json)
}

fn revoke_key(revoke: &Revoke, json: bool) -> Result<(), Failure> {
    let path = revoke.which.path()?;
    let client = Client::of_environment()?;
    if !revoke.yes {
        let key: Key = client.get(&path)?.read()?;
        ask::confirm(&format!("The key {} ({}) will be refused everywhere, for good.", key.name, key.id))?;
    }
    let body = revoke.reason.as_ref().map(|reason| json!({ "reason": reason }));
    show(&client.post(&format!("{path}/revoke"), body.as_ref())?, json)
}

/// Pauses, resumes, or retires the old secret.
fn act(which: &Which, what: &str, json: bool) -> Result<(), Failure> {
    let path = format!("{}/{what}", which.path()?);
    show(&Client::of_environment()?.post(&path, None)?, json)
}

/// The key, as an answer has just told or as it is, and how often it may be used.
fn show_with_limits(client: &Client, path: &str, key: Option<Answer>, json: bool) -> Result<(), Failure> {
    let key = key.map_or_else(|| client.get(path), Ok)?;
    if json {
        return show(&key, json);
    }
    let Limits { limits } = client.get(&format!("{path}{RATE_LIMITS}"))?.read()?;
    let said = |Limit { window, requests, used }| format!("{requests} per {window} ({used} used)");
    let lines: Vec<_> = limits.into_iter().map(said).collect();
    print_details(key.read()?, Some(if lines.is_empty() { vec!["none".to_owned()] } else { lines }))
}

fn show(answer: &Answer, json: bool) -> Result<(), Failure> {
    if json { output::print(&output::json(&answer.data)) } else { print_details(answer.read()?, None) }
}

fn print_details(key: Key, limits: Option<Vec<String>>) -> Result<(), Failure> {
    let last_used = key.last_used.map(|used| format!("{} from {}", output::moment(&used.at), used.address));
    let revoked = key.revoked.map(|Revocation { at, by, reason }| {
        let reason = reason.map(|reason| format!(": {reason}"));
        format!("{} by {by}{}", output::moment(&at), reason.unwrap_or_default())
    });
    let retiring = key.retiring.map(|old| format!("…{} until {}", old.last4, output::moment(&old.retires_at)));
    let expires = key.expires_at.as_deref().map(output::moment);
    let never = || "never".to_owned();
    let details = [
        ("Name", vec![key.name]),
        ("Id", vec![key.id]),
        ("Environment", vec![key.environment]),
        ("Role", vec![format!("{} ({})", key.role.name, key.role.id)]),
        ("Status", vec![key.status]),
        ("Secret", vec![format!("…{}", key.secret_last4)]),
        ("Old secret", vec![retiring.unwrap_or_else(|| "none".to_owned())]),
        ("Created", vec![format!("{} by {}", output::moment(&key.created_at), key.created_by)]),
        ("Last used", vec![last_used.unwrap_or_else(never)]),
        ("Expires", vec![expires.unwrap_or_else(never)]),
        ("Revoked", vec![revoked.unwrap_or_else(never)]),
    ];
    output::print(&output::details(details.into_iter().chain(limits.map(|limits| ("Rate limits", limits)))))
}

/// The words that one of the vocabulary's lists knows.
fn words<T: Copy>(all: &[T], code: impl Fn(T) -> &'static str) -> PossibleValuesParser {
    PossibleValuesParser::new(all.iter().map(|word| code(*word)))
}

fn environments() -> PossibleValuesParser {
    words(Environment::ALL, Environment::code)
}

fn expiry(text: &str) -> Result<Expiry, &'static str> {
    if text == "never" {
        return Ok(Expiry(None));
    }
    let moment = Timestamp::end_of_day(text).or_else(|| Timestamp::from_rfc3339(text));
    moment.map(|moment| Expiry(Some(moment))).ok_or("write it as 2027-01-31, as 2027-01-31T12:00:00Z, or as never")
}

fn overlap(text: &str) -> Result<u32, &'static str> {
    let hours = match text.strip_suffix('d') {
        Some(days) => days.parse::<u32>().ok().and_then(|days| days.checked_mul(24)),
        None => text.strip_suffix('h').unwrap_or(if text == "0" { text } else { "" }).parse().ok(),
    };
    let seconds = hours.and_then(|hours| hours.checked_mul(3_600)).and_then(|seconds| rotation::overlap(seconds).ok());
    seconds.ok_or("write it as 0, as 12h, or as 7d; at most 30d")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_hours_or_days() {
        assert_eq!(["0", "12h", "7d", "30d"].map(overlap), [Ok(0), Ok(43_200), Ok(604_800), Ok(2_592_000)]);
        for wrong in ["31d", "721h", "7", "d", "", "-1d", "99999999999d", "4294967295h"] {
            assert!(overlap(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_expires_after_a_day_at_a_moment_or_never() {
        let at = |text| expiry(text).map(Expiry::json);
        assert_eq!(at("2027-01-31"), Ok(json!("2027-02-01T00:00:00Z")));
        assert_eq!(at("2027-01-31T13:00:00+01:00"), Ok(json!("2027-01-31T12:00:00Z")));
        assert_eq!(at("never"), Ok(Value::Null));
        assert!(at("tomorrow").is_err() && at("2027-02-30").is_err() && at("").is_err());
    }
}
