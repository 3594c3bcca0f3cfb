//! A role as somebody is filling it in, before it is created or saved.

use leptos::prelude::*;
use shared::{Grants, role};

use crate::ui::{browser, field::judge, form::Problems};

/// The fields, and what has become of sending them. The page keeps it, so that it outlives whatever is drawn anew.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    /// The prefix of the fields' ids.
    pub(super) form: &'static str,
    pub(super) name: RwSignal<String>,
    pub(super) description: RwSignal<String>,
    pub(super) chosen: RwSignal<Grants>,
    /// What is wrong with it as last sent.
    pub(super) problems: RwSignal<Problems>,
    /// Whether the answer is being waited for.
    pub(super) pending: RwSignal<bool>,
    /// Whether the boxes ticked before the page was interactive were taken over.
    pub(super) taken_over: StoredValue<bool>,
}

impl Draft {
    /// An empty one.
    pub(super) fn new(form: &'static str) -> Self {
        Self {
            form,
            name: RwSignal::new(String::new()),
            description: RwSignal::new(String::new()),
            chosen: RwSignal::new(Grants::default()),
            problems: RwSignal::new(Problems::default()),
            pending: RwSignal::new(false),
            taken_over: StoredValue::new(false),
        }
    }

    /// Starts it anew.
    pub(super) fn fill(self, name: String, description: String, chosen: Grants) {
        self.name.set(name);
        self.description.set(description);
        self.chosen.set(chosen);
        self.problems.set(Problems::default());
    }

    /// Writes into the fields what the draft says; by themselves they keep what was typed.
    pub(super) fn show(self) {
        browser::set_field_value(&format!("{}-name", self.form), &self.name.read_untracked());
        browser::set_field_value(&format!("{}-description", self.form), &self.description.read_untracked());
    }

    /// The names of the permissions, when all fields are right; else what is wrong goes to the problems.
    pub(super) fn checked(self) -> Option<Vec<String>> {
        let problems = Problems::from_checks([
            ("name", check_name(&self.name.read_untracked())),
            ("description", check_description(&self.description.read_untracked())),
        ]);
        let right = problems.is_empty();
        self.problems.set(problems);
        right.then(|| self.chosen.get_untracked().into())
    }
}

/// The rule of the name.
pub(super) fn check_name(text: &str) -> Option<String> {
    judge(role::name(text))
}

/// The rule of the description.
pub(super) fn check_description(text: &str) -> Option<String> {
    judge(role::description(text))
}
