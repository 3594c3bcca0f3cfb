//! The table of roles.

use leptos::prelude::*;
use shared::{RoleId, path, role::RoleView};

use super::{
    delete_dialog::Deletion,
    rights::Rights,
    role_header::{RoleType, duplicate_path},
};
use crate::ui::{
    icon::{Glyph, Icon},
    menu::{Menu, MenuItem},
    table::{Columns, DataTable},
};

/// The table.
#[component]
pub(super) fn RoleTable(
    #[prop(into)] roles: Signal<Vec<RoleView>>,
    rights: StoredValue<Rights>,
    deletion: Deletion,
) -> impl IntoView {
    // Everything of a row that can change while its role stays the same.
    let row_key = |role: &RoleView| {
        let holders = role.holders;
        (role.id, role.version, role.permissions.len(), [holders.keys, holders.members, holders.invitations])
    };
    view! {
        <DataTable
            label="Roles"
            head=|| view! {
                <Columns labels=&["Name", "Type"]/>
                <Columns labels=&["Permissions", "Keys", "Members"] class="cell-number"/>
                <Columns labels=&["Actions"]/>
            }
        >
            <For each=move || roles.get() key=row_key children=move |role| view! { <RoleRow role rights deletion/> }/>
        </DataTable>
    }
}

/// The row. `data-label` repeats the column's heading where a row is a card.
#[component]
fn RoleRow(role: RoleView, rights: StoredValue<Rights>, deletion: Deletion) -> impl IntoView {
    let (sees_keys, sees_members) = rights.with_value(|rights| (rights.keys.is_none(), rights.members.is_none()));
    let count = |count: u64, sees: bool, page: &str, what: &str| {
        if sees && count > 0 {
            let said = format!(" {what}{} with {}", if count == 1 { "" } else { "s" }, role.name);
            view! { <a href=format!("{page}?role={}", role.id)>{count}<span class="visually-hidden">{said}</span></a> }
                .into_any()
        } else {
            view! { <span>{count}</span> }.into_any()
        }
    };
    let keys = count(role.holders.keys, sees_keys, path::KEYS, "key");
    let members = count(role.holders.members, sees_members, path::TEAM, "member");
    let invited = role.holders.invitations;
    view! {
        <tr role="row">
            <td role="cell" class="cell-name" data-label="Name">
                <a class="row-title" href=path::role(role.id)>{role.name.clone()}</a>
                <small>{role.description.clone()}</small>
            </td>
            <td role="cell" data-label="Type"><RoleType system=role.system.is_some()/></td>
            <td role="cell" class="cell-number" data-label="Permissions">{role.permissions.len()}</td>
            <td role="cell" class="cell-number" data-label="Keys">{keys}</td>
            <td role="cell" class="cell-number" data-label="Members">
                {members}
                {(invited > 0).then(|| view! { <small>{format!("{invited} invited")}</small> })}
            </td>
            <td role="cell" class="cell-actions" data-label="Actions"><Actions role rights deletion/></td>
        </tr>
    }
}

#[component]
fn Actions(role: RoleView, rights: StoredValue<Rights>, deletion: Deletion) -> impl IntoView {
    let menu = format!("menu-{}", role.id);
    let id = role.id;
    let (duplicate, edit, delete) =
        rights.with_value(|rights| (rights.create.clone(), rights.edit(&role), rights.delete(&role)));
    let label = if edit.is_none() { "Edit" } else { "Open" };
    let duplicate_item = match duplicate {
        None => view! { <a class="menu-item" href=duplicate_path(&role)>"Duplicate"</a> }.into_any(),
        refused => view! { <Refused menu=menu.clone() label="Duplicate" refused/> }.into_any(),
    };
    view! {
        <div class="row-actions">
            <a class="button button-small" href=path::role(id)>
                {label}
                <span class="visually-hidden">" "{role.name}</span>
            </a>
            <Menu id=menu.clone() label="More actions" face=|| view! { <Glyph icon=Icon::More/> }>
                {edit.map(|why| view! { <Refused menu=menu.clone() label="Edit" refused=Some(why)/> })}
                {duplicate_item}
                <DeleteItem menu=menu.clone() id refused=delete deletion/>
            </Menu>
        </div>
    }
}

/// Something that the viewer may not do, and why.
#[component]
fn Refused(menu: String, label: &'static str, refused: Option<String>) -> impl IntoView {
    view! { <MenuItem menu label refused=Signal::stored(refused) on_choose=Callback::new(|()| ())/> }
}

#[component]
fn DeleteItem(menu: String, id: RoleId, refused: Option<String>, deletion: Deletion) -> impl IntoView {
    let delete = Callback::new(move |()| deletion.ask(id));
    view! { <MenuItem menu label="Delete" refused=Signal::stored(refused) on_choose=delete/> }
}
