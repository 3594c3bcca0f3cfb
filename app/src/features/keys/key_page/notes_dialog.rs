//! Writing down something about the key, and where it is deployed.

use leptos::prelude::*;
use shared::{
    AppError,
    key::{self, DEPLOYED_TO_MAX, KeyNotesParams, KeyView, NOTES_MAX},
};

use super::{
    super::{api::key_notes_update, tab::Tab},
    notes::written,
};
use crate::ui::{
    banner::{Banner, Severity},
    dialog_form::DialogForm,
    field::{Field, TextField, described_by, judge},
    form::Problems,
};

/// The form's prefix.
const FORM: &str = "notes";

fn check_notes(text: &str) -> Option<String> {
    judge(key::notes(text))
}

fn check_deployed_to(text: &str) -> Option<String> {
    judge(key::deployed_to(text))
}

/// The form. It is filled from `key`; what somebody else has saved meanwhile is shown above it.
#[component]
pub(super) fn NotesForm(tab: Tab, key: KeyView) -> impl IntoView {
    let notes = RwSignal::new(key.notes);
    let deployed_to = RwSignal::new(key.deployed_to);
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let version = RwSignal::new(key.version);
    let theirs = RwSignal::new(None::<KeyView>);
    let id = key.id;
    let send = move |()| {
        let (notes, deployed_to) = (notes.get_untracked(), deployed_to.get_untracked());
        let found =
            Problems::from_checks([("deployed_to", check_deployed_to(&deployed_to)), ("notes", check_notes(&notes))]);
        let wrong = !found.is_empty();
        problems.set(found);
        if wrong {
            return;
        }
        let params = KeyNotesParams { id, version: version.get_untracked(), notes, deployed_to };
        tab.call(pending, key_notes_update(params), move |answer| match answer {
            Ok(_) => tab.done("Saved."),
            Err(AppError::Conflict { current }) => {
                // Sent again, it is meant for what is shown now.
                version.set(current.version);
                theirs.set(Some(*current));
            }
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    let error = Memo::new(move |_| problems.read().on("notes").or_else(|| check_notes(&notes.read())));
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Save Changes"
            working="Saving…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.close())
        >
            <div role="alert">{move || theirs.get().map(|theirs| conflict(&theirs))}</div>
            <TextField
                form=FORM
                name="deployed_to"
                label="Where deployed"
                optional=true
                value=deployed_to
                problems
                check=check_deployed_to
                help=format!("Up to {DEPLOYED_TO_MAX} characters, such as “billing-api on eu-1”.")
            />
            <Field
                form=FORM
                name="notes"
                label="Notes"
                optional=true
                help=format!("Up to {NOTES_MAX} characters. No secret belongs here.")
                error
            >
                <textarea
                    class="input"
                    id="notes-notes"
                    rows="6"
                    aria-describedby=described_by(FORM, "notes")
                    aria-invalid=move || error.read().is_some().then_some("true")
                    on:input=move |event| {
                        notes.set(event_target_value(&event));
                        problems.update(|problems| problems.forget("notes"));
                    }
                >
                    {notes.get_untracked()}
                </textarea>
            </Field>
        </DialogForm>
    }
}

/// Somebody else has saved something: what that is, above what is typed.
fn conflict(theirs: &KeyView) -> AnyView {
    let written = written(theirs);
    view! {
        <Banner severity=Severity::Warning>
            <p>
                <strong>"Somebody else changed this key in the meantime."</strong>
                " Nothing of yours was saved yet, and nothing is lost. “Save Changes” puts yours in place of what is saved now:"
            </p>
            {written}
        </Banner>
    }
    .into_any()
}
