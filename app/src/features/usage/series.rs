//! Requests and refusals over time: the choice of a window, the totals, the chart, and the same as a table.

use leptos::prelude::*;
use shared::{
    KeyId, path,
    usage::{Answers, Health, UsageSeries, Window},
};

use crate::{
    query,
    ui::{
        badge::{Badge, Tone},
        chart::{Bar, BarChart},
        icon::Icon,
        number::{grouped, per_mille},
    },
};

/// The name of the window in a page's address.
const WINDOW: &str = "window";

/// Which window the address asks for.
pub(crate) fn window_of(search: &str) -> Window {
    query::value(search, WINDOW).and_then(|code| Window::from_code(&code)).unwrap_or(Window::Month)
}

/// The choice: links, so that each view has an address, and works without scripts.
#[component]
pub(crate) fn WindowLinks(
    /// The page's path.
    #[prop(into)]
    path: Signal<String>,
    chosen: Memo<Window>,
) -> impl IntoView {
    view! {
        <nav class="segments" aria-label="Time">
            {Window::ALL
                .iter()
                .map(|window| view! {
                    <a
                        href=move || query::href(&path.read(), [(WINDOW, window.code().to_owned())])
                        aria-current=move || (chosen.get() == *window).then_some("true")
                        data-noscroll=""
                    >
                        {window.label()}
                    </a>
                })
                .collect_view()}
        </nav>
    }
}

/// What is allowed, of all: the share and what that means.
#[component]
pub(crate) fn HealthBadge(answers: Answers) -> impl IntoView {
    answers.allowed_per_mille().map(|share| {
        let (tone, word, icon) = match Health::of(share) {
            Health::Good => (Tone::Good, "Good", Icon::Check),
            Health::Watch => (Tone::Waiting, "Watch", Icon::Eye),
            Health::Bad => (Tone::Lapsed, "Bad", Icon::Warning),
        };
        view! { <Badge tone word icon/> }
    })
}

/// `98.7 %`, or a dash where there was nothing.
pub(crate) fn success(answers: Answers) -> String {
    answers.allowed_per_mille().map_or_else(|| "–".to_owned(), per_mille)
}

/// Totals, chart, reasons and table.
#[component]
pub(crate) fn Series(
    /// The chart's id, unique on the page.
    id: &'static str,
    series: UsageSeries,
    /// Whose requests they are; those of all keys where nobody says.
    #[prop(optional)]
    key: Option<KeyId>,
) -> impl IntoView {
    let whose = key.map(|key| ("key", key.to_string()));
    let how = [(WINDOW, series.window.code().to_owned()), ("zone", series.zone.clone())];
    let file = query::href(path::USAGE_CSV, whose.into_iter().chain(how));
    let total = series.total();
    let bars = series.buckets.iter().map(|bucket| Bar {
        label: bucket.label.clone(),
        name: bucket.name.clone(),
        main: bucket.answers.allowed,
        other: bucket.answers.refused,
    });
    let description = format!(
        "{} requests in the last {}: {} allowed, {} refused.",
        grouped(total.requests()),
        series.window.label(),
        grouped(total.allowed),
        grouped(total.refused)
    );
    let zone = format!("By the clocks of {}.", series.zone.replace('_', " "));
    view! {
        <p class="series-total">
            <strong>{grouped(total.requests())}</strong>" requests, "
            <strong>{grouped(total.refused)}</strong>" refused"
            {(total.requests() > 0).then(|| view! { ", "<strong>{success(total)}</strong>" allowed " })}
            <HealthBadge answers=total/>
        </p>
        <BarChart
            id
            title="Requests over time"
            description
            main="allowed"
            other="refused"
            bars=bars.collect()
        />
        <Reasons series=series.clone()/>
        <p class="muted series-zone">{zone}</p>
        <details class="series-table">
            <summary>"Show the numbers"</summary>
            <Numbers series/>
        </details>
        <p><a class="button button-small" rel="external" download href=file>"Download CSV"</a></p>
    }
}

/// Why requests were refused.
#[component]
fn Reasons(series: UsageSeries) -> impl IntoView {
    (!series.reasons.is_empty()).then(|| {
        view! {
            <ul class="series-reasons" aria-label="Why requests were refused">
                {series
                    .reasons
                    .into_iter()
                    .map(|one| view! { <li><code>{one.reason.reason()}</code>" "{grouped(one.requests)}</li> })
                    .collect_view()}
            </ul>
        }
    })
}

/// The table, newest first.
#[component]
pub(crate) fn Numbers(series: UsageSeries) -> impl IntoView {
    let part = match series.window {
        Window::Day => "Hour",
        Window::Month => "Day",
        Window::Year => "Month",
    };
    view! {
        <table class="numbers" aria-label=format!("Requests in the last {}", series.window.label())>
            <thead>
                <tr>
                    <th scope="col">{part}</th>
                    <th scope="col">"Requests"</th>
                    <th scope="col">"Refused"</th>
                    <th scope="col">"Success"</th>
                </tr>
            </thead>
            <tbody>
                {series
                    .buckets
                    .into_iter()
                    .rev()
                    .map(|bucket| view! {
                        <tr>
                            <th scope="row">{bucket.name}</th>
                            <td>{grouped(bucket.answers.requests())}</td>
                            <td>{grouped(bucket.answers.refused)}</td>
                            <td>{success(bucket.answers)}</td>
                        </tr>
                    })
                    .collect_view()}
            </tbody>
        </table>
    }
}
