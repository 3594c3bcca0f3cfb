//! What is asked before a member is changed, before the ownership is handed on, and before somebody leaves.

use leptos::prelude::*;
use shared::{
    AppError, RoleId, path,
    role::{RoleChoice, SystemRole},
    team::{MemberUpdateParams, MemberView},
};

use super::{
    api::{member_get, member_leave, member_update, ownership_transfer},
    member_row::RoleTags,
    role_checks::RoleChecks,
    tab::Tab,
};
use crate::ui::{
    banner::{Banner, Severity},
    browser,
    dialog_form::DialogForm,
    form::Problems,
    password_field::PasswordField,
};

fn ids(member: &MemberView) -> Vec<RoleId> {
    member.roles.iter().map(|role| role.id).collect()
}

/// `Manage Roles`
#[component]
pub(super) fn ManageRolesForm(tab: Tab, member: MemberView, roles: Memo<Vec<RoleChoice>>) -> impl IntoView {
    let (id, is_you) = (member.id, member.is_you);
    let chosen = RwSignal::new(ids(&member));
    // What the change is made from. It follows when somebody else was quicker; what is ticked stays.
    let base = RwSignal::new(member);
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let send = move |()| {
        let roles = chosen.get_untracked();
        if roles.is_empty() {
            let none = Some("Choose at least one role, or remove the member.".to_owned());
            return problems.set(Problems::from_checks([("roles", none)]));
        }
        problems.set(Problems::default());
        let params = MemberUpdateParams { id, before: ids(&base.read_untracked()), roles };
        tab.tasks.call(pending, member_update(params), move |answer| match answer {
            Ok(member) => {
                tab.tasks.done(format!("Saved. The roles of {} are in force.", member.email));
                if is_you {
                    tab.tasks.refresh_viewer();
                }
            }
            Err(error) => {
                if matches!(error, AppError::Stale { .. }) {
                    tab.tasks.call(pending, member_get(id), move |answer| {
                        if let Ok(detail) = answer {
                            base.set(detail.member);
                        }
                    });
                }
                problems.set(Problems::from_error(&error));
            }
        });
    };
    view! {
        <DialogForm
            form="manage-roles"
            problems
            pending
            label="Save Changes"
            working="Saving…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            <dl class="facts">
                <dt>"Member"</dt>
                <dd>{move || base.read().email.clone()}</dd>
                <dt>"Roles now"</dt>
                <dd>{move || view! { <RoleTags roles=base.read().roles.clone()/> }}</dd>
            </dl>
            {is_you
                .then(|| view! {
                    <Banner severity=Severity::Warning>
                        <p>"This is you. What you take from yourself, somebody else has to give back."</p>
                    </Banner>
                })}
            <RoleChecks form="manage-roles" chosen problems roles/>
        </DialogForm>
    }
}

/// `Transfer Ownership`
#[component]
pub(super) fn TransferForm(tab: Tab, member: MemberView) -> impl IntoView {
    let MemberView { id, email, .. } = member;
    let said = format!("{email} is the {} now, and you are an {}.", SystemRole::Owner.name(), SystemRole::Admin.name());
    let password = RwSignal::new(String::new());
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let send = move |()| {
        if password.read_untracked().is_empty() {
            let none = Some("Your password must not be empty.".to_owned());
            return problems.set(Problems::from_checks([("password", none)]));
        }
        let said = said.clone();
        problems.set(Problems::default());
        tab.tasks.call(pending, ownership_transfer(id, password.get_untracked()), move |answer| match answer {
            Ok(()) => {
                tab.tasks.done(said);
                tab.tasks.refresh_viewer();
            }
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form="transfer"
            problems
            pending
            label="Transfer Ownership"
            working="Transferring…"
            danger=true
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            <Banner severity=Severity::Warning>
                <p>"Only the new Owner can undo this."</p>
            </Banner>
            <ul class="consequences">
                <li><strong>{email}</strong>" becomes the "{SystemRole::Owner.name()}" and may do everything."</li>
                <li>"You become an "{SystemRole::Admin.name()}"."</li>
                <li>"Both of you get a mail about it."</li>
            </ul>
            <PasswordField
                form="transfer"
                label="Your password"
                value=password
                problems
                autocomplete="current-password"
                help="To be sure that it is you."
            />
        </DialogForm>
    }
}

/// `Leave`
#[component]
pub(super) fn LeaveForm(tab: Tab, organization: String) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let send = move |()| {
        problems.set(Problems::default());
        tab.tasks.call(pending, member_leave(), move |answer| match answer {
            // The session has ended with the membership; a new page, so that nothing of it stays in memory.
            Ok(()) => browser::load(path::SIGN_IN),
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form="leave"
            problems
            pending
            label="Leave"
            working="Leaving…"
            danger=true
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            <p>"You will no longer belong to "<strong>{organization}</strong>"."</p>
            <ul class="consequences">
                <li>"You are signed out of it everywhere, at once."</li>
                <li>"Keys that you created belong to the organization and keep working."</li>
                <li>"To come back, you need a new invitation."</li>
            </ul>
        </DialogForm>
    }
}
