//! How many alerts are open, in sight on every page.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use shared::{account::Viewer, path};

use crate::{
    features::alerts::api::alert_count,
    session::Session,
    ui::icon::{Glyph, Icon},
};

/// How often the server is asked.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// Keeps the bell's number up to date, for those who may see alerts.
pub(super) fn keep_counting(viewer: &Viewer) {
    if viewer.open_alerts.is_none() {
        return;
    }
    let count = Session::get().open_alerts;
    // A question that gets no answer is asked again; the page itself says why nothing works.
    let ask = move || {
        spawn_local(async move {
            if let Ok(open) = alert_count().await {
                count.try_set(Some(open));
            }
        });
    };
    Effect::new(move |_| {
        if let Ok(handle) = set_interval_with_handle(ask, ASK_EVERY) {
            on_cleanup(move || handle.clear());
        }
    });
}

/// The bell, for those who may see alerts. It says the number that came with the page, then what the server says later.
#[component]
pub(super) fn Bell(viewer: Viewer) -> impl IntoView {
    let count = Session::get().open_alerts;
    viewer.open_alerts.map(|at_first| {
        let open = move || count.get().unwrap_or(at_first);
        view! {
            <a class="bell button-icon" href=path::ALERTS aria-label=move || format!("Alerts: {} open", open())>
                <Glyph icon=Icon::Bell/>
                {move || (open() > 0).then(|| view! { <span class="bell-count">{open().min(99)}</span> })}
            </a>
        }
    })
}
