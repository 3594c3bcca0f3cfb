//! The form of a role, the same when it is created and when it is edited.

use leptos::{prelude::*, web_sys::SubmitEvent};
use shared::{
    permission::ApplicationPermission,
    role::{DESCRIPTION_MAX, NAME_MAX},
};

use super::{
    draft::{Draft, check_description, check_name},
    permission_picker::PermissionPicker,
    rights::Rights,
};
use crate::ui::{button::SubmitButton, field::TextField, form::ProblemSummary};

/// `Role Name`, `Description` and the permissions.
#[component]
pub(super) fn RoleForm(
    draft: Draft,
    /// What the organization has registered.
    own: Vec<ApplicationPermission>,
    rights: StoredValue<Rights>,
    /// The verb.
    label: &'static str,
    /// The verb while it happens.
    working: &'static str,
    /// Sends it.
    on_submit: Callback<()>,
    /// Where `Cancel` leads.
    cancel: String,
    /// Right below what is wrong with the form.
    #[prop(optional, into)]
    notice: ViewFnOnce,
    /// Right above the verb.
    #[prop(optional, into)]
    before_submit: ViewFnOnce,
) -> impl IntoView {
    let Draft { form, name, description, problems, pending, .. } = draft;
    view! {
        // A form of this method does nothing outside of a dialog. So Enter, pressed before the page is interactive, does
        // not load the page again and lose what was typed.
        <form
            class="form role-form"
            method="dialog"
            novalidate
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                on_submit.run(());
            }
        >
            <ProblemSummary form problems/>
            {notice.run()}
            <TextField
                form
                name="name"
                label="Role Name"
                value=name
                problems
                check=check_name
                help=format!("What its holders are, such as “Partner integration”. Up to {NAME_MAX} characters.")
            />
            <TextField
                form
                name="description"
                label="Description"
                optional=true
                value=description
                problems
                check=check_description
                help=format!("One line for whoever chooses a role. Up to {DESCRIPTION_MAX} characters.")
            />
            <PermissionPicker draft own rights/>
            <footer class="role-form-footer">
                {before_submit.run()}
                <div class="role-form-buttons">
                    <SubmitButton label working pending/>
                    <a class="button" href=cancel>"Cancel"</a>
                </div>
            </footer>
        </form>
    }
}
