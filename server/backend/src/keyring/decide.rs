//! The rules, in their order, as one pure function over parsed records.
//!
//! What can be seen from the request alone (header, format, checksum) is refused before this, in
//! [`super::credential`]; a secret that the index does not know is refused by the caller. From here on the secret is
//! genuine. What is allowed here is charged to its limits after this, in [`super::allowance`].

use std::{collections::HashMap, sync::Arc};

use shared::{Grants, OrganizationId, RoleId, Timestamp, key::KeyStatus, verify::Refusal};

use super::{AskedPermission, Question, allowance::KeyLimits, index::ById, network::NetworkSet};
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
    /// `None` unless the whitelist is switched on.
    pub(crate) whitelist: Option<NetworkSet>,
    /// How many requests a month the plan allows; `None` for no limit.
    pub(crate) monthly_requests: Option<u64>,
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

/// Whether the request is allowed, and if not, by which rule: the first one it breaks.
pub(crate) fn decide(records: &Records<'_>, asked: &Asked<'_>) -> Result<(), Refusal> {
    let Records { key, organization, .. } = records;
    let Asked { question, now } = *asked;

    // Another organization's key is as good as none.
    if question.organization.is_some_and(|wanted| wanted != records.organization_id) {
        return Err(Refusal::Unknown);
    }

    let status = records.held.unwrap_or_else(|| status_at(key.status, key.expires_at, now));
    match status {
        KeyStatus::Active => {}
        KeyStatus::Revoked => return Err(Refusal::Revoked),
        KeyStatus::Paused => return Err(Refusal::Paused),
        KeyStatus::Expired => return Err(Refusal::Expired),
    }
    if records.retires_at.is_some_and(|at| now >= at) {
        return Err(Refusal::Revoked);
    }

    let lists = key.networks.as_deref().into_iter().chain(organization.whitelist.as_ref());
    for list in lists {
        if !question.address.is_some_and(|address| list.contains(address)) {
            return Err(Refusal::IpNotAllowed);
        }
    }

    if !question.permissions.is_empty() {
        let held = organization.roles.get(&key.role).map(|role| &role.permissions);
        let holds = |held: &Grants, asked: &AskedPermission| match asked {
            AskedPermission::Known(permission) => held.holds(*permission),
            AskedPermission::Own(name) => held.holds_own(name),
        };
        if !held.is_some_and(|held| question.permissions.iter().all(|asked| holds(held, asked))) {
            return Err(Refusal::PermissionMissing);
        }
    }

    if key.limits.as_ref().is_some_and(|limits| limits.are_used_up(now)) {
        return Err(Refusal::LimitExceeded);
    }
    if organization.monthly_requests.is_some_and(|limit| records.requests_this_month >= limit) {
        return Err(Refusal::LimitExceeded);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use shared::{Permission, PermissionSet};
    use smallvec::smallvec;

    use super::*;

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
        fn at(&self, now: Timestamp) -> Result<(), Refusal> {
            let records = Records {
                key: &self.key,
                held: self.held,
                retires_at: self.retires_at,
                organization_id: OWN,
                organization: &self.organization,
                requests_this_month: self.used,
            };
            decide(&records, &Asked { question: &self.question, now })
        }
    }

    fn networks(text: &str) -> NetworkSet {
        NetworkSet::new([text.parse().expect("a network")])
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
        case.organization.whitelist = Some(networks("192.0.2.0/24"));
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
        case.organization.whitelist = Some(networks("203.0.113.9/32"));
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
