//! The permissions that the organization has registered for its own application.

use leptos::prelude::*;
use shared::{permission::ApplicationPermission, role::RoleList};

use super::{
    permission_dialog::{PermissionDialog, Registry, Task},
    rights::Rights,
};
use crate::ui::{
    button::GuardedButton,
    empty_state::EmptyState,
    icon::Icon,
    table::{Columns, DataTable},
};

/// The section below the table of roles.
#[component]
pub(super) fn ApplicationPermissions(
    registry: Registry,
    list: Memo<Option<RoleList>>,
    rights: StoredValue<Rights>,
) -> impl IntoView {
    let permissions =
        Memo::new(move |_| list.read().as_ref().map(|list| list.application_permissions.clone()).unwrap_or_default());
    let rows = move || {
        let list = list.read();
        let roles = list.as_ref().map_or(&[][..], |list| &list.roles);
        permissions
            .get()
            .into_iter()
            .map(|permission| Row { holders: held_by(roles, &permission.name), permission })
            .collect::<Vec<_>>()
    };
    let none = Memo::new(move |_| permissions.read().is_empty());
    let register = Callback::new(move |()| registry.open(Task::Register));
    let create_refused = rights.read_value().create.clone();
    view! {
        <section class="application-permissions" aria-labelledby="application-permissions-title">
            <header class="page-header">
                <div>
                    <h2 id="application-permissions-title">"Application permissions"</h2>
                    <p>
                        "Names for what your own application protects. Put them in roles, and let it ask "
                        <code>"verify?permission=orders.read"</code>
                        " whether a key may."
                    </p>
                </div>
                <div class="page-header-action">
                    <GuardedButton
                        label="+ Register Permission"
                        refused=Signal::stored(create_refused)
                        on_press=register
                    />
                </div>
            </header>
            <Show when=move || !none.get() fallback=NoPermissions>
                <DataTable
                    labelled_by="application-permissions-title"
                    head=|| view! { <Columns labels=&["Name", "Description", "Held by", "Actions"]/> }
                >
                    <For each=rows key=Row::key children=move |row| view! { <PermissionRow registry row rights/> }/>
                </DataTable>
            </Show>
            <PermissionDialog registry list/>
        </section>
    }
}

/// The names of the roles that hold it.
pub(super) fn held_by(roles: &[shared::role::RoleView], name: &str) -> Vec<String> {
    roles.iter().filter(|role| role.permissions.holds_own(name)).map(|role| role.name.clone()).collect()
}

/// All that a row shows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    permission: ApplicationPermission,
    holders: Vec<String>,
}

impl Row {
    fn key(&self) -> (String, String, Vec<String>) {
        (self.permission.name.clone(), self.permission.description.clone(), self.holders.clone())
    }
}

#[component]
fn NoPermissions() -> impl IntoView {
    view! {
        <EmptyState icon=Icon::Lock title="No application permissions yet">
            <p>
                "Register one for everything your application wants to tell apart, such as orders.read and orders.refund."
            </p>
        </EmptyState>
    }
}

#[component]
fn PermissionRow(registry: Registry, row: Row, rights: StoredValue<Rights>) -> impl IntoView {
    let Row { permission, holders } = row;
    let (edit_refused, remove_refused) = rights.with_value(|rights| (rights.update.clone(), rights.delete.clone()));
    let ApplicationPermission { name, description, .. } = permission.clone();
    let permission = StoredValue::new(permission);
    let edit = Callback::new(move |()| registry.open(Task::Describe(permission.get_value())));
    let remove = Callback::new(move |()| registry.open(Task::Remove(permission.get_value())));
    view! {
        <tr role="row">
            <td role="cell" class="cell-name" data-label="Name"><code class="row-title">{name}</code></td>
            <td role="cell" class="cell-text" data-label="Description">{description}</td>
            <td role="cell" class="cell-text" data-label="Held by">{holders.join(", ")}</td>
            <td role="cell" class="cell-actions" data-label="Actions">
                <div class="row-actions">
                    <GuardedButton
                        label="Edit"
                        class="button button-small"
                        refused=Signal::stored(edit_refused)
                        on_press=edit
                    />
                    <GuardedButton
                        label="Remove"
                        class="button button-small button-quiet-danger"
                        refused=Signal::stored(remove_refused)
                        on_press=remove
                    />
                </div>
            </td>
        </tr>
    }
}
