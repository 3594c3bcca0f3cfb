//! Choosing one role for somebody.

use leptos::prelude::*;
use shared::{RoleId, role::RoleChoice};

use crate::{
    features::roles::permission_names::PermissionNames,
    ui::{
        field::{SelectField, SelectOption},
        form::Problems,
    },
};

/// `Role`: a select, what the chosen one is for and may do, and why others cannot be chosen.
#[component]
pub(super) fn RoleField(
    /// The form's prefix.
    form: &'static str,
    /// What is chosen.
    value: RwSignal<String>,
    /// What is wrong with the form as last sent.
    problems: RwSignal<Problems>,
    /// What there is to choose from.
    roles: Memo<Vec<RoleChoice>>,
    /// The role that is held already, which may stay even where nobody may newly give it.
    #[prop(optional)]
    keeps: Option<RoleId>,
) -> impl IntoView {
    let options = roles
        .read_untracked()
        .iter()
        .map(|role| {
            let disabled = role.locked.is_some() && keeps != Some(role.id);
            let label = if disabled { format!("{} (locked)", role.name) } else { role.name.clone() };
            SelectOption { value: role.id.to_string(), label, disabled }
        })
        .collect::<Vec<_>>();
    let about = move || {
        let chosen = value.read();
        roles.get().into_iter().find(|role| role.id.to_string() == *chosen).map(|role| {
            view! {
                <p>{role.description}</p>
                <PermissionNames permissions=role.permissions/>
            }
        })
    };
    let locked: Vec<_> = roles.get_untracked().into_iter().filter_map(|role| Some((role.name, role.locked?))).collect();
    let why = (!locked.is_empty()).then(|| {
        let reasons = locked.into_iter().map(|(name, why)| view! { <li><strong>{name}</strong>": "{why}</li> });
        view! {
            <details class="locked-roles">
                <summary>"Why some roles are locked"</summary>
                <ul>{reasons.collect_view()}</ul>
            </details>
        }
    });
    view! {
        <SelectField
            form
            name="role"
            label="Role"
            value
            problems
            options
            about=move || view! { <div class="about-role" aria-live="polite">{about}</div> }
        />
        {why}
    }
}
