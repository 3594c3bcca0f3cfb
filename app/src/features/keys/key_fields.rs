//! The fields of a key, the same when it is created and when it is edited.

use leptos::prelude::*;
use shared::{
    key::{Environment, NAME_MAX},
    role::RoleChoice,
};

use super::draft::{Draft, check_expires, check_name};
use crate::{
    features::roles::permission_names::PermissionNames,
    ui::{
        field::{SelectField, SelectOption, TextField, TextKind},
        form::Problems,
    },
};

/// `Key Name`, `Role`, `Environment`, `Expires`
#[component]
pub(super) fn KeyFields(
    /// The form's prefix.
    form: &'static str,
    draft: Draft,
    problems: RwSignal<Problems>,
    roles: Memo<Vec<RoleChoice>>,
    /// The role the key has already, which it may keep even where nobody may newly assign it.
    #[prop(optional, into)]
    keeps: Option<String>,
) -> impl IntoView {
    let role_options = roles.read_untracked().iter().map(|role| option(role, keeps.as_deref())).collect::<Vec<_>>();
    let environments =
        Environment::ALL.iter().map(|word| SelectOption::new(word.code(), word.label())).collect::<Vec<_>>();
    let name_kind = TextKind { autofocus: true, ..TextKind::LINE };
    let date_kind = TextKind { r#type: "date", ..TextKind::LINE };
    view! {
        <TextField
            form
            name="name"
            label="Key Name"
            value=draft.name
            problems
            kind=name_kind
            check=check_name
            help=format!("What it is for, such as “Production server”. Up to {NAME_MAX} characters.")
        />
        <SelectField
            form
            name="role"
            label="Role"
            value=draft.role
            problems
            options=role_options
            about=move || view! { <AboutRole chosen=draft.role roles/> }
        />
        <div class="field-pair">
            <SelectField
                form
                name="environment"
                label="Environment"
                value=draft.environment
                problems
                options=environments
            />
            <TextField
                form
                name="expires_at"
                label="Expires"
                optional=true
                value=draft.expires
                problems
                kind=date_kind
                check=check_expires
                help="Works until the end of this day, UTC."
            />
        </div>
    }
}

fn option(role: &RoleChoice, keeps: Option<&str>) -> SelectOption {
    let value = role.id.to_string();
    let disabled = role.locked.is_some() && keeps != Some(&value);
    let label = if disabled { format!("{} (locked)", role.name) } else { role.name.clone() };
    SelectOption { value, label, disabled }
}

/// What the chosen role is for and may do, and why others cannot be chosen.
#[component]
fn AboutRole(chosen: RwSignal<String>, roles: Memo<Vec<RoleChoice>>) -> impl IntoView {
    let about = move || {
        let chosen = chosen.read();
        roles.get().into_iter().find(|role| role.id.to_string() == *chosen).map(|role| {
            view! {
                <p>{role.description}</p>
                <PermissionNames permissions=role.permissions/>
            }
        })
    };
    let locked = move || {
        roles
            .get()
            .into_iter()
            .filter_map(|role| Some((role.name, role.locked?)))
            .map(|(name, why)| view! { <li><strong>{name}</strong>": "{why}</li> })
            .collect::<Vec<_>>()
    };
    view! {
        <div class="about-role" aria-live="polite">{about}</div>
        <Show when=move || roles.read().iter().any(|role| role.locked.is_some())>
            <details class="locked-roles">
                <summary>"Why some roles are locked"</summary>
                <ul>{locked}</ul>
            </details>
        </Show>
    }
}
