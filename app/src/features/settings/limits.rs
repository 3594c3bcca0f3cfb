//! The plan, and how much of it is used.

use leptos::prelude::*;
use shared::organization::OrganizationView;

/// The plan's limits as a table, and what else there is to know.
#[component]
pub(super) fn Limits(organization: OrganizationView) -> impl IntoView {
    let OrganizationView {
        created_at,
        owner_email,
        keys,
        whitelisted_ips,
        whitelisted_ips_used,
        monthly_requests,
        requests_this_month,
        members,
        ..
    } = organization;
    view! {
        <table class="limits">
            <caption>"Plan: "<strong>{keys.plan}</strong></caption>
            <thead>
                <tr>
                    <th scope="col">"What"</th>
                    <th scope="col">"Used"</th>
                    <th scope="col">"Allowed"</th>
                    <th scope="col"><span class="visually-hidden">"How full"</span></th>
                </tr>
            </thead>
            <tbody>
                <Limit what="Active keys" used=keys.used limit=keys.limit/>
                <Limit what="Whitelisted IPs" used=whitelisted_ips_used limit=whitelisted_ips/>
                <Limit what="Requests this month" used=requests_this_month limit=monthly_requests/>
            </tbody>
        </table>
        <dl class="facts">
            <dt>"Owner"</dt>
            <dd>{owner_email}</dd>
            <dt>"Members"</dt>
            <dd>{grouped(members)}</dd>
            <dt>"Founded"</dt>
            <dd><time datetime=created_at.rfc3339() title=created_at.exact()>{created_at.day()}</time></dd>
        </dl>
    }
}

/// One limit: in numbers, as a bar, and in words when nothing is left.
#[component]
fn Limit(what: &'static str, used: u64, limit: Option<u64>) -> impl IntoView {
    let allowed = match limit {
        Some(limit) => grouped(limit).into_any(),
        None => view! { <span aria-hidden="true">"∞"</span><span class="visually-hidden">"no limit"</span> }.into_any(),
    };
    let bar = limit.map(|limit| {
        let full = used >= limit;
        view! {
            <progress
                class:is-full=full
                max=limit.max(1).to_string()
                value=used.min(limit.max(1)).to_string()
                aria-label=format!("{what}: {used} of {limit}")
            ></progress>
            {full.then(|| view! { <small>"Limit reached"</small> })}
        }
    });
    view! {
        <tr>
            <th scope="row">{what}</th>
            <td>{grouped(used)}</td>
            <td>{allowed}</td>
            <td class="limits-bar">{bar}</td>
        </tr>
    }
}

/// `12,345`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (5_000, "5,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
