//! What somebody tried and may not do, on its way into the trail.
//!
//! Noting it costs the refusal a moment with a map in memory, and cannot fail; a task writes it. Whoever tries the same
//! again and again gets an entry at once and then one for each minute, with a count. So nobody can flood the trail: of
//! one actor there are at most [`KINDS_MAX`] entries a minute, and of all at most [`ACTORS_MAX`] actors are remembered.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use serde_json::{Map, Value};
use shared::{
    AppError, InvitationId, KeyId, MemberId, OrganizationId, RoleId, Timestamp, audit::Outcome, field::is_invisible,
};

use super::Said;
use crate::{
    Backend,
    authz::{Authority, Operation, Permit},
    context::Context,
    db::{
        anydb::AnyConnection,
        column::Id,
        pool::Store,
        schema::{api_keys, invitations, members, roles, users},
        tx::WriteTx,
    },
    failure::Failure,
    keyring::secret,
};

/// For how long the same attempts are gathered into one entry.
const GATHERED_SECONDS: i64 = 60;
/// How many different things of one actor are told apart within that time.
const KINDS_MAX: usize = 20;
/// What stands for all the others.
const ANYTHING: &str = "many";
/// How many targets an entry names.
const TARGETS_MAX: usize = 20;
/// How many actors are remembered at once. The attempts of more than that are in the log alone.
const ACTORS_MAX: usize = 5_000;
/// The longest text that can be an id, a name or a path of ours.
const TARGET_MAX: usize = 100;

/// What somebody wanted to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    action: String,
    target: Option<String>,
}

impl Tried {
    /// `action` is noun and verb: `key.revoke`. What cannot be an id, a name or a path is no target: it may be anything,
    /// even a secret.
    #[must_use]
    pub fn new(action: impl Into<String>, target: Option<&str>) -> Self {
        let is_plain = |text: &&str| {
            !text.is_empty() && text.len() <= TARGET_MAX && !text.contains(is_invisible) && !secret::is_hinted_at(text)
        };
        Self { action: action.into(), target: target.filter(is_plain).map(str::to_owned) }
    }
}

/// Why it was refused: a word, and the permission that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Why {
    reason: &'static str,
    permission: Option<String>,
}

impl Why {
    /// `None` for what was refused because it does not fit, and not because of who asked.
    fn of(error: &AppError) -> Option<Self> {
        let (reason, permission) = match error {
            AppError::Forbidden { permission } => ("permission_missing", Some(permission.name().to_owned())),
            AppError::AboveCeiling { permission, .. } => ("above_ceiling", Some(permission.clone())),
            AppError::OwnerOnly => ("owner_only", None),
            AppError::LastOwner => ("last_owner", None),
            AppError::SystemRoleLocked => ("system_role_locked", None),
            AppError::WrongCredentials => ("wrong_password", None),
            _ => return None,
        };
        Some(Self { reason, permission })
    }
}

/// Attempts that are told in one entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    action: String,
    why: Option<Why>,
}

/// Whose attempts.
type Whose = (OrganizationId, String);

/// What gathers of one kind.
#[derive(Debug, Clone)]
struct Gathered {
    /// Whoever tried it last, with that request.
    authority: Authority,
    first: Timestamp,
    last: Timestamp,
    targets: Vec<String>,
    /// How many were not written yet.
    times: u64,
    /// Until when more are waited for; `None`: this is the first, which is written at once.
    until: Option<Timestamp>,
}

impl Gathered {
    fn begin(authority: &Authority, now: Timestamp) -> Self {
        Self { authority: authority.clone(), first: now, last: now, targets: Vec::new(), times: 0, until: None }
    }

    fn add(&mut self, authority: &Authority, target: Option<String>, now: Timestamp) {
        if self.times == 0 {
            self.first = now;
            self.targets.clear();
        }
        self.authority = authority.clone();
        self.last = now;
        self.times += 1;
        if let Some(target) = target.filter(|target| !self.targets.contains(target))
            && self.targets.len() < TARGETS_MAX
        {
            self.targets.push(target);
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until <= now)
    }
}

/// The attempts that are remembered.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    gathered: Mutex<HashMap<Whose, HashMap<Kind, Gathered>>>,
    /// Held while they are written, so that none is written twice.
    writing: tokio::sync::Mutex<()>,
}

impl Attempts {
    /// Notes that `error` was the answer.
    pub(crate) fn note(&self, authority: &Authority, tried: Tried, error: &AppError, now: Timestamp) {
        let Some(why) = Why::of(error) else { return };
        let mut gathered = self.locked();
        let whose = (authority.organization, whose_id(authority));
        if gathered.len() >= ACTORS_MAX && !gathered.contains_key(&whose) {
            return;
        }
        let kinds = gathered.entry(whose).or_default();
        let mut kind = Kind { action: tried.action, why: Some(why) };
        if kinds.len() >= KINDS_MAX && !kinds.contains_key(&kind) {
            kind = Kind { action: ANYTHING.to_owned(), why: None };
        }
        kinds.entry(kind).or_insert_with(|| Gathered::begin(authority, now)).add(authority, tried.target, now);
    }

