//! How often the key may be used, and how much of that is used.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    AppError, KeyId,
    limit::{self, RateLimit, RateLimitsUpdateParams, RateLimitsView, Window},
};

use super::{super::tab::Tab, api::rate_limits_update};
use crate::{
    error::ApiResult,
    features::account::form::checks_itself,
    layout::{loaded::Loaded, section::Section},
    ui::{
        button::{GuardedButton, SubmitButton},
        field::{Check, TextField, judge},
        form::{ProblemSummary, Problems},
    },
};

/// The form's prefix.
const FORM: &str = "limits";

type Limits = Resource<ApiResult<RateLimitsView>>;

/// The section.
#[component]
pub(in crate::features::keys) fn RateLimitsSection(
    /// Where results are told.
    tab: Tab,
    /// Whose limits.
    key: KeyId,
    /// What the server says of them.
    limits: Limits,
    /// Why they cannot be changed; `None` when they can.
    refused: Memo<Option<String>>,
) -> impl IntoView {
    let content = Callback::new(move |answer: Memo<Option<RateLimitsView>>| {
        let of_key = Memo::new(move |_| answer.get().filter(|view| view.key == key));
        // A memo, so that what is typed stays while the limits are read again.
        let is_there = Memo::new(move |_| of_key.read().is_some());
        view! {
            {move || match (is_there.get(), refused.get()) {
                (false, _) => ().into_any(),
                (true, None) => view! { <LimitsForm tab limits of_key/> }.into_any(),
                (true, Some(why)) => view! { <FixedLimits of_key why/> }.into_any(),
            }}
        }
        .into_any()
    });
    view! {
        <Section
            id="rate-limits"
            title="Rate limits"
            sentence="How many requests the key may make. One too many is refused with 429, told when to come back, and counted nowhere."
        >
            <Loaded resource=limits content/>
        </Section>
    }
}

const fn label(window: Window) -> &'static str {
    match window {
        Window::Second => "Per second",
        Window::Minute => "Per minute",
        Window::Hour => "Per hour",
        Window::Day => "Per day",
    }
}

const fn check(window: Window) -> Check {
    match window {
        Window::Second => |text| judge(limit::requests(Window::Second, text)),
        Window::Minute => |text| judge(limit::requests(Window::Minute, text)),
        Window::Hour => |text| judge(limit::requests(Window::Hour, text)),
        Window::Day => |text| judge(limit::requests(Window::Day, text)),
    }
}

/// What is in force, and what of it is used: `10 allowed, 3 used. All are there again at 12:03:04 UTC.`
fn said(view: &RateLimitsView, window: Window) -> String {
    let Some(requests) = view.limits.of(window) else { return "No limit.".to_owned() };
    let used = view.used.iter().find(|used| used.window == window);
    match used.and_then(|used| Some((used.used, used.resets_at?))) {
        None => format!("{requests} allowed, none used."),
        Some((used, resets_at)) => {
            let is_used_up = used >= requests;
            let rest = if is_used_up { "Refused until" } else { "All are there again at" };
            let moment = if window == Window::Day { resets_at.exact() } else { format!("{} UTC", resets_at.clock()) };
            format!("{requests} allowed, {used} used. {rest} {moment}.")
        }
    }
}

#[component]
fn LimitsForm(tab: Tab, limits: Limits, of_key: Memo<Option<RateLimitsView>>) -> impl IntoView {
    let pending = RwSignal::new(false);
    let problems = RwSignal::new(Problems::default());
    let interactive = checks_itself();
    let saved = move || of_key.get_untracked().map(|view| (view.key, view.limits)).unzip();
    let (_, first) = saved();
    let first = first.unwrap_or_default();
    let fields = Window::ALL.map(|window| {
        (window, RwSignal::new(first.of(window).map(|requests| requests.to_string()).unwrap_or_default()))
    });
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(key), Some(before)) = saved() else { return };
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
        let params = RateLimitsUpdateParams { key, before, limits: typed };
        tab.call(pending, rate_limits_update(params), move |answer| match answer {
            Ok(_) => {
                tab.toasts.success("Saved. The limits are in force.");
                limits.refetch();
            }
            Err(error) => {
                if matches!(error, AppError::Stale { .. }) {
                    limits.refetch();
                }
                problems.set(Problems::from_error(&error));
            }
        });
    };
    let inputs = fields.map(|(window, value)| {
        let help = Signal::derive(move || of_key.read().as_ref().map(|view| said(view, window)));
        view! { <TextField form=FORM name=window.name() label=label(window) value problems check=check(window) help/> }
    });
    view! {
        // Without scripts nothing would answer it.
        <form method="post" novalidate on:submit=send>
            <fieldset class="form" disabled=move || !interactive.get()>
                <ProblemSummary form=FORM problems/>
                <div class="limit-fields">{inputs.into_iter().collect_view()}</div>
                <p class="muted">
                    "Leave a field empty for no limit. A window opens with the first request in it. Each server counts for itself."
                </p>
                <p><SubmitButton label="Save Limits" working="Saving…" pending/></p>
            </fieldset>
        </form>
    }
}

/// The limits, for those who may not change them.
#[component]
fn FixedLimits(of_key: Memo<Option<RateLimitsView>>, why: String) -> impl IntoView {
    let rows = move || {
        of_key.get().map(|view| {
            let row = |window| view! { <dt>{label(window)}</dt><dd>{said(&view, window)}</dd> };
            Window::ALL.map(row).into_iter().collect_view()
        })
    };
    view! {
        <dl class="facts">{rows}</dl>
        <p>
            <GuardedButton
                label="Save Limits"
                refused=Signal::stored(Some(why))
                on_press=Callback::new(|()| ())
            />
        </p>
    }
}
