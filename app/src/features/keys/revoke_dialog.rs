//! `Revoke`: ends a key for good.

use leptos::prelude::*;
use shared::{
    Timestamp,
    key::{self, KeyView, REASON_MAX},
};

use super::{
    api::key_revoke,
    row::Used,
    tab::{Tab, refused_since},
};
use crate::ui::{
    banner::{Banner, Severity},
    dialog_form::DialogForm,
    field::{TextField, judge},
    form::Problems,
};

/// The form's prefix.
const FORM: &str = "revoke";

fn check_reason(text: &str) -> Option<String> {
    judge(key::reason(text))
}

/// The question, and why.
#[component]
pub(super) fn RevokeForm(tab: Tab, key: KeyView, now: Memo<Timestamp>) -> impl IntoView {
    let reason = RwSignal::new(String::new());
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let id = key.id;
    let send = move |()| {
        let found = Problems::from_checks([("reason", check_reason(&reason.read_untracked()))]);
        if !found.is_empty() {
            return problems.set(found);
        }
        problems.set(Problems::default());
        tab.call(pending, key_revoke(id, reason.get_untracked()), move |answer| match answer {
            Ok(refused) => tab.done(refused_since("Revoked", &refused)),
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Revoke Key"
            working="Revoking…"
            danger=true
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.close())
        >
            <Banner severity=Severity::Error>
                <p><strong>"Applications using this key will stop working"</strong></p>
                <p>"This cannot be undone."</p>
            </Banner>
            <dl class="facts">
                <dt>"Name"</dt>
                <dd>{key.name}</dd>
                <dt>"Key ID"</dt>
                <dd><code>{id.to_string()}</code></dd>
                <dt>"Last used"</dt>
                <dd><Used last_used=key.last_used now/></dd>
            </dl>
            <TextField
                form=FORM
                name="reason"
                label="Reason"
                optional=true
                value=reason
                problems
                check=check_reason
                help=format!("Kept with the key. Up to {REASON_MAX} characters.")
            />
        </DialogForm>
    }
}
