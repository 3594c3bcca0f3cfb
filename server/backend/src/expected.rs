//! What a change is conditional on: the state in which whoever makes it has seen the thing. So nobody's edit is lost to
//! somebody else's.

use sha2::{Digest as _, Sha256};
use shared::{
    AppError, RoleId, Timestamp,
    alert::{AlertSettings, AlertView, MuteView},
    key::KeyView,
    limit::RateLimitsView,
    organization::{OrganizationSettings, OrganizationView},
    permission::ApplicationPermission,
    role::RoleView,
    team::{InvitationView, MemberView},
    webhook::{DeliveryView, WebhookView},
    whitelist::{KeyNetworks, WhitelistEntry, WhitelistStanding},
};

use crate::{failure::Failure, ops::Recorded};

/// A short text that is another one whenever something that can be changed of a thing is. What changes by itself, such
/// as when a key was last used, is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State(String);

impl State {
    /// As it was told to somebody before.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Of what counts its edits.
    #[must_use]
    pub fn of_version(version: i64) -> Self {
        Self(version.to_string())
    }

    /// Of a member: exactly these roles, in any order.
    #[must_use]
    pub fn of_roles(roles: impl IntoIterator<Item = RoleId>) -> Self {
        let mut roles: Vec<String> = roles.into_iter().map(|role| role.to_string()).collect();
        roles.sort_unstable();
        roles.dedup();
        Self::of_text(&roles.join(" "))
    }

    /// Of what is one text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        Self(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What has a state.
pub trait Stateful {
    /// The state it is in.
    fn state(&self) -> State;
}

impl Stateful for KeyView {
    fn state(&self) -> State {
        State::of_version(self.version)
    }
}

impl Stateful for RoleView {
    fn state(&self) -> State {
        State::of_version(self.version)
    }
}

impl Stateful for MemberView {
    fn state(&self) -> State {
        State::of_roles(self.roles.iter().map(|role| role.id))
    }
}

impl Stateful for InvitationView {
    /// A new sending is a new state: its link is another one.
    fn state(&self) -> State {
        State::of_text(&format!("{} {}", self.role.id, self.sent_at.micros()))
    }
}

impl Stateful for ApplicationPermission {
    fn state(&self) -> State {
        State::of_text(&self.description)
    }
}

impl Stateful for Recorded {
    /// There is one.
    fn state(&self) -> State {
        State::of_text(&self.entry.hash)
    }
}

impl Stateful for OrganizationView {
    fn state(&self) -> State {
        self.settings().state()
    }
}

impl Stateful for OrganizationSettings {
    fn state(&self) -> State {
        State::of_text(&format!("{} {} {}", self.due.production, self.due.others, self.name))
    }
}

impl Stateful for RateLimitsView {
    fn state(&self) -> State {
        State::of_text(&self.limits.to_string())
    }
}

impl Stateful for WhitelistEntry {
    fn state(&self) -> State {
        State::of_version(self.version)
    }
}

impl Stateful for AlertSettings {
    fn state(&self) -> State {
        State::of_version(self.version)
    }
}

impl Stateful for MuteView {
    fn state(&self) -> State {
        State::of_text(&self.until.map(Timestamp::rfc3339).unwrap_or_default())
    }
}

impl Stateful for WhitelistStanding {
    fn state(&self) -> State {
        State::of_version(self.version)
    }
}

impl Stateful for AlertView {
    fn state(&self) -> State {
        State::of_text(if self.acknowledged.is_some() { "acknowledged" } else { "open" })
    }
}

impl Stateful for DeliveryView {
    /// Each try is a new state.
    fn state(&self) -> State {
        State::of_text(&format!("{} {}", self.status.code(), self.attempts.len()))
    }
}

impl Stateful for WebhookView {
    fn state(&self) -> State {
        State::of_version(self.version)
    }
}

impl Stateful for KeyNetworks {
    fn state(&self) -> State {
        let networks: Vec<_> = self.networks.iter().map(ToString::to_string).collect();
        State::of_text(&networks.join(" "))
    }
}

/// In which state a thing has to be for a change to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expected {
    /// In any.
    #[default]
    Anything,
    /// In one of these.
    OneOf(Vec<State>),
}

