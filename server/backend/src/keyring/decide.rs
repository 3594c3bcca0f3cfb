//! The rules, in their order, as pure functions over parsed records.
//!
//! What can be seen from the request alone (header, format, checksum) is refused before this, in
//! [`super::credential`]; a secret that the index does not know is refused by the caller. From here on the secret is
//! genuine. What is allowed here is charged to its limits after this, in [`super::allowance`].

use std::{collections::HashMap, sync::Arc};

use shared::{Grants, OrganizationId, RoleId, Timestamp, explain::Rule, key::KeyStatus, verify::Refusal};

use super::{Question, allowance::KeyLimits, index::ById, network::NetworkSet};
use crate::db::row::key::status_at;

/// What verification has to know of a key. Immutable: a change makes another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyState {
    /// Active, paused or revoked; whether it has expired depends on the moment.
    pub(crate) status: KeyStatus,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) role: RoleId,
    /// `None`: from anywhere.
    pub(crate) networks: Option<Box<NetworkSet>>,
    /// `None`: as often as it likes.
    pub(crate) limits: Option<Box<KeyLimits>>,
}

impl KeyState {
    /// Whether it is as any other key of its role and status.
    pub(crate) const fn is_plain(&self) -> bool {
        self.expires_at.is_none() && self.networks.is_none() && self.limits.is_none()
    }
}

/// What verification has to know of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleState {
    name: String,
    json: String,
    permissions: Grants,
}

impl RoleState {
    /// With what it may do.
    #[must_use]
    pub fn new(name: String, permissions: Grants) -> Self {
        let json = serde_json::Value::from(name.as_str()).to_string();
        Self { name, json, permissions }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name as a JSON text, quotes and all: written once and not for every request.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// What it may do.
    #[must_use]
    pub const fn permissions(&self) -> &Grants {
        &self.permissions
    }
}

impl Default for RoleState {
    fn default() -> Self {
        Self::new(String::new(), Grants::default())
    }
}

/// What verification has to know of an organization. Roles and whitelist are one record, so nobody ever sees a new
/// role beside an old list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OrganizationState {
    /// Shared with whoever was just verified, so that telling who that was copies nothing.
    pub(crate) roles: HashMap<RoleId, Arc<RoleState>, ById>,
    pub(crate) whitelist: Whitelist,
    /// How many requests a month the plan allows; `None` for no limit.
    pub(crate) monthly_requests: Option<u64>,
}

/// The organization's list of addresses, and what is done about all others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Whitelist {
    /// Nothing, so there is no need to know it.
    #[default]
    Off,
    /// They are allowed, and counted.
    Report(NetworkSet),
    /// They are refused.
    On(NetworkSet),
}

/// A genuine secret with everything the rules look at.
pub(crate) struct Records<'r> {
    pub(crate) key: &'r KeyState,
    /// Set while a revocation or a pause is being made durable: it refuses already.
    pub(crate) held: Option<KeyStatus>,
    /// Set for the old secret of a rotation.
    pub(crate) retires_at: Option<Timestamp>,
    pub(crate) organization_id: OrganizationId,
    pub(crate) organization: &'r OrganizationState,
    pub(crate) requests_this_month: u64,
}

/// A question at a moment.
pub(crate) struct Asked<'q> {
    pub(crate) question: &'q Question<'q>,
    pub(crate) now: Timestamp,
}

/// What a rule says.
type Judgement = Result<(), Refusal>;

/// The rules by name, in their order, and the two things that are made of them: the decision, which stops at the first
/// one that refuses, and the explanation, which tells how far it came. Both are this one list, so they cannot disagree.
macro_rules! rules {
    ($($rule:ident => $judge:ident;)*) => {
        /// Whether the request is allowed, and if not, by which rule: the first one it breaks.
        pub(crate) fn decide(records: &Records<'_>, asked: &Asked<'_>) -> Judgement {
            $($judge(records, asked)?;)*
            Ok(())
        }

        /// Each rule in its order with what it says; `None` for those behind the first one that refuses.
        pub(crate) fn explain(records: &Records<'_>, asked: &Asked<'_>) -> Vec<(Rule, Option<Judgement>)> {
            let mut steps: Vec<(Rule, Option<Judgement>)> = Vec::new();
            $(
                let reached = steps.last().is_none_or(|(_, said)| *said == Some(Ok(())));
                steps.push((Rule::$rule, reached.then(|| $judge(records, asked))));
            )*
            steps
        }
    };
}

