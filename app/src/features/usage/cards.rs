//! The four numbers on top of the overview.

use leptos::prelude::*;
use shared::usage::{Overview, Quota, Trend};

use super::series::{HealthBadge, success};
use crate::ui::{
    icon::{Glyph, Icon},
    number::{counted, grouped},
};

/// All four.
#[component]
pub(super) fn Cards(overview: Overview) -> impl IntoView {
    let Overview { year, trend, quota, keys_used, keys, addresses_used, .. } = overview;
    let mut months = year.buckets.into_iter().rev();
    let month = months.next().map(|month| month.answers).unwrap_or_default();
    let before = months.next().map(|month| month.name).unwrap_or_default();
    let refused = match month.refused {
        0 if month.requests() == 0 => "No request yet this month".to_owned(),
        0 => "None was refused this month".to_owned(),
        refused => format!("{} of {} refused this month", grouped(refused), grouped(month.requests())),
    };
    view! {
        <ul class="cards">
            <Card label="Requests this month" number=grouped(month.requests())>
                <TrendLine trend before/>
            </Card>
            <QuotaCard quota/>
            <Card label="Success rate" number=success(month) beside=move || view! { <HealthBadge answers=month/> }>
                {refused}
            </Card>
            <Card label="Keys used this month" number=grouped(keys_used)>
                {format!("of {} now, from {}", counted(keys, "key", "keys"), counted(addresses_used, "address", "addresses"))}
            </Card>
        </ul>
    }
}

#[component]
fn Card(
    label: &'static str,
    number: String,
    #[prop(optional, into)] beside: ViewFnOnce,
    children: Children,
) -> impl IntoView {
    view! {
        <li class="stat">
            <h2>{label}</h2>
            <p class="stat-number">{number}{beside.run()}</p>
            <p class="stat-about">{children()}</p>
        </li>
    }
}

/// `12 % more than by this time in October 2026`
#[component]
fn TrendLine(
    trend: Trend,
    /// The month before, by name.
    before: String,
) -> impl IntoView {
    match trend.percent() {
        None => format!("Nothing to compare with in {before}").into_any(),
        Some(0) => format!("As many as by this time in {before}").into_any(),
        Some(percent) => {
            let (icon, word) = if percent > 0 { (Icon::Up, "more") } else { (Icon::Down, "fewer") };
            let share = grouped(percent.unsigned_abs());
            view! {
                <Glyph icon/>
                <strong>{format!("{share} % {word}")}</strong>
                {format!(" than by this time in {before}")}
            }
            .into_any()
        }
    }
}

/// What is left of the plan. Plans count calendar months of UTC.
#[component]
fn QuotaCard(quota: Quota) -> impl IntoView {
    let renews = quota.renews_at.day();
    let plan = quota.plan.clone();
    match (quota.limit, quota.remaining()) {
        (Some(limit), Some(remaining)) => view! {
            <Card label="Remaining quota" number=grouped(remaining)>
                <progress
                    class:is-full=remaining == 0
                    max=limit.to_string()
                    value=quota.used.min(limit).to_string()
                    aria-label="Used of the quota"
                ></progress>
                {format!("{} of {} used; renews {renews} (UTC)", grouped(quota.used), grouped(limit))}
            </Card>
        }
        .into_any(),
        _ => view! {
            <Card label="Remaining quota" number="∞".to_owned()>
                <span class="visually-hidden">"Any number. "</span>
                {format!("The {plan} plan has no limit; {} allowed this month (UTC)", grouped(quota.used))}
            </Card>
        }
        .into_any(),
    }
}
