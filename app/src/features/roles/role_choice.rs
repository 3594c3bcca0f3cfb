//! Choosing a role: for a key, a member or an invitation, in place of another one, and to filter by.

use leptos::prelude::*;
use shared::{RoleId, role::RoleChoice};

use super::permission_names::PermissionNames;
use crate::ui::{
    field::{SelectField, SelectOption},
    filters::FilterSelect,
    form::Problems,
};

/// `Role`: a select, what the chosen one is for and may do, and why others cannot be chosen.
#[component]
pub(crate) fn RoleField(
    /// The form's prefix.
    form: &'static str,
    /// The field's name in the form.
    #[prop(default = "role")]
    name: &'static str,
    /// The label.
    #[prop(default = "Role")]
    label: &'static str,
    /// What is chosen.
    value: RwSignal<String>,
    /// What is wrong with the form as last sent.
    problems: RwSignal<Problems>,
    /// What there is to choose from. Locked ones are there too, but not for choosing.
    #[prop(into)]
    roles: Signal<Vec<RoleChoice>>,
    /// The role that is held already, which may stay even where nobody may newly give it.
    #[prop(optional_no_strip)]
    keeps: Option<RoleId>,
    /// Stands where nothing is chosen yet; without it something is chosen from the start.
    #[prop(optional)]
    unchosen: Option<&'static str>,
    /// What choosing this one means, by its name.
    #[prop(optional)]
    means: Option<Callback<String, String>>,
) -> impl IntoView {
    let roles = StoredValue::new(roles.get_untracked());
    let option = |role: &RoleChoice| {
        let disabled = role.locked.is_some() && keeps != Some(role.id);
        let label = if disabled { format!("{} (locked)", role.name) } else { role.name.clone() };
        SelectOption { value: role.id.to_string(), label, disabled }
    };
    let options = unchosen.map(|label| SelectOption::new("", label));
    let options = options.into_iter().chain(roles.read_value().iter().map(option)).collect();
    let about = move || {
        let role = roles.read_value().iter().find(|role| role.id.to_string() == *value.read()).cloned();
        role.map(|role| {
            view! {
                {means.map(|means| view! { <p>{means.run(role.name)}</p> })}
                <p>{role.description}</p>
                <PermissionNames permissions=role.permissions/>
            }
        })
    };
    let locked = move || {
        let roles = roles.read_value();
        let locked = roles.iter().filter_map(|role| Some((role.name.clone(), role.locked.clone()?)));
        locked.map(|(name, why)| view! { <li><strong>{name}</strong>": "{why}</li> }).collect::<Vec<_>>()
    };
    view! {
        <SelectField
            form
            name
            label
            value
            problems
            options
            about=move || {
                let locked = locked();
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
        />
    }
}

/// `Role`, above a list.
#[component]
pub(crate) fn RoleFilter(
    /// What there is to choose from.
    roles: Memo<Vec<RoleChoice>>,
    /// What the address asks for.
    #[prop(into)]
    chosen: Signal<Option<RoleId>>,
    /// Asks for another one.
    on_choose: Callback<Option<RoleId>>,
) -> impl IntoView {
    let options = Signal::derive(move || {
        let roles = roles.read();
        let roles = roles.iter().map(|role| SelectOption::new(role.id.to_string(), role.name.clone()));
        std::iter::once(SelectOption::any()).chain(roles).collect::<Vec<_>>()
    });
    view! {
        <FilterSelect
            id="filter-role"
            name="role"
            label="Role"
            options
            chosen=Signal::derive(move || chosen.get().map(|role| role.to_string()).unwrap_or_default())
            on_choose=Callback::new(move |role: String| on_choose.run(role.parse().ok()))
        />
    }
}
