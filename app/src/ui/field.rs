//! Fields of forms: the label above, help under it, and what is wrong under that.
//!
//! Text fields keep their own text and only report it. So what somebody typed before the page became interactive, or
//! what a password manager filled in, stays.

use leptos::prelude::*;

use super::{browser, form::Problems};

/// The rule of a field: the sentence to show, or `None` when all is well.
pub type Check = fn(&str) -> Option<String>;

/// Turns a rule that gives the cleaned value into one that only judges.
#[must_use]
pub fn judge<T>(result: Result<T, String>) -> Option<String> {
    result.err()
}

/// Label, help and error around any control. The control's id is `form-name`, and it is described by
/// [`described_by`].
#[component]
pub fn Field(
    /// The form's prefix.
    form: &'static str,
    /// The field's name in the form.
    name: &'static str,
    /// The label.
    label: &'static str,
    /// Said beside the label, for fields that may stay empty.
    #[prop(optional)]
    optional: bool,
    /// What to know before filling it in.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// What is wrong with it.
    #[prop(into)]
    error: Signal<Option<String>>,
    /// The control.
    children: Children,
) -> impl IntoView {
    let id = format!("{form}-{name}");
    view! {
        <div class="field" class:has-error=move || error.read().is_some()>
            <div class="field-label">
                <label for=id.clone()>{label}</label>
                {optional.then(|| view! { <span class="field-optional" aria-hidden="true">"Optional"</span> })}
            </div>
            {children()}
            <p class="field-help" id=format!("{id}-help")>{move || help.get()}</p>
            <p class="field-error" id=format!("{id}-error")>{move || error.get()}</p>
        </div>
    }
}

/// The value of `aria-describedby` for a control inside a [`Field`].
#[must_use]
pub fn described_by(form: &str, name: &str) -> String {
    format!("{form}-{name}-help {form}-{name}-error")
}

/// What a text field is besides its name and its text.
#[derive(Debug, Clone, Copy)]
pub struct TextKind {
    /// `type`
    pub r#type: &'static str,
    /// What a browser may fill in.
    pub autocomplete: &'static str,
    /// Whether it must not stay empty; only the browser's own check, without scripts, looks at it.
    pub required: bool,
    /// Whether a dialog focuses it when it opens.
    pub autofocus: bool,
    /// Whether its rule is applied from the first letter on, or only once the person has left the field.
    pub eager: bool,
}

impl TextKind {
    /// A line of text that nobody fills in for the person.
    pub const LINE: Self = Self { r#type: "text", autocomplete: "off", required: false, autofocus: false, eager: true };
}

/// One line of text, or one of the browser's variants of it (email, date, password).
#[component]
pub fn TextField(
    /// The form's prefix.
    form: &'static str,
    /// The field's name in the form.
    name: &'static str,
    /// The label.
    label: &'static str,
    /// What is in it; only the first value is taken over, later ones come from typing.
    value: RwSignal<String>,
    /// What is wrong with the form as last sent.
    problems: RwSignal<Problems>,
    /// What else it is.
    #[prop(default = TextKind::LINE)]
    kind: TextKind,
    /// Shows what a password field would hide.
    #[prop(optional, into)]
    revealed: Signal<bool>,
    /// Said beside the label, for fields that may stay empty.
    #[prop(optional)]
    optional: bool,
    /// What to know before filling it in.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    /// Its rule, applied while somebody types.
    #[prop(optional)]
    check: Option<Check>,
    /// A button beside it.
    #[prop(optional, into)]
    beside: ViewFnOnce,
) -> impl IntoView {
    let id = format!("{form}-{name}");
    let left = RwSignal::new(kind.eager);
    let error = Memo::new(move |_| {
        problems.read().on(name).or_else(|| {
            let text = value.read();
            if text.is_empty() || !left.get() { None } else { check.and_then(|check| check(&text)) }
        })
    });
    // What the browser has restored or filled in before the page was interactive.
    Effect::new({
        let id = id.clone();
        move |_| {
            if let Some(text) = browser::field_value(&id).filter(|text| !text.is_empty()) {
                value.set(text);
            }
        }
    });
    view! {
        <Field form name label optional help error>
            <div class="input-row">
                <input
                    class="input"
                    id=id
                    name=name
                    type=move || if revealed.get() { "text" } else { kind.r#type }
                    value=value.get_untracked()
                    autocomplete=kind.autocomplete
                    required=kind.required
                    autofocus=kind.autofocus
                    spellcheck="false"
                    aria-describedby=described_by(form, name)
                    aria-invalid=move || error.read().is_some().then_some("true")
                    on:input=move |event| {
                        value.set(event_target_value(&event));
                        if !problems.read_untracked().is_empty() {
                            problems.update(|problems| problems.forget(name));
                        }
                    }
                    on:change=move |_| left.set(true)
                />
                {beside.run()}
            </div>
        </Field>
    }
}

/// One of a few. The options are `(value, label)`, in order.
#[component]
pub fn SelectField(
    /// The form's prefix.
    form: &'static str,
    /// The field's name in the form.
    name: &'static str,
    /// The label.
    label: &'static str,
    /// What is chosen.
    value: RwSignal<String>,
    /// What is wrong with the form as last sent.
    problems: RwSignal<Problems>,
    /// What can be chosen.
    options: Vec<SelectOption>,
    /// Shown under it, about what is chosen.
    #[prop(optional, into)]
    about: ViewFn,
) -> impl IntoView {
    let error = Memo::new(move |_| problems.read().on(name));
    let chosen = value.get_untracked();
    view! {
        <Field form name label error>
            <select
                class="input select"
                id=format!("{form}-{name}")
                name=name
                aria-describedby=described_by(form, name)
                aria-invalid=move || error.read().is_some().then_some("true")
                on:change=move |event| {
                    value.set(event_target_value(&event));
                    problems.update(|problems| problems.forget(name));
                }
            >
                {options
                    .into_iter()
                    .map(|option| {
                        let selected = option.value == chosen;
                        view! {
                            <option value=option.value selected=selected disabled=option.disabled>
                                {option.label}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
            {about.run()}
        </Field>
    }
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectOption {
    /// What the form sends.
    pub value: String,
    /// What the person reads.
    pub label: String,
    /// Shown, but not for choosing; the label says why.
    pub disabled: bool,
}

impl SelectOption {
    /// One that may be chosen.
    #[must_use]
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), disabled: false }
    }

    /// All of them, in a filter.
    #[must_use]
    pub fn any() -> Self {
        Self::new("", "Any")
    }
}
