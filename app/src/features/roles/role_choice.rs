//! Choosing a role, where some may not be given.

use leptos::prelude::*;
use shared::role::RoleChoice;

use super::permission_names::PermissionNames;
use crate::ui::field::SelectOption;

/// The roles as options. Locked ones are there too, but not for choosing.
pub(crate) fn options(roles: &[RoleChoice]) -> Vec<SelectOption> {
    let option = |role: &RoleChoice| {
        let label = if role.locked.is_some() { format!("{} (locked)", role.name) } else { role.name.clone() };
        SelectOption { value: role.id.to_string(), label, disabled: role.locked.is_some() }
    };
    roles.iter().map(option).collect()
}

/// What the chosen role is for and may do, and why others cannot be chosen.
#[component]
pub(crate) fn AboutRole(
    /// The id of the chosen one.
    chosen: RwSignal<String>,
    roles: StoredValue<Vec<RoleChoice>>,
) -> impl IntoView {
    let about = move || {
        let role = roles.read_value().iter().find(|role| role.id.to_string() == *chosen.read()).cloned();
        role.map(|role| {
            view! {
                <p>{role.description}</p>
                <PermissionNames permissions=role.permissions/>
            }
        })
    };
    let locked: Vec<_> = roles
        .get_value()
        .into_iter()
        .filter_map(|role| Some((role.name, role.locked?)))
        .map(|(name, why)| view! { <li><strong>{name}</strong>": "{why}</li> })
        .collect();
    view! {
        <div class="about-role" aria-live="polite">{about}</div>
        {(!locked.is_empty())
            .then(|| view! {
                <details class="locked-roles">
                    <summary>"Why some roles are locked"</summary>
                    <ul>{locked}</ul>
                </details>
            })}
    }
}