rules! {
    Organization => organization;
    Status => status;
    Secret => secret;
    KeyNetworks => key_networks;
    Whitelist => whitelist;
    Permission => permission;
    RateLimits => rate_limits;
    MonthlyRequests => monthly_requests;
}

// Another organization's key is as good as none.
fn organization(records: &Records<'_>, asked: &Asked<'_>) -> Judgement {
    match asked.question.organization {
        Some(wanted) if wanted != records.organization_id => Err(Refusal::Unknown),
        _ => Ok(()),
    }
}

fn status(records: &Records<'_>, asked: &Asked<'_>) -> Judgement {
    let key = records.key;
    match records.held.unwrap_or_else(|| status_at(key.status, key.expires_at, asked.now)) {
        KeyStatus::Active => Ok(()),
        KeyStatus::Revoked => Err(Refusal::Revoked),
        KeyStatus::Paused => Err(Refusal::Paused),
        KeyStatus::Expired => Err(Refusal::Expired),
    }
}

fn secret(records: &Records<'_>, asked: &Asked<'_>) -> Judgement {
    match records.retires_at {
        Some(at) if asked.now >= at => Err(Refusal::Revoked),
        _ => Ok(()),
    }
}

fn key_networks(records: &Records<'_>, asked: &Asked<'_>) -> Judgement {
    on_the_list(records.key.networks.as_deref(), asked)
}

fn whitelist(records: &Records<'_>, asked: &Asked<'_>) -> Judgement {
    match &records.organization.whitelist {
        Whitelist::On(list) => on_the_list(Some(list), asked),
        Whitelist::Off | Whitelist::Report(_) => Ok(()),
    }
}

/// No list allows every address, and also none at all.
fn on_the_list(list: Option<&NetworkSet>, asked: &Asked<'_>) -> Judgement {
    match list {
        Some(list) if !is_on(list, asked.question) => Err(Refusal::IpNotAllowed),
        _ => Ok(()),
    }
}

fn permission(records: &Records<'_>, asked: &Asked<'_>) -> Judgement {
    let permissions = &asked.question.permissions;
    if permissions.is_empty() {
        return Ok(());
    }
    let held = records.organization.roles.get(&records.key.role).map(|role| &role.permissions);
    if held.is_some_and(|held| permissions.iter().all(|asked| asked.is_held_by(held))) {
        Ok(())
    } else {
        Err(Refusal::PermissionMissing)
    }
}

fn rate_limits(records: &Records<'_>, asked: &Asked<'_>) -> Judgement {
    match &records.key.limits {
        Some(limits) if limits.are_used_up(asked.now) => Err(Refusal::LimitExceeded),
        _ => Ok(()),
    }
}

fn monthly_requests(records: &Records<'_>, _: &Asked<'_>) -> Judgement {
    match records.organization.monthly_requests {
        Some(limit) if records.requests_this_month >= limit => Err(Refusal::LimitExceeded),
        _ => Ok(()),
    }
}

/// Whether a request that [`decide`] allows would be refused, were the whitelist switched on and not only reporting.
pub(crate) fn is_reported(organization: &OrganizationState, question: &Question<'_>) -> bool {
    matches!(&organization.whitelist, Whitelist::Report(list) if !is_on(list, question))
}

/// Whether the list allows the address. None allows one that is not known.
fn is_on(list: &NetworkSet, question: &Question<'_>) -> bool {
    question.address.is_some_and(|address| list.contains(address))
}

#[cfg(test)]
mod tests {
    use shared::{Permission, PermissionSet};
    use smallvec::smallvec;

