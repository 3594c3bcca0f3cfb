//! Choosing any number of roles for a member, who may then do whatever one of them allows.

use leptos::prelude::*;
use shared::{
    Grants, RoleId,
    role::{RoleChoice, SystemRole},
};

use crate::{features::roles::permission_names::PermissionNames, ui::form::Problems};

/// The roles as checkboxes, and what they permit together. The Owner's is not among them: it is handed on, not given.
#[component]
pub(super) fn RoleChecks(
    /// The form's prefix.
    form: &'static str,
    /// What is chosen.
    chosen: RwSignal<Vec<RoleId>>,
    /// What is wrong with the form as last sent.
    problems: RwSignal<Problems>,
    /// What there is to choose from.
    roles: Memo<Vec<RoleChoice>>,
) -> impl IntoView {
    let error = Memo::new(move |_| problems.read().on("roles"));
    let union = Memo::new(move |_| {
        let chosen = chosen.read();
        let mut union = Grants::default();
        for role in roles.read().iter().filter(|role| chosen.contains(&role.id)) {
            union.extend(&role.permissions);
        }
        union
    });
    let count = move || match union.read().len() {
        0 => "Together they allow nothing yet.".to_owned(),
        1 => "Together they allow 1 thing:".to_owned(),
        n => format!("Together they allow {n} things:"),
    };
    let boxes = roles
        .get_untracked()
        .into_iter()
        .filter(|role| role.name != SystemRole::Owner.name())
        .map(|role| view! { <RoleCheck form role chosen problems/> })
        .collect_view();
    view! {
        // The fieldset is where the summary of what is wrong leads.
        <fieldset id=format!("{form}-roles") class="role-checks" tabindex="-1" aria-describedby=format!("{form}-roles-error")>
            <legend>"Roles"</legend>
            {boxes}
            <p class="field-error" id=format!("{form}-roles-error")>{move || error.get()}</p>
        </fieldset>
        <div class="about-role">
            <p aria-live="polite">{count}</p>
            {move || view! { <PermissionNames permissions=union.get()/> }}
        </div>
    }
}

#[component]
fn RoleCheck(
    form: &'static str,
    role: RoleChoice,
    chosen: RwSignal<Vec<RoleId>>,
    problems: RwSignal<Problems>,
) -> impl IntoView {
    let RoleChoice { id, name, description, locked, .. } = role;
    let html_id = format!("{form}-{id}");
    let about = format!("{html_id}-about");
    view! {
        <div class="role-check">
            <input
                type="checkbox"
                id=html_id.clone()
                disabled=locked.is_some()
                checked=chosen.read_untracked().contains(&id)
                aria-describedby=about.clone()
                on:change=move |event| {
                    let checked = event_target_checked(&event);
                    chosen.update(|chosen| {
                        chosen.retain(|other| *other != id);
                        if checked {
                            chosen.push(id);
                        }
                    });
                    problems.update(|problems| problems.forget("roles"));
                }
            />
            <div>
                <label for=html_id>{name}</label>
                <p id=about class="field-help">{description}{locked.map(|why| format!(" Locked: {why}"))}</p>
            </div>
        </div>
    }
}