    /// Writes what is due; with `all`, what is still being gathered, too.
    ///
    /// # Errors
    /// When the database does not take it. Nothing is lost by that: it is tried again the next time.
    pub(crate) async fn write(&self, store: &Store, now: Timestamp, all: bool) -> Result<(), Failure> {
        let _alone = self.writing.lock().await;
        for (whose, kind, gathered) in self.due(now, all) {
            let mut tx = WriteTx::begin_for(store, &gathered.authority, gathered.last).await?;
            let name = name_of(&mut tx, &gathered.targets).await?;
            tx.commit_alone(said(&kind, &gathered, name)).await?;
            self.written(&whose, &kind, gathered.times, now);
        }
        Ok(())
    }

    fn due(&self, now: Timestamp, all: bool) -> Vec<(Whose, Kind, Gathered)> {
        let mut gathered = self.locked();
        gathered.retain(|_, kinds| {
            kinds.retain(|_, gathered| gathered.times > 0 || !gathered.is_over(now));
            !kinds.is_empty()
        });
        let all_kinds = gathered.iter().flat_map(|(whose, kinds)| kinds.iter().map(move |(kind, g)| (whose, kind, g)));
        let due = all_kinds.filter(|(_, _, gathered)| gathered.times > 0 && (all || gathered.is_over(now)));
        let mut due: Vec<_> = due.map(|(whose, kind, g)| (whose.clone(), kind.clone(), g.clone())).collect();
        due.sort_by_key(|(_, _, gathered)| gathered.last);
        due
    }

