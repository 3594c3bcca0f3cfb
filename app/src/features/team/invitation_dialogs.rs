//! What is asked before an invitation is changed or withdrawn.

use leptos::prelude::*;
use shared::{RoleId, role::RoleChoice, team::InvitationView};

use super::{
    api::{invitation_update, invitation_withdraw},
    tab::Tab,
};
use crate::{
    features::roles::role_choice::RoleField,
    ui::{dialog_form::DialogForm, form::Problems},
};

/// `Change role`. The link stays the same.
#[component]
pub(super) fn ChangeRoleForm(tab: Tab, invitation: InvitationView, roles: Memo<Vec<RoleChoice>>) -> impl IntoView {
    let InvitationView { id, email, role: held, .. } = invitation;
    let role = RwSignal::new(held.id.to_string());
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let send = move |()| {
        let Ok(role) = role.read_untracked().parse::<RoleId>() else { return };
        problems.set(Problems::default());
        tab.tasks.call(pending, invitation_update(id, role), move |answer| match answer {
            Ok(changed) => tab.tasks.done(format!("Saved. {} is invited as {}.", changed.email, changed.role.name)),
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form="change-role"
            problems
            pending
            label="Save Changes"
            working="Saving…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            <p>"What "<strong>{email}</strong>" will be. The link stays the same."</p>
            <RoleField form="change-role" value=role problems roles keeps=Some(held.id)/>
        </DialogForm>
    }
}

/// `Withdraw`
#[component]
pub(super) fn WithdrawForm(tab: Tab, invitation: InvitationView) -> impl IntoView {
    let InvitationView { id, email, .. } = invitation;
    let said = format!("Withdrawn. The link for {email} works no longer.");
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let send = move |()| {
        let said = said.clone();
        problems.set(Problems::default());
        tab.tasks.call(pending, invitation_withdraw(id), move |answer| match answer {
            Ok(()) => tab.tasks.done(said),
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form="withdraw"
            problems
            pending
            label="Withdraw"
            working="Withdrawing…"
            danger=true
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            <p>"The link for "<strong>{email}</strong>" will stop working at once. They can be invited again later."</p>
        </DialogForm>
    }
}
