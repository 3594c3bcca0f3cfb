//! `IP Address` and `Label`, and what there is to know about them before they are saved.

use leptos::prelude::*;
use shared::{AppError, network::Network, whitelist};

use crate::ui::{
    banner::{Banner, Severity},
    field::{TextField, TextKind, judge},
    form::Problems,
};

fn check_address(text: &str) -> Option<String> {
    judge(Network::read(text))
}

fn check_label(text: &str) -> Option<String> {
    judge(whitelist::label(text))
}

/// What the address means as it is typed: its canonical form, and whether it is unusually wide.
fn meaning(text: &str) -> String {
    match Network::read(text) {
        Ok(network) => network.meaning(text).into_iter().chain(network.breadth()).collect::<Vec<_>>().join(" "),
        Err(_) => "One address, or a range in CIDR notation. IPv4 or IPv6.".to_owned(),
    }
}

/// What is being filled in.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) address: RwSignal<String>,
    pub(super) label: RwSignal<String>,
    pub(super) problems: RwSignal<Problems>,
    pub(super) pending: RwSignal<bool>,
    /// What the server has warned about, and the address that it was.
    warned: RwSignal<Option<(String, Vec<String>)>>,
}

impl Draft {
    pub(super) fn new(address: RwSignal<String>, label: RwSignal<String>) -> Self {
        let problems = RwSignal::new(Problems::default());
        Self { address, label, problems, pending: RwSignal::new(false), warned: RwSignal::new(None) }
    }

    /// What is filled in, and whether the warnings about it were seen; `None` when something is wrong with it.
    pub(super) fn filled(self) -> Option<(whitelist::WhitelistLine, bool)> {
        let (address, label) = (self.address.get_untracked(), self.label.get_untracked());
        let found = Problems::from_checks([("address", check_address(&address)), ("label", check_label(&label))]);
        let wrong = !found.is_empty();
        self.problems.set(found);
        let accept = self.warned.read_untracked().as_ref().is_some_and(|(warned, _)| *warned == address);
        (!wrong).then_some((whitelist::WhitelistLine { address, label }, accept))
    }

    /// Shows what the server has said against it.
    pub(super) fn refused(self, error: AppError) {
        match error {
            AppError::Unsure { warnings } => self.warned.set(Some((self.address.get_untracked(), warnings))),
            error => self.problems.set(Problems::from_error(&error)),
        }
    }
}

/// Both fields, and the warnings.
#[component]
pub(super) fn AddressFields(
    /// The form's prefix.
    form: &'static str,
    draft: Draft,
    /// The verb of the form's button, which has to be pressed a second time after a warning.
    verb: &'static str,
) -> impl IntoView {
    let Draft { address, label, problems, warned, .. } = draft;
    let help = Signal::derive(move || meaning(&address.read()));
    let warnings = move || warned.get().filter(|(warned, _)| *warned == *address.read()).map(|(_, warnings)| warnings);
    view! {
        <div class="problems" role="alert">
            {move || {
                warnings()
                    .map(|warnings| view! {
                        <Banner severity=Severity::Warning>
                            {warnings.into_iter().map(|warning| view! { <p>{warning}</p> }).collect_view()}
                            <p>"Nothing was saved yet. Press "{verb}" again if this is meant."</p>
                        </Banner>
                    })
            }}
        </div>
        <TextField
            form
            name="address"
            label="IP Address"
            value=address
            problems
            kind=TextKind { required: true, autofocus: true, eager: false, ..TextKind::LINE }
            check=check_address
            help
        />
        <TextField form name="label" label="Label" value=label problems optional=true check=check_label/>
    }
}
