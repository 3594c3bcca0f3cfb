//! From where and how often the key may be used, and which alerts are not raised about it.

use leptos::prelude::*;
use shared::{
    KeyId,
    alert::MuteView,
    limit::{RateLimitsView, Window},
    path,
    whitelist::KeyNetworks,
};

use crate::{layout::section::Section, query};

/// The key's own list of addresses.
pub(super) fn networks_section(networks: &KeyNetworks, edit: Option<AnyView>) -> AnyView {
    let from = list(networks.networks.iter().map(ToString::to_string), "From any address.");
    view! {
        <Section
            id="networks"
            title="Allowed addresses"
            sentence="From where it may be used. What the organization's whitelist says applies besides."
            action=edit
        >
            {from}
        </Section>
    }
    .into_any()
}

/// The key's own limits.
pub(super) fn limits_section(limits: &RateLimitsView, edit: Option<AnyView>) -> AnyView {
    let windows = limits.limits.as_slice().iter().map(|limit| limit.window);
    let lines = windows.map(|window| format!("{}: {}", label(window), said(limits, window)));
    let lines = list(lines, "No limits of its own.");
    view! {
        <Section
            id="rate-limits"
            title="Rate limits"
            sentence="How many requests it may make. One too many is refused with 429 and told when to come back."
            action=edit
        >
            {lines}
        </Section>
    }
    .into_any()
}

/// The alerts about the key, and for which kinds it is muted.
pub(super) fn alerts_section(id: KeyId, mutes: Vec<MuteView>) -> AnyView {
    let lines = mutes.into_iter().map(|MuteView { kind, until, by, .. }| {
        let until = until.map_or_else(|| "for good".to_owned(), |until| format!("until {}", until.exact()));
        format!("“{}” is muted {until}, by {by}.", kind.label())
    });
    let alerts = query::href(path::ALERTS, [("key", id.to_string()), ("state", "all".to_owned())]);
    view! {
        <Section id="alerts" title="Alerts" sentence="A key is muted from one of its alerts, and heard again in their settings.">
            {list(lines, "Muted for nothing.")}
            <p class="section-links">
                <a href=alerts>"Alerts about this key"</a>
                <a href=path::ALERT_SETTINGS>"Settings"</a>
            </p>
        </Section>
    }
    .into_any()
}

/// A line for each, or what it means that there is none.
fn list(lines: impl Iterator<Item = String>, none: &'static str) -> AnyView {
    let lines = lines.collect::<Vec<_>>();
    if lines.is_empty() {
        return view! { <p class="muted">{none}</p> }.into_any();
    }
    view! { <ul class="key-lines">{lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}</ul> }
        .into_any()
}

pub(super) const fn label(window: Window) -> &'static str {
    match window {
        Window::Second => "Per second",
        Window::Minute => "Per minute",
        Window::Hour => "Per hour",
        Window::Day => "Per day",
    }
}

/// What is in force, and what of it is used: `10 allowed, 3 used. All are there again at 12:03:04 UTC.`
pub(super) fn said(view: &RateLimitsView, window: Window) -> String {
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
