//! Plans: what an organization may have. A table in the configuration, not in the code.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde::Deserialize;

use crate::failure::Failure;

/// What comes with the server; an operator's own file replaces it.
const DEFAULT: &str = include_str!("../plans.toml");

/// The limits of one plan. A limit that is absent does not limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// How many active and paused keys.
    #[serde(default)]
    pub active_keys: Option<u64>,
    /// How many addresses on the whitelist.
    #[serde(default)]
    pub whitelisted_ips: Option<u64>,
    /// How many allowed requests a calendar month (UTC).
    #[serde(default)]
    pub monthly_requests: Option<u64>,
}

/// All plans, and which one a new organization gets.
#[derive(Debug, Clone)]
pub struct Plans {
    table: Arc<BTreeMap<String, Plan>>,
    of_new_organizations: Arc<str>,
}

impl Plans {
    /// Reads the table from `file`, or takes the one that comes with the server.
    ///
    /// # Errors
    /// A sentence that names the file or the plan.
    pub fn load(file: Option<&Path>, of_new_organizations: &str) -> Result<Self, Failure> {
        let text = match file {
            None => DEFAULT.to_owned(),
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                Failure::broken(format!("The plans file {} cannot be read: {error}.", path.display()))
            })?,
        };
        let table: BTreeMap<String, Plan> =
            toml::from_str(&text).map_err(|error| Failure::broken(format!("The plans file is not right: {error}")))?;
        Self { table: Arc::new(table), of_new_organizations: of_new_organizations.into() }
            .with_new_organizations_on(of_new_organizations)
    }

    /// The same plans, with new organizations starting on this one.
    pub(crate) fn with_new_organizations_on(&self, name: &str) -> Result<Self, Failure> {
        self.of(name)?;
        Ok(Self { table: Arc::clone(&self.table), of_new_organizations: name.into() })
    }

    /// The plan of this name.
    pub(crate) fn of(&self, name: &str) -> Result<&Plan, Failure> {
        self.table.get(name).ok_or_else(|| {
            let known = self.table.keys().cloned().collect::<Vec<_>>().join(", ");
            Failure::broken(format!("There is no plan {name:?}; the plans are {known}."))
        })
    }

    /// The names of those for which this is so.
    pub(crate) fn names_of(&self, is_so: impl Fn(&Plan) -> bool) -> Vec<String> {
        self.table.iter().filter(|(_, plan)| is_so(plan)).map(|(name, _)| name.clone()).collect()
    }

    /// What a new organization starts with.
    pub(crate) fn of_new_organizations(&self) -> &str {
        &self.of_new_organizations
    }
}
