//! `Rotate`: another secret key for the same API key, and until when the one before works.

use leptos::prelude::*;
use shared::{
    AppError,
    key::{KeyCreated, KeyView},
    rotation::{KeyRotateParams, OVERLAP_DAYS_MAX, OVERLAPS},
};

use super::{api::key_rotate, retiring::RetiringFacts, reveal::Reveal, tab::Tab};
use crate::ui::{
    banner::{Banner, Severity},
    dialog_form::DialogForm,
    field::{SelectField, SelectOption, TextField, TextKind},
    form::Problems,
};

/// The form's prefix.
const FORM: &str = "rotate";
/// The choice that asks for a number of days.
const CUSTOM: &str = "custom";

/// What the form and the dialog share.
#[derive(Clone, Copy)]
pub(super) struct Rotation {
    tab: Tab,
    overlap: RwSignal<String>,
    days: RwSignal<String>,
    problems: RwSignal<Problems>,
    pending: RwSignal<bool>,
    /// The only place where the secret is kept, until it is copied.
    rotated: RwSignal<Option<KeyCreated>>,
}

impl Rotation {
    /// None yet.
    pub(super) fn new(tab: Tab) -> Self {
        Self {
            tab,
            overlap: RwSignal::new("86400".to_owned()),
            days: RwSignal::new("14".to_owned()),
            problems: RwSignal::new(Problems::default()),
            pending: RwSignal::new(false),
            rotated: RwSignal::new(None),
        }
    }

    /// The dialog's heading.
    pub(super) fn title(self) -> &'static str {
        if self.rotated.read().is_some() { "API key rotated" } else { "Rotate API key" }
    }

    /// Whether the dialog has to stay: the secret is shown, or the answer that holds it is under way.
    pub(super) fn is_locked(self) -> bool {
        self.rotated.read().is_some() || self.pending.get()
    }

    /// For how long the old secret goes on working, in seconds.
    fn overlap_seconds(self) -> Option<u32> {
        match self.overlap.get_untracked().as_str() {
            CUSTOM => {
                let days: u32 = self.days.read_untracked().trim().parse().ok()?;
                (1..=OVERLAP_DAYS_MAX).contains(&days).then_some(days * 86_400)
            }
            seconds => seconds.parse().ok(),
        }
    }

    fn send(self, key: &KeyView) {
        let Some(overlap_seconds) = self.overlap_seconds() else {
            let said = format!("Give a number of days from 1 to {OVERLAP_DAYS_MAX}.");
            return self.problems.set(Problems::from_checks([("days", Some(said))]));
        };
        self.problems.set(Problems::default());
        // The dialog says what becomes of a rotation that is under way, so sending it agrees to that.
        let force = key.retiring.is_some();
        let params = KeyRotateParams { id: key.id, version: key.version, overlap_seconds, force };
        self.tab.call(self.pending, key_rotate(params), move |answer| match answer {
            Ok(rotated) => self.rotated.set(Some(rotated)),
            Err(error) => self.problems.set(Problems::from_error(&described(error))),
        });
    }

    /// Drops the secret. The table is read again only now: nothing may replace the page while the secret is shown.
    fn forget(self) {
        self.rotated.set(None);
        self.tab.close();
        self.tab.reread();
    }
}

/// A conflict is told without the view of both states that editing has: there is nothing typed to compare.
fn described(error: AppError) -> AppError {
    if let AppError::Conflict { .. } = error { AppError::stale("key") } else { error }
}

/// The form, and after it the secret.
#[component]
pub(super) fn Rotate(rotation: Rotation, key: KeyView) -> impl IntoView {
    rotation.problems.set(Problems::default());
    move || match rotation.rotated.get() {
        Some(created) => {
            let forget = Callback::new(move |()| rotation.forget());
            view! { <Reveal created forget/> }.into_any()
        }
        None => view! { <RotateForm rotation key=key.clone()/> }.into_any(),
    }
}

#[component]
fn RotateForm(rotation: Rotation, key: KeyView) -> impl IntoView {
    let Rotation { tab, overlap, days, problems, pending, .. } = rotation;
    let choices = OVERLAPS.iter().map(|(seconds, label)| SelectOption::new(seconds.to_string(), *label));
    let choices = choices.chain([SelectOption::new(CUSTOM, "Custom")]).collect::<Vec<_>>();
    let running = key.retiring.clone();
    let name = key.name.clone();
    let is_custom = Memo::new(move |_| *overlap.read() == CUSTOM);
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Rotate Key"
            working="Rotating…"
            on_submit=Callback::new(move |()| rotation.send(&key))
            on_cancel=Callback::new(move |()| tab.close())
        >
            <p>
                <strong>{name}</strong>
                " gets a new secret key. Its Key ID, role and history stay. Put the new secret key into your application while the old one still works."
            </p>
            {running.map(|retiring| view! {
                <Banner severity=Severity::Warning>
                    <p><strong>"A rotation is under way. This one ends it: its old secret key stops working at once."</strong></p>
                    <RetiringFacts retiring/>
                </Banner>
            })}
            <SelectField
                form=FORM
                name="overlap_seconds"
                label="The old secret key goes on working for"
                value=overlap
                problems
                options=choices
                about=move || view! {
                    <Show when=move || *overlap.read() == "0">
                        <p class="muted">"Applications that have the old secret key stop working at once."</p>
                    </Show>
                }
            />
            <Show when=move || is_custom.get()>
                <TextField
                    form=FORM
                    name="days"
                    label="Days"
                    value=days
                    problems
                    kind=TextKind { r#type: "number", ..TextKind::LINE }
                    help=format!("1 to {OVERLAP_DAYS_MAX}, and never beyond the day on which the key expires.")
                />
            </Show>
        </DialogForm>
    }
}
