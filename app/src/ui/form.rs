//! What is wrong with a form, and the summary of it on top.

use leptos::prelude::*;
use shared::{AppError, field::FieldError};

use super::{
    banner::{Banner, Severity},
    browser,
};

/// What is wrong with a form: sentences for single fields, and one for the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    fields: Vec<FieldError>,
    whole: Option<String>,
}

impl Problems {
    /// What the server said.
    #[must_use]
    pub fn from_error(error: &AppError) -> Self {
        match error {
            AppError::Invalid { fields } => Self { fields: fields.clone(), whole: None },
            other => Self { fields: Vec::new(), whole: Some(other.to_string()) },
        }
    }

    /// Something is wrong with the form as a whole.
    #[must_use]
    pub fn of_the_whole(text: &str) -> Self {
        Self { fields: Vec::new(), whole: Some(text.to_owned()) }
    }

    /// What the rules of single fields said, each with the field's name.
    #[must_use]
    pub fn from_checks(checks: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Self {
        let fields = checks.into_iter().filter_map(|(name, wrong)| Some(FieldError::new(name, wrong?))).collect();
        Self { fields, whole: None }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.whole.is_none()
    }

    /// The sentence for one field.
    #[must_use]
    pub fn on(&self, name: &str) -> Option<String> {
        self.fields.iter().find(|field| field.field == name).map(|field| field.message.clone())
    }

    /// Forgets what was wrong with a field: it has been changed since.
    pub fn forget(&mut self, name: &str) {
        self.fields.retain(|field| field.field != name);
        self.whole = None;
    }
}

/// Everything that is wrong, announced as soon as it is known. The focus goes to the first field that is wrong, or to
/// the summary when the trouble is with the form as a whole.
#[component]
pub fn ProblemSummary(
    /// The form's prefix: its fields are called `prefix-name`.
    form: &'static str,
    /// What is wrong.
    #[prop(into)]
    problems: Signal<Problems>,
) -> impl IntoView {
    let id = format!("{form}-problems");
    Effect::new({
        let selector = format!("#{id}");
        move |before: Option<bool>| {
            let problems = problems.get();
            let wrong = !problems.is_empty();
            // Only when something goes wrong, not while the person puts it right.
            if wrong && before != Some(true) {
                match problems.fields.first() {
                    Some(field) => browser::focus(&format!("#{form}-{}", field.field)),
                    None => browser::focus(&selector),
                }
            }
            wrong
        }
    });
    view! {
        <div id=id class="problems" role="alert" tabindex="-1">
            {move || {
                let Problems { fields, whole } = problems.get();
                (!fields.is_empty() || whole.is_some())
                    .then(|| view! {
                        <Banner severity=Severity::Error>
                            {whole.map(|text| view! { <p>{text}</p> })}
                            <ul>
                                {fields
                                    .into_iter()
                                    .map(|field| view! { <li><FieldLink form field/></li> })
                                    .collect_view()}
                            </ul>
                        </Banner>
                    })
            }}
        </div>
    }
}

/// The sentence, leading to its field.
#[component]
fn FieldLink(form: &'static str, field: FieldError) -> impl IntoView {
    let target = format!("#{form}-{}", field.field);
    view! {
        <a
            href=target.clone()
            on:click=move |event| {
                event.prevent_default();
                browser::focus(&target);
            }
        >
            {field.message}
        </a>
    }
}