    use super::*;
    use crate::keyring::AskedPermission;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
    const ROLE: RoleId = RoleId::from_bits(1);
    const OWN: OrganizationId = OrganizationId::from_bits(2);

    struct Case {
        key: KeyState,
        held: Option<KeyStatus>,
        retires_at: Option<Timestamp>,
        organization: OrganizationState,
        used: u64,
        question: Question<'static>,
    }

    fn case() -> Case {
        let role = RoleState::new("API Client".to_owned(), PermissionSet::of(&[Permission::IpLookup]).into());
        Case {
            key: KeyState { status: KeyStatus::Active, expires_at: None, role: ROLE, networks: None, limits: None },
            held: None,
            retires_at: None,
            organization: OrganizationState {
                roles: HashMap::from_iter([(ROLE, Arc::new(role))]),
                ..Default::default()
            },
            used: 0,
            question: Question {
                permissions: smallvec![AskedPermission::read("ip.lookup")],
                address: "203.0.113.9".parse().ok(),
                ..Question::default()
            },
        }
    }

    impl Case {
        fn ask<T>(&self, now: Timestamp, about: impl Fn(&Records<'_>, &Asked<'_>) -> T) -> T {
            let records = Records {
                key: &self.key,
                held: self.held,
                retires_at: self.retires_at,
                organization_id: OWN,
                organization: &self.organization,
                requests_this_month: self.used,
            };
            about(&records, &Asked { question: &self.question, now })
        }

        fn steps(&self, now: Timestamp) -> Vec<(Rule, Option<Judgement>)> {
            self.ask(now, explain)
        }

        /// The decision; the explanation says the same, and nothing of the rules behind it.
        fn at(&self, now: Timestamp) -> Judgement {
            let (decided, steps) = (self.ask(now, decide), self.steps(now));
            let passed = steps.iter().take_while(|(_, said)| *said == Some(Ok(()))).count();
            let mut others = steps.into_iter().skip(passed).map(|(_, said)| said);
            assert_eq!(others.next(), decided.err().map(|refusal| Some(Err(refusal))));
            assert!(others.all(|said| said.is_none()));
            decided
        }
    }

    fn networks(text: &str) -> NetworkSet {
        NetworkSet::new([text.parse().expect("a network")])
    }

    #[test]
    fn every_rule_is_explained_in_its_order() {
        let case = case();
        let rules: Vec<_> = case.steps(NOW).into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(rules, Rule::ALL);
    }

    #[test]
    fn an_active_key_with_the_permission_is_allowed() {
        assert_eq!(case().at(NOW), Ok(()));
    }

    /// Every rule is broken at once; mending them one by one shows the next in the published order.
    #[test]
    fn the_first_broken_rule_is_the_answer() {
        let mut case = case();
        case.question.organization = Some(OrganizationId::from_bits(99));
        case.key.status = KeyStatus::Revoked;
        case.key.networks = Some(Box::new(networks("198.51.100.0/24")));
        case.organization.whitelist = Whitelist::On(networks("192.0.2.0/24"));
        case.question.permissions.push(AskedPermission::read("api.key.create"));
        case.organization.monthly_requests = Some(10);
        case.used = 10;
        let limits = KeyLimits::new(&["1/h".parse().expect("a limit")]);
        assert_eq!(limits.charge_alone(NOW), Ok(()));
        case.key.limits = Some(Box::new(limits));

        assert_eq!(case.at(NOW), Err(Refusal::Unknown));
        case.question.organization = Some(OWN);
        assert_eq!(case.at(NOW), Err(Refusal::Revoked));
        case.key.status = KeyStatus::Active;
        assert_eq!(case.at(NOW), Err(Refusal::IpNotAllowed), "the key's own list");
        case.key.networks = Some(Box::new(networks("203.0.113.0/24")));
        assert_eq!(case.at(NOW), Err(Refusal::IpNotAllowed), "the whitelist");
        case.organization.whitelist = Whitelist::On(networks("203.0.113.9/32"));
        assert_eq!(case.at(NOW), Err(Refusal::PermissionMissing));
        case.question.permissions.pop();
        assert_eq!(case.at(NOW), Err(Refusal::LimitExceeded));
        case.used = 9;
        assert_eq!(case.at(NOW), Err(Refusal::LimitExceeded), "the key's own limit");
        case.key.limits = None;
        assert_eq!(case.at(NOW), Ok(()));
    }

