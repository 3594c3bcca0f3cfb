//! The top of a role's page, and what kind of role it is.

use leptos::prelude::*;
use shared::{path, role::RoleView};

use super::rights::Rights;
use crate::ui::{
    button::GuardedButton,
    guarded_link::GuardedLink,
    icon::{Glyph, Icon},
};

/// `System`, which is locked, or `Custom`.
#[component]
pub(super) fn RoleType(system: bool) -> impl IntoView {
    if system {
        view! {
            <span class="tag role-type">
                <Glyph icon=Icon::Lock/>
                "System"
                <span class="visually-hidden">" (locked)"</span>
            </span>
        }
        .into_any()
    } else {
        view! { <span class="tag role-type">"Custom"</span> }.into_any()
    }
}

/// Where a copy of a role is made.
pub(super) fn duplicate_path(role: &RoleView) -> String {
    format!("{}?from={}", path::ROLE_NEW, role.id)
}

/// Name, type, description, and what can be done with the whole role.
#[component]
pub(super) fn RoleHeader(
    role: RoleView,
    rights: StoredValue<Rights>,
    /// Asks before it deletes.
    delete: Callback<()>,
) -> impl IntoView {
    let (create_refused, delete_refused) = rights.with_value(|rights| (rights.create.clone(), rights.delete(&role)));
    let duplicate = duplicate_path(&role);
    let system = role.system.is_some();
    view! {
        <header class="page-header">
            <div>
                <nav class="back-link" aria-label="Breadcrumb"><a href=path::ROLES>"Roles"</a></nav>
                <div class="title-row">
                    <h1>{role.name}</h1>
                    <RoleType system/>
                </div>
                <p>{role.description}</p>
            </div>
            <div class="page-header-action role-actions">
                <GuardedLink label="Duplicate" href=duplicate refused=create_refused/>
                {(!system)
                    .then(|| view! {
                        <GuardedButton
                            label="Delete Role"
                            class="button button-quiet-danger"
                            refused=Signal::stored(delete_refused)
                            on_press=delete
                        />
                    })}
            </div>
        </header>
    }
}
