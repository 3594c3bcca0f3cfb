//! A member in the table.

use leptos::prelude::*;
use shared::{
    AppError, Timestamp,
    role::{RoleRef, SystemRole},
    team::MemberView,
};

use super::tab::{Refusals, Tab, Task};
use crate::ui::{
    badge::{Badge, Tag, Tone},
    button::GuardedButton,
    icon::{Glyph, Icon},
    menu::{Menu, MenuItem},
    time::Time,
};

/// The row's cells. `data-label` repeats the column's heading where a row is a card.
#[component]
pub(super) fn MemberCells(
    tab: Tab,
    member: MemberView,
    now: Memo<Timestamp>,
    refusals: StoredValue<Refusals>,
) -> impl IntoView {
    let is_you = member.is_you;
    view! {
        <td role="cell" class="cell-name" data-label="Email">
            <span class="row-title">{member.email.clone()}</span>
            {is_you.then(|| view! { <Tag word="You"/> })}
        </td>
        <td role="cell" data-label="Roles"><RoleTags roles=member.roles.clone()/></td>
        <td role="cell" data-label="Status"><Badge tone=Tone::Good word="ACTIVE"/></td>
        <td role="cell" data-label="Joined"><Time at=member.joined_at now/></td>
        <td role="cell" class="cell-actions" data-label="Actions"><Actions tab member refusals/></td>
    }
}

/// Roles side by side. There is one Owner, who stands out.
#[component]
pub(super) fn RoleTags(roles: Vec<RoleRef>) -> impl IntoView {
    let tags = roles
        .into_iter()
        .map(|role| {
            let owner = role.name == SystemRole::Owner.name();
            view! { <li class="tag" class:tag-owner=owner>{role.name}</li> }
        })
        .collect_view();
    view! { <ul class="role-tags">{tags}</ul> }
}

#[component]
fn Actions(tab: Tab, member: MemberView, refusals: StoredValue<Refusals>) -> impl IntoView {
    let Refusals { update, remove, is_owner, .. } = refusals.get_value();
    let update = update.or_else(|| member.locked.clone());
    let (end_label, end_refused) = if member.is_you {
        ("Leave", member.is_owner.then(|| AppError::LastOwner.to_string()))
    } else {
        ("Remove", remove.or_else(|| member.locked.clone()))
    };
    let may_transfer = is_owner && !member.is_you;
    let menu = format!("menu-{}", member.id);
    let is_you = member.is_you;
    let member = StoredValue::new(member);
    let manage = Callback::new(move |()| tab.open(Task::ManageRoles(member.get_value())));
    let transfer = Callback::new(move |()| tab.open(Task::Transfer(member.get_value())));
    let end = Callback::new(move |()| tab.open(if is_you { Task::Leave } else { Task::Remove(member.get_value()) }));
    view! {
        <div class="row-actions">
            <GuardedButton
                label="Manage Roles"
                class="button button-small"
                refused=Signal::stored(update)
                on_press=manage
            />
            <GuardedButton
                label=end_label
                class="button button-small button-quiet-danger"
                refused=Signal::stored(end_refused)
                on_press=end
            />
            {may_transfer
                .then(|| view! {
                    <Menu id=menu.clone() label="More actions" face=|| view! { <Glyph icon=Icon::More/> }>
                        <MenuItem
                            menu=menu.clone()
                            label="Transfer Ownership"
                            refused=Signal::stored(None::<String>)
                            on_choose=transfer
                        />
                    </Menu>
                })}
        </div>
    }
}