    #[test]
    fn a_key_expires_at_its_very_moment_and_comes_back_when_the_clock_steps_back() {
        let mut case = case();
        case.key.expires_at = Some(NOW);
        assert_eq!(case.at(Timestamp::from_micros(NOW.micros() - 1)), Ok(()));
        assert_eq!(case.at(NOW), Err(Refusal::Expired));
        assert_eq!(case.at(NOW.plus_seconds(1)), Err(Refusal::Expired));
        assert_eq!(case.at(NOW.plus_seconds(-1)), Ok(()));
    }

    #[test]
    fn a_retiring_secret_works_until_its_moment() {
        let mut case = case();
        case.retires_at = Some(NOW);
        assert_eq!(case.at(NOW.plus_seconds(-1)), Ok(()));
        assert_eq!(case.at(NOW), Err(Refusal::Revoked));
    }

    #[test]
    fn a_held_key_is_refused_before_its_record_says_so() {
        for (held, refusal) in [(KeyStatus::Revoked, Refusal::Revoked), (KeyStatus::Paused, Refusal::Paused)] {
            let mut case = case();
            case.held = Some(held);
            assert_eq!(case.at(NOW), Err(refusal));
        }
    }

    #[test]
    fn without_an_address_no_list_allows_it() {
        let mut case = case();
        case.question.address = None;
        assert_eq!(case.at(NOW), Ok(()));
        case.key.networks = Some(Box::new(networks("0.0.0.0/0")));
        assert_eq!(case.at(NOW), Err(Refusal::IpNotAllowed));
    }

    #[test]
    fn a_whitelist_that_only_reports_refuses_nothing_and_tells_what_it_would_refuse() {
        let mut case = case();
        for (whitelist, reported) in [
            (Whitelist::Off, false),
            (Whitelist::Report(networks("203.0.113.0/24")), false),
            (Whitelist::Report(networks("192.0.2.0/24")), true),
            (Whitelist::Report(NetworkSet::default()), true),
            (Whitelist::On(networks("203.0.113.0/24")), false),
        ] {
            case.organization.whitelist = whitelist;
            assert_eq!(case.at(NOW), Ok(()));
            assert_eq!(is_reported(&case.organization, &case.question), reported, "{:?}", case.organization.whitelist);
        }
        case.organization.whitelist = Whitelist::Report(networks("0.0.0.0/0"));
        case.question.address = None;
        assert!(is_reported(&case.organization, &case.question), "an unknown address is on no list");
    }

    #[test]
    fn an_application_permission_is_held_by_the_roles_that_were_given_it() {
        let mut case = case();
        case.question.permissions = smallvec![AskedPermission::read("ip.lookup"), AskedPermission::read("orders.read")];
        assert_eq!(case.at(NOW), Err(Refusal::PermissionMissing));
        let permissions = ["ip.lookup", "orders.read"].into_iter().collect();
        case.organization.roles.insert(ROLE, Arc::new(RoleState::new("Shop".to_owned(), permissions)));
        assert_eq!(case.at(NOW), Ok(()));
        case.question.permissions.push(AskedPermission::read("orders.write"));
        assert_eq!(case.at(NOW), Err(Refusal::PermissionMissing));
    }

    #[test]
    fn a_role_that_is_gone_holds_nothing() {
        let mut case = case();
        case.question.permissions = smallvec![AskedPermission::read("ip.lookup")];
        case.organization.roles.clear();
        assert_eq!(case.at(NOW), Err(Refusal::PermissionMissing));
    }
}
