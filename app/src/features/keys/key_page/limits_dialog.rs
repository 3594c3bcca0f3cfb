//! Changing how often the key may be used.

use leptos::prelude::*;
use shared::{
    AppError,
    key::KeyPage,
    limit::{self, RateLimit, RateLimitsUpdateParams, RateLimitsView, Window},
};

use super::{
    super::{api::rate_limits_update, tab::Tab},
    access::{label, said},
};
use crate::ui::{
    dialog_form::DialogForm,
    field::{Check, TextField, judge},
    form::Problems,
};

/// The form's prefix.
const FORM: &str = "limits";

const fn check(window: Window) -> Check {
    match window {
        Window::Second => |text| judge(limit::requests(Window::Second, text)),
        Window::Minute => |text| judge(limit::requests(Window::Minute, text)),
        Window::Hour => |text| judge(limit::requests(Window::Hour, text)),
        Window::Day => |text| judge(limit::requests(Window::Day, text)),
    }
}

/// The form. It is filled from `limits`; `page` has what somebody else has saved meanwhile.
#[component]
pub(super) fn LimitsForm(tab: Tab, page: Memo<Option<KeyPage>>, limits: RateLimitsView) -> impl IntoView {
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let fields = Window::ALL.map(|window| {
        let requests = limits.limits.of(window).map(|requests| requests.to_string());
        (window, RwSignal::new(requests.unwrap_or_default()))
    });
    let key = limits.key;
    let at_first = StoredValue::new(limits);
    let is_stale = RwSignal::new(false);
    let saved = move || {
        let page = page.read();
        let newest = page.as_ref().filter(|_| is_stale.get()).map(|page| page.limits.clone());
        newest.unwrap_or_else(|| at_first.get_value())
    };
    let send = move |()| {
        let (mut wrong, mut typed) = (Vec::new(), Vec::new());
        for (window, text) in fields {
            match limit::requests(window, &text.read_untracked()) {
                Ok(requests) => typed.extend(requests.map(|requests| RateLimit { window, requests })),
                Err(message) => wrong.push((window.name(), Some(message))),
            }
        }
        let found = Problems::from_checks(wrong);
        let is_wrong = !found.is_empty();
        problems.set(found);
        if is_wrong {
            return;
        }
        let params = RateLimitsUpdateParams { key, before: untrack(saved).limits, limits: typed };
        tab.call(pending, rate_limits_update(params), move |answer| match answer {
            Ok(_) => tab.done("Saved. The limits are in force."),
            Err(error) => {
                // Sent again, it is meant for what is shown as saved now.
                is_stale.set(matches!(error, AppError::Stale { .. }));
                problems.set(Problems::from_error(&error));
            }
        });
    };
    let inputs = fields.map(|(window, value)| {
        let help = Signal::derive(move || said(&saved(), window));
        view! { <TextField form=FORM name=window.name() label=label(window) value problems check=check(window) help/> }
    });
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Save Limits"
            working="Saving…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| tab.close())
        >
            <div class="limit-fields">{inputs.into_iter().collect_view()}</div>
            <p class="muted">
                "Leave a field empty for no limit. A window opens with the first request in it. Each server counts for itself."
            </p>
        </DialogForm>
    }
}
