//! A key as somebody is filling it in, before it is created or saved.

use leptos::prelude::*;
use shared::{
    RoleId, Timestamp,
    key::{self, Environment, KeyView},
    role::RoleChoice,
};

use crate::ui::{browser, field::judge, form::Problems};

/// The fields, as text: what a person has typed need not be right yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    pub(super) name: RwSignal<String>,
    pub(super) role: RwSignal<String>,
    pub(super) environment: RwSignal<String>,
    pub(super) expires: RwSignal<String>,
}

/// The fields, once they are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) name: String,
    pub(super) role: RoleId,
    pub(super) environment: Environment,
    pub(super) expires_at: Option<Timestamp>,
}

impl Draft {
    /// An empty one.
    pub(super) fn new() -> Self {
        let [name, role, environment, expires] = [(); 4].map(|()| RwSignal::new(String::new()));
        environment.set(Environment::Production.code().to_owned());
        Self { name, role, environment, expires }
    }

    /// One that says what the key is now.
    pub(super) fn of(key: &KeyView) -> Self {
        let draft = Self::new();
        draft.load(key);
        draft
    }

    /// Takes over what the key is now.
    pub(super) fn load(self, key: &KeyView) {
        self.name.set(key.name.clone());
        self.role.set(key.role.id.to_string());
        self.environment.set(key.environment.code().to_owned());
        self.expires.set(key.expires_at.map(Timestamp::last_day).unwrap_or_default());
    }

    /// Makes it empty again, but for the choices that the next key may share.
    pub(super) fn clear(self) {
        self.name.set(String::new());
        self.expires.set(String::new());
    }

    /// Chooses the role that may do the least, unless one is chosen: a key should not be able to do more than it must.
    pub(super) fn choose_least(self, roles: &[RoleChoice]) {
        if self.role.read_untracked().is_empty() {
            let least = roles.iter().filter(|role| role.locked.is_none()).min_by_key(|role| role.permissions.len());
            if let Some(least) = least {
                self.role.set(least.id.to_string());
            }
        }
    }

    /// The fields, or what is wrong with them. `form` is the prefix of the fields' ids.
    pub(super) fn filled(self, form: &str, unchanged_from: Option<&KeyView>) -> Result<Filled, Problems> {
        let (name, role) = (self.name.read_untracked(), self.role.read_untracked());
        let (environment, expires) = (self.environment.read_untracked(), self.expires.read_untracked());
        let environment = Environment::from_code(&environment);
        let role = role.parse::<RoleId>().ok();
        let wrong_day = if browser::is_half_typed(&format!("{form}-expires_at")) {
            Some("Expires is not a whole day yet. Complete it, or clear it.".to_owned())
        } else {
            check_expires(&expires)
        };
        if let (Ok(name), Some(role), Some(environment), None) = (key::name(&name), role, environment, &wrong_day) {
            // A moment that was set to the second through the API must not move to midnight by saving another field.
            let kept =
                unchanged_from.and_then(|key| key.expires_at).filter(|moment| moment.last_day() == expires.trim());
            let expires_at = kept.or_else(|| Timestamp::end_of_day(&expires));
            return Ok(Filled { name, role, environment, expires_at });
        }
        Err(Problems::from_checks([
            ("name", check_name(&name)),
            ("role", role.is_none().then(|| "Choose a role.".to_owned())),
            ("environment", environment.is_none().then(|| "Choose an environment.".to_owned())),
            ("expires_at", wrong_day),
        ]))
    }
}

/// The rule of the name.
pub(super) fn check_name(text: &str) -> Option<String> {
    judge(key::name(text))
}

/// The rule of the last day.
pub(super) fn check_expires(text: &str) -> Option<String> {
    (!text.trim().is_empty() && Timestamp::end_of_day(text).is_none())
        .then(|| "Expires must be a day such as 2027-01-31, or empty.".to_owned())
}
