//! `Revoke`: ends a key for good.

use leptos::{prelude::*, web_sys::SubmitEvent};
use shared::{
    Timestamp,
    key::{self, KeyList, KeyView, REASON_MAX},
};

use super::{
    api::key_revoke,
    row::Used,
    tab::{Tab, Task, refused_since},
};
use crate::ui::{
    banner::{Banner, Severity},
    button::SubmitButton,
    dialog::Dialog,
    field::{TextField, judge},
    form::{ProblemSummary, Problems},
};

/// The form's prefix.
const FORM: &str = "revoke";

/// The dialog.
#[component]
pub(super) fn RevokeDialog(tab: Tab, list: Memo<Option<KeyList>>) -> impl IntoView {
    let key = Memo::new(move |_| match tab.task.get() {
        Some(Task::Revoke(key)) => Some(key),
        _ => None,
    });
    let open = Memo::new(move |_| key.read().is_some());
    let now = Memo::new(move |_| list.read().as_ref().map_or(Timestamp::from_micros(0), |list| list.now));
    let close = Callback::new(move |()| tab.close());
    view! {
        <Dialog id="revoke-key" title="Revoke API key" open on_close=close>
            {move || key.get().map(|key| view! { <RevokeForm tab key now/> })}
        </Dialog>
    }
}

fn check_reason(text: &str) -> Option<String> {
    judge(key::reason(text))
}

#[component]
fn RevokeForm(tab: Tab, key: KeyView, now: Memo<Timestamp>) -> impl IntoView {
    let reason = RwSignal::new(String::new());
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let id = key.id;
    let send = move || {
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
        <form
            class="form"
            novalidate
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                send();
            }
        >
            <ProblemSummary form=FORM problems/>
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
            <footer class="dialog-footer">
                <button type="button" class="button" autofocus on:click=move |_| tab.close()>"Cancel"</button>
                <SubmitButton label="Revoke Key" working="Revoking…" pending danger=true/>
            </footer>
        </form>
    }
}