impl Expected {
    /// In this one.
    #[must_use]
    pub fn just(state: State) -> Self {
        Self::OneOf(vec![state])
    }

    /// Whether `now` is one of them.
    #[must_use]
    pub fn allows(&self, now: &State) -> bool {
        match self {
            Self::Anything => true,
            Self::OneOf(states) => states.contains(now),
        }
    }

    /// Refuses a change of what is in another state by now.
    pub(crate) fn check(&self, current: impl Stateful + Into<Thing>) -> Result<(), Failure> {
        if self.allows(&current.state()) { Ok(()) } else { Err(Failure::Outdated(Box::new(current.into()))) }
    }
}

/// What is to be changed, and the state it has to be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<I> {
    /// Which one.
    pub id: I,
    /// In which state.
    pub expected: Expected,
}

impl<I> From<I> for Target<I> {
    fn from(id: I) -> Self {
        Self { id, expected: Expected::Anything }
    }
}

impl From<&str> for Target<String> {
    fn from(name: &str) -> Self {
        name.to_owned().into()
    }
}

/// Something as it is now, for whoever wanted to change what it was before.
#[expect(clippy::large_enum_variant, reason = "it is always in a box")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Thing {
    Key(KeyView),
    Role(RoleView),
    Member(MemberView),
    Invitation(InvitationView),
    Permission(ApplicationPermission),
    Organization(OrganizationView),
    RateLimits(RateLimitsView),
    WhitelistEntry(WhitelistEntry),
    Whitelist(WhitelistStanding),
    KeyNetworks(KeyNetworks),
    AlertSettings(AlertSettings),
    AlertMute(MuteView),
    Webhook(WebhookView),
}

impl Thing {
    /// What a page says about it.
    pub(crate) fn into_error(self) -> AppError {
        match self {
            Self::Key(current) => AppError::Conflict { current: Box::new(current) },
            Self::Role(_) => AppError::stale("role"),
            Self::Member(_) => AppError::stale("member"),
            Self::Invitation(_) => AppError::stale("invitation"),
            Self::Permission(_) => AppError::stale("application permission"),
            Self::Organization(_) => AppError::stale("organization"),
            Self::RateLimits(_) => AppError::stale("key's limits"),
            Self::WhitelistEntry(_) => AppError::stale("entry"),
            Self::Whitelist(_) => AppError::stale("whitelist"),
            Self::KeyNetworks(_) => AppError::stale("list"),
            Self::AlertSettings(_) => AppError::stale("page of settings"),
            Self::AlertMute(_) => AppError::stale("mute"),
            Self::Webhook(_) => AppError::stale("webhook"),
        }
    }
}

macro_rules! things {
    ($($variant:ident = $view:ty;)*) => {$(
        impl From<$view> for Thing {
            fn from(view: $view) -> Self {
                Self::$variant(view)
            }
        }
    )*};
}

things! {
    Key = KeyView;
    Role = RoleView;
    Member = MemberView;
    Invitation = InvitationView;
    Permission = ApplicationPermission;
    Organization = OrganizationView;
    RateLimits = RateLimitsView;
    WhitelistEntry = WhitelistEntry;
    Whitelist = WhitelistStanding;
    KeyNetworks = KeyNetworks;
    AlertSettings = AlertSettings;
    AlertMute = MuteView;
    Webhook = WebhookView;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_roles_is_no_state() {
        let [a, b] = [RoleId::from_bits(1), RoleId::from_bits(2)];
        assert_eq!(State::of_roles([a, b]), State::of_roles([b, a, a]));
        assert_ne!(State::of_roles([a]), State::of_roles([a, b]));
    }
}