    fn written(&self, whose: &Whose, kind: &Kind, times: u64, now: Timestamp) {
        let mut gathered = self.locked();
        if let Some(gathered) = gathered.get_mut(whose).and_then(|kinds| kinds.get_mut(kind)) {
            gathered.times = gathered.times.saturating_sub(times);
            gathered.first = gathered.last;
            gathered.until = Some(now.plus_seconds(GATHERED_SECONDS));
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Whose, HashMap<Kind, Gathered>>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Strangers are told apart by whom they say to be, which is bounded by the members there are.
fn whose_id(authority: &Authority) -> String {
    format!("{} {}", authority.actor.id(), authority.actor)
}

fn said(kind: &Kind, gathered: &Gathered, name: Option<String>) -> Said {
    let Gathered { first, last, targets, times, .. } = gathered;
    let mut detail = Map::new();
    if let Some(Why { reason, permission }) = &kind.why {
        detail.insert("reason".to_owned(), (*reason).into());
        detail.extend(permission.clone().map(|permission| ("permission".to_owned(), permission.into())));
    }
    detail.extend(name.map(|name| ("name".to_owned(), name.into())));
    if *times > 1 {
        detail.insert("times".to_owned(), (*times).into());
        if first != last {
            detail.insert("since".to_owned(), first.rfc3339().into());
        }
    }
    if targets.len() > 1 {
        detail.insert("targets".to_owned(), targets.clone().into());
    }
    Said {
        outcome: Outcome::Refused,
        action: kind.action.clone(),
        target: targets.last().cloned().unwrap_or_default(),
        detail: Value::Object(detail),
    }
}

/// What the one target is called, if it is a thing of the organization.
async fn name_of(tx: &mut WriteTx, targets: &[String]) -> Result<Option<String>, Failure> {
    let [target] = targets else { return Ok(None) };
    let organization = tx.organization_id();
    let connection: &mut AnyConnection = tx.connection()?;
    macro_rules! first {
        ($query:expr) => {
            Ok($query.first(connection).await.optional()?)
        };
    }
    if let Ok(id) = target.parse::<KeyId>() {
        let keys = api_keys::table.find(Id(id)).filter(api_keys::organization_id.eq(organization));
        first!(keys.select(api_keys::name))
    } else if let Ok(id) = target.parse::<RoleId>() {
        let roles = roles::table.find(Id(id)).filter(roles::organization_id.eq(organization));
        first!(roles.select(roles::name))
    } else if let Ok(id) = target.parse::<MemberId>() {
        let members = members::table.inner_join(users::table).filter(members::id.eq(Id(id)));
        first!(members.filter(members::organization_id.eq(organization)).select(users::email))
    } else if let Ok(id) = target.parse::<InvitationId>() {
        let invitations = invitations::table.find(Id(id)).filter(invitations::organization_id.eq(organization));
        first!(invitations.select(invitations::email))
    } else {
        Ok(None)
    }
}

impl Context {
    /// Notes for the trail that this was refused, if it was because of who asked.
    pub fn note_refusal(&self, tried: Tried, failure: &Failure) {
        self.backend.note_attempt(&self.authority, tried, failure);
    }
}

impl Backend {
    /// The same for an operation that the caller had the permit for.
    pub fn note_refusal<O: Operation>(&self, permit: &Permit<O>, tried: Tried, failure: &Failure) {
        self.note_attempt(permit.authority(), tried, failure);
    }

    pub(crate) fn note_attempt(&self, authority: &Authority, tried: Tried, failure: &Failure) {
        if let Failure::Told(error) = failure {
            self.inner.attempts.note(authority, tried, error, self.now());
        }
    }

    /// Writes the attempts that wait for it. A running server does so each second.
    ///
    /// # Errors
    /// When the database does not take them; nothing is lost by that.
    pub async fn flush_attempts(&self) -> Result<(), Failure> {
        self.inner.attempts.write(&self.inner.store, self.now(), false).await
    }

    /// The same before the server stops, also for those that are still being gathered.
    pub(crate) async fn flush_all_attempts(&self) -> Result<(), Failure> {
        self.inner.attempts.write(&self.inner.store, self.now(), true).await
    }
}

#[cfg(test)]
mod tests {
    use shared::Permission;

    use super::*;
    use crate::context::RequestInfo;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
    const REFUSED: AppError = AppError::Forbidden { permission: Permission::KeyDelete };

    fn member(number: u128) -> Authority {
        let request = RequestInfo::default();
        Authority::of_member(OrganizationId::from_bits(1), MemberId::from_bits(number), "ada@example.com", &request)
    }

    fn revoke(target: &str) -> Tried {
        Tried::new("key.revoke", Some(target))
    }

    /// Writes what is due, into this list of how many times and which targets.
    fn write(attempts: &Attempts, now: Timestamp) -> Vec<(u64, usize)> {
        let due = attempts.due(now, false);
        due.iter().for_each(|(whose, kind, gathered)| attempts.written(whose, kind, gathered.times, now));
        due.into_iter().map(|(.., gathered)| (gathered.times, gathered.targets.len())).collect()
    }

    #[test]
    fn the_first_is_told_at_once_and_the_others_once_a_minute() {
        let attempts = Attempts::default();
        attempts.note(&member(1), revoke("key_1"), &REFUSED, NOW);
        assert_eq!(write(&attempts, NOW), [(1, 1)]);
        for second in 1..=150 {
            let now = NOW.plus_seconds(second);
            attempts.note(&member(1), revoke(&format!("key_{second}")), &REFUSED, now);
            let told = write(&attempts, now);
            match second {
                60 | 120 => assert_eq!(told, [(60, TARGETS_MAX)], "{second}"),
                _ => assert_eq!(told, [], "{second}"),
            }
        }
        assert_eq!(write(&attempts, NOW.plus_seconds(180)), [(30, TARGETS_MAX)]);
        assert_eq!(write(&attempts, NOW.plus_seconds(240)), []);
        assert!(attempts.locked().is_empty(), "nothing is remembered for ever");
    }

    #[test]
    fn whoever_tries_everything_gets_a_bounded_number_of_entries() {
        let attempts = Attempts::default();
        for number in 0..1_000 {
            attempts.note(&member(1), Tried::new(format!("thing.{number}"), None), &REFUSED, NOW);
        }
        let told = write(&attempts, NOW);
        assert_eq!(told.len(), KINDS_MAX + 1);
        assert_eq!(told.iter().map(|(times, _)| times).sum::<u64>(), 1_000, "all are counted");
        for number in 0..2 * ACTORS_MAX {
            attempts.note(&member(number as u128), revoke("key_1"), &REFUSED, NOW);
        }
        assert_eq!(attempts.locked().len(), ACTORS_MAX);
    }

    #[test]
    fn only_refusals_because_of_who_asked_are_attempts() {
        let attempts = Attempts::default();
        for error in [AppError::not_found("API key"), AppError::field("name", "It is taken."), AppError::SignedOut] {
            attempts.note(&member(1), revoke("key_1"), &error, NOW);
        }
        assert_eq!(write(&attempts, NOW), []);
    }

    #[test]
    fn what_may_be_a_secret_is_no_target() {
        for bad in [&*format!("ipaware_prod_{}", "x".repeat(30)), "a\nb", "", &"x".repeat(101)] {
            assert_eq!(Tried::new("key.revoke", Some(bad)).target, None, "{bad:?}");
        }
        assert_eq!(revoke("orders.read").target.as_deref(), Some("orders.read"));
    }
}
