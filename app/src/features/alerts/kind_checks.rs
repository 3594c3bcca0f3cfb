//! Choosing any number of kinds of alerts.

use leptos::prelude::*;
use shared::alert::AlertKind;

/// The kinds as checkboxes.
#[component]
pub(super) fn KindChecks(
    /// The form's prefix.
    form: &'static str,
    /// What they are chosen for.
    legend: &'static str,
    /// What to know about it.
    help: &'static str,
    /// What is chosen.
    chosen: RwSignal<Vec<AlertKind>>,
) -> impl IntoView {
    let check = move |kind: AlertKind| {
        let id = format!("{form}-{}", kind.code());
        view! {
            <div class="role-check">
                <input
                    type="checkbox"
                    id=id.clone()
                    prop:checked=move || chosen.read().contains(&kind)
                    checked=chosen.read_untracked().contains(&kind)
                    on:change=move |event| {
                        let checked = event_target_checked(&event);
                        chosen.update(|chosen| {
                            chosen.retain(|other| *other != kind);
                            if checked {
                                chosen.push(kind);
                            }
                        });
                    }
                />
                <label for=id>{kind.label()}</label>
            </div>
        }
    };
    view! {
        <fieldset class="role-checks kind-checks" aria-describedby=format!("{form}-kinds-help")>
            <legend>{legend}</legend>
            <p class="field-help" id=format!("{form}-kinds-help")>{help}</p>
            {AlertKind::ALL.iter().copied().map(check).collect_view()}
        </fieldset>
    }
}
