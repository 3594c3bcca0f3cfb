//! The old secret of a rotation, as long as it works.

use leptos::prelude::*;
use shared::{Timestamp, key::KeyView, rotation::RetiringSecret};

use super::{api::key_retire, tab::Tab};
use crate::ui::{dialog_form::DialogForm, form::Problems};

/// Which one it is, until when it works, and who still uses it.
#[component]
pub(super) fn RetiringFacts(retiring: RetiringSecret) -> impl IntoView {
    let used = match retiring.last_used {
        Some(used) => format!("It was last used {} from {}.", used.at.exact(), used.address),
        None => "It was never used.".to_owned(),
    };
    view! {
        <p>
            "The secret key that ends in "<code>{retiring.last4}</code>" works until "{retiring.retires_at.exact()}". "
            {used}
        </p>
    }
}

/// `rotating: …ab12 still used 3 minutes ago`, or that it may end.
#[component]
pub(super) fn RetiringNote(retiring: RetiringSecret, #[prop(into)] now: Signal<Timestamp>) -> impl IntoView {
    let title = format!("The old secret key works until {}.", retiring.retires_at.exact());
    let stored = StoredValue::new(retiring);
    let said = move || {
        stored.with_value(|retiring| match &retiring.last_used {
            _ if retiring.is_quiet(now.get()) => format!("rotating: …{} is quiet, safe to retire", retiring.last4),
            Some(used) => format!("rotating: …{} used {}", retiring.last4, used.at.relative_to(now.get())),
            None => format!("rotating: …{}", retiring.last4),
        })
    };
    view! { <small title=title>{said}</small> }
}

/// `Finish Rotation`: the old secret ends before its time.
#[component]
pub(super) fn RetireForm(tab: Tab, key: KeyView) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let id = key.id;
    let send = move |()| {
        problems.set(Problems::default());
        tab.call(pending, key_retire(id), move |answer| match answer {
            Ok(key) => tab.done(format!("The old secret key of {} is refused from now on.", key.name)),
            Err(error) => problems.set(Problems::from_error(&error)),
        });
    };
    view! {
        <DialogForm
            form="retire"
            problems
            pending
            label="Finish Rotation"
            working="Finishing…"
            danger=true
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.close())
        >
            <p><strong>"Applications that still use the old secret key will stop working"</strong></p>
            {key.retiring.map(|retiring| view! { <RetiringFacts retiring/> })}
        </DialogForm>
    }
}
