//! `+ Invite Member`

use leptos::prelude::*;
use shared::{
    RoleId, account,
    role::{RoleChoice, SystemRole},
    team::InvitationCreateParams,
};

use super::{
    api::invitation_create,
    link::LinkNews,
    tab::{Tab, Task},
};
use crate::{
    features::roles::role_choice::RoleField,
    ui::{
        dialog_form::DialogForm,
        field::{TextField, TextKind, judge},
        form::Problems,
    },
};

/// The form's prefix.
const FORM: &str = "invite";

const EMAIL: TextKind =
    TextKind { r#type: "email", autocomplete: "off", required: true, autofocus: true, eager: false };

fn check_email(text: &str) -> Option<String> {
    judge(account::email(text))
}

/// What people are invited as unless somebody decides otherwise: to see, and to change nothing.
fn usual(roles: &[RoleChoice]) -> Option<String> {
    let free = || roles.iter().filter(|role| role.locked.is_none());
    let member = free().find(|role| role.name == SystemRole::Member.name());
    member.or_else(|| free().min_by_key(|role| role.permissions.len())).map(|role| role.id.to_string())
}

/// The form. After it, the same dialog shows the link.
#[component]
pub(super) fn InviteForm(tab: Tab, roles: Memo<Vec<RoleChoice>>) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    if tab.role.read_untracked().is_empty()
        && let Some(role) = usual(&roles.read_untracked())
    {
        tab.role.set(role);
    }
    let send = move |()| {
        let (email, role) = (tab.email.get_untracked(), tab.role.read_untracked().parse::<RoleId>().ok());
        let wrong_email = check_email(&email);
        let (Some(role), None) = (role, &wrong_email) else {
            let no_role = role.is_none().then(|| "Choose a role.".to_owned());
            return problems.set(Problems::from_checks([("email", wrong_email), ("role", no_role)]));
        };
        problems.set(Problems::default());
        let params = InvitationCreateParams { email, role };
        tab.tasks.call(pending, invitation_create(params), move |answer| match answer {
            Ok(sent) => {
                tab.email.set(String::new());
                tab.list.refetch();
                tab.open(Task::HandOn(LinkNews::Invited(sent)));
            }
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Send Invite"
            working="Sending…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.tasks.close())
        >
            <TextField
                form=FORM
                name="email"
                label="Email"
                value=tab.email
                problems
                kind=EMAIL
                check=check_email
                help="They get a link and have seven days to accept. Their account will have this email."
            />
            <RoleField form=FORM value=tab.role problems roles/>
        </DialogForm>
    }
}
