//! What people write down about the key, and where it is deployed: read here, and changed in place.

use leptos::{prelude::*, web_sys::SubmitEvent};
use shared::{
    AppError, Permission,
    account::Viewer,
    key::{self, DEPLOYED_TO_MAX, KeyDetail, KeyNotesParams, KeyStatus, KeyView, NOTES_MAX},
};

use super::{super::api::key_notes_update, desk::Desk};
use crate::{
    layout::section::Section,
    ui::{
        banner::{Banner, Severity},
        button::{GuardedButton, SubmitButton},
        field::{Field, TextField, described_by, judge},
        form::{ProblemSummary, Problems},
    },
};

/// The form's prefix.
const FORM: &str = "notes";

/// The form, while somebody fills it in.
#[derive(Clone, Copy)]
pub(super) struct NotesDraft {
    notes: RwSignal<String>,
    deployed_to: RwSignal<String>,
    problems: RwSignal<Problems>,
    pending: RwSignal<bool>,
    /// What it was filled from; `None` while nobody edits.
    base: RwSignal<Option<KeyView>>,
    /// What somebody else has saved meanwhile.
    saved: RwSignal<Option<KeyView>>,
}

impl NotesDraft {
    /// Nobody edits.
    pub(super) fn new() -> Self {
        Self {
            notes: RwSignal::new(String::new()),
            deployed_to: RwSignal::new(String::new()),
            problems: RwSignal::new(Problems::default()),
            pending: RwSignal::new(false),
            base: RwSignal::new(None),
            saved: RwSignal::new(None),
        }
    }

    fn edit(self, key: KeyView) {
        self.notes.set(key.notes.clone());
        self.deployed_to.set(key.deployed_to.clone());
        self.problems.set(Problems::default());
        self.saved.set(None);
        self.base.set(Some(key));
    }

    fn end(self) {
        self.base.set(None);
    }
}

fn check_notes(text: &str) -> Option<String> {
    judge(key::notes(text))
}

fn check_deployed_to(text: &str) -> Option<String> {
    judge(key::deployed_to(text))
}

fn send(desk: Desk) {
    let draft = desk.notes;
    let Some((id, version)) = draft.base.read_untracked().as_ref().map(|key| (key.id, key.version)) else { return };
    let (notes, deployed_to) = (draft.notes.get_untracked(), draft.deployed_to.get_untracked());
    let found =
        Problems::from_checks([("deployed_to", check_deployed_to(&deployed_to)), ("notes", check_notes(&notes))]);
    let wrong = !found.is_empty();
    draft.problems.set(found);
    if wrong {
        return;
    }
    let params = KeyNotesParams { id, version, notes, deployed_to };
    desk.tab.call(draft.pending, key_notes_update(params), move |answer| match answer {
        Ok(_) => {
            draft.end();
            desk.tab.done("Saved.");
        }
        Err(AppError::Conflict { current }) => {
            // Sent again, it is meant for what is shown now.
            draft.base.set(Some((*current).clone()));
            draft.saved.set(Some(*current));
        }
        Err(error) => draft.problems.set(Problems::from_error(&error)),
    });
}

/// The section.
#[component]
pub(super) fn NotesSection(desk: Desk, detail: Memo<KeyDetail>, viewer: StoredValue<Viewer>) -> impl IntoView {
    let refused = viewer.with_value(|viewer| viewer.refusal(Permission::KeyUpdate, "edit keys"));
    let editing = Memo::new(move |_| desk.notes.base.read().is_some());
    view! {
        <Section id="notes" title="Notes" sentence="What to know about this key. No secret belongs here.">
            {move || {
                if editing.get() {
                    view! { <NotesForm desk/> }.into_any()
                } else {
                    view! { <Written desk detail refused=refused.clone()/> }.into_any()
                }
            }}
        </Section>
    }
}

#[component]
fn Written(desk: Desk, detail: Memo<KeyDetail>, refused: Option<String>) -> impl IntoView {
    let key = Memo::new(move |_| detail.read().key.clone());
    let refused = StoredValue::new(refused);
    let edit = Callback::new(move |()| desk.notes.edit(key.get_untracked()));
    move || {
        let KeyView { notes, deployed_to, status, .. } = key.get();
        let or_none = |text: String| {
            if text.is_empty() {
                view! { <span class="muted">"Nothing yet"</span> }.into_any()
            } else {
                view! { <span class="written">{text}</span> }.into_any()
            }
        };
        view! {
            <dl class="facts">
                <dt>"Where deployed"</dt>
                <dd>{or_none(deployed_to)}</dd>
                <dt>"Notes"</dt>
                <dd>{or_none(notes)}</dd>
            </dl>
            {(status != KeyStatus::Revoked)
                .then(|| view! {
                    <p>
                        <GuardedButton
                            label="Edit notes"
                            class="button needs-scripts"
                            refused=Signal::stored(refused.get_value())
                            on_press=edit
                        />
                    </p>
                })}
        }
    }
}

#[component]
fn NotesForm(desk: Desk) -> impl IntoView {
    let NotesDraft { notes, deployed_to, problems, pending, saved, .. } = desk.notes;
    let error = Memo::new(move |_| problems.read().on("notes").or_else(|| check_notes(&notes.read())));
    view! {
        <form
            class="form notes-form"
            novalidate
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                send(desk);
            }
        >
            <ProblemSummary form=FORM problems/>
            {move || saved.get().map(|saved| view! { <Conflict saved/> })}
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
            <Field form=FORM name="notes" label="Notes" optional=true help=format!("Up to {NOTES_MAX} characters.") error>
                <textarea
                    class="input"
                    id=format!("{FORM}-notes")
                    name="notes"
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
            <div class="form-actions">
                <SubmitButton label="Save Changes" working="Saving…" pending/>
                <button type="button" class="button" on:click=move |_| desk.notes.end()>"Cancel"</button>
            </div>
        </form>
    }
}

/// Somebody else has saved something: what that is, beside what is typed.
#[component]
fn Conflict(saved: KeyView) -> impl IntoView {
    view! {
        <Banner severity=Severity::Warning>
            <p>
                <strong>"Somebody else changed this key in the meantime."</strong>
                " Nothing of yours was saved yet, and nothing is lost. “Save Changes” puts yours in place of what is saved now:"
            </p>
            <dl class="facts">
                <dt>"Where deployed"</dt>
                <dd class="written">{saved.deployed_to}</dd>
                <dt>"Notes"</dt>
                <dd class="written">{saved.notes}</dd>
            </dl>
        </Banner>
    }
}
