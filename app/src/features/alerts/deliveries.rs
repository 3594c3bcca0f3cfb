//! The log of a webhook's messages.

use std::time::Duration;

use leptos::prelude::*;
use shared::{
    Timestamp,
    webhook::{AttemptView, DeliveryList, DeliveryStatus, DeliveryView, WebhookView},
};

use super::{
    api::{delivery_list, delivery_replay, webhook_test},
    settings_tab::Settings,
};
use crate::ui::{
    badge::{Badge, Tone},
    time::Time,
};

/// How soon the log is read again while a message is being sent, and how often at most.
const LOOK_AGAIN: (Duration, u8) = (Duration::from_secs(1), 15);

/// The log, and the button that sends a test.
#[component]
pub(super) fn Deliveries(settings: Settings, webhook: WebhookView) -> impl IntoView {
    let id = webhook.id;
    let log = RwSignal::new(None::<DeliveryList>);
    let problem = RwSignal::new(None::<String>);
    let number = RwSignal::new(1_u32);
    let busy = RwSignal::new(false);
    let looked = StoredValue::new(0_u8);
    // Not a resource: the dialog is only ever opened in the browser.
    let read = move || {
        settings.call(RwSignal::new(false), delivery_list(id, number.get_untracked()), move |answer| match answer {
            Ok(list) => {
                problem.try_set(None);
                log.try_set(Some(list));
            }
            Err(error) => {
                problem.try_set(Some(error.to_string()));
            }
        });
    };
    read();
    // Shows soon what became of a message.
    Effect::new(move |_| {
        let under_way =
            |message: &DeliveryView| message.status == DeliveryStatus::Queued && message.attempts.is_empty();
        let waits = log.read().as_ref().is_some_and(|log| log.page.rows.iter().any(under_way));
        let (pause, at_most) = LOOK_AGAIN;
        if waits
            && looked.get_value() < at_most
            && let Ok(handle) = set_timeout_with_handle(read, pause)
        {
            looked.update_value(|looked| *looked += 1);
            on_cleanup(move || handle.clear());
        }
    });
    let again = Callback::new(move |said: &'static str| {
        settings.toasts.success(said);
        looked.set_value(0);
        number.set(1);
        read();
    });
    let test = move |_| {
        settings.call(busy, webhook_test(id), move |answer| match answer {
            Ok(_) => again.run("A test is being sent."),
            Err(error) => problem.set(Some(error.to_string())),
        });
    };
    let replay = Callback::new(move |message| {
        settings.call(busy, delivery_replay(message), move |answer| match answer {
            Ok(()) => again.run("It is being sent again."),
            Err(error) => problem.set(Some(error.to_string())),
        });
    });
    let turn = move |to: u32| {
        number.set(to);
        read();
    };
    view! {
        <div class="form">
            <p class="deliveries-head">
                <span>{webhook.url}</span>
                <button type="button" class="button button-small" on:click=test>"Send test event"</button>
            </p>
            <p role="alert">{move || problem.get()}</p>
            {move || match log.get() {
                None => view! { <p class="muted">"Reading…"</p> }.into_any(),
                Some(log) if log.page.rows.is_empty() => {
                    view! { <p class="muted">"Nothing was sent in the last 30 days."</p> }.into_any()
                }
                Some(DeliveryList { page, now }) => {
                    let (at, pages) = (page.number, page.pages());
                    let rows = page.rows.into_iter().map(|message| view! { <Message message now replay/> });
                    view! {
                        <ul class="deliveries">{rows.collect_view()}</ul>
                        {(pages > 1).then(|| view! {
                            <p class="row-actions">
                                <button type="button" class="button button-small" disabled={at == 1} on:click=move |_| turn(at - 1)>
                                    "Newer"
                                </button>
                                <button type="button" class="button button-small" disabled={at == pages} on:click=move |_| turn(at + 1)>
                                    "Older"
                                </button>
                            </p>
                        })}
                    }
                    .into_any()
                }
            }}
        </div>
    }
}

#[component]
fn Message(message: DeliveryView, now: Timestamp, replay: Callback<shared::DeliveryId>) -> impl IntoView {
    let DeliveryView { id, event, status, created_at, next_at, attempts } = message;
    let tone = match status {
        DeliveryStatus::Queued => Tone::Waiting,
        DeliveryStatus::Delivered => Tone::Good,
        DeliveryStatus::Failed => Tone::Lapsed,
        DeliveryStatus::Dropped => Tone::Over,
    };
    let label = format!("Replay {event}");
    view! {
        <li>
            <div class="delivery">
                <strong>{event}</strong>
                <Badge tone word=status.label()/>
                <small><Time at=created_at now=Signal::stored(now)/></small>
                <button type="button" class="button button-small" aria-label=label on:click=move |_| replay.run(id)>
                    "Replay"
                </button>
            </div>
            {next_at.filter(|_| !attempts.is_empty()).map(|at| view! {
                <small>"The next try is "<Time at now=Signal::stored(now)/>"."</small>
            })}
            {attempts.into_iter().map(|attempt| view! { <Attempt attempt/> }).collect_view()}
        </li>
    }
}

#[component]
fn Attempt(attempt: AttemptView) -> impl IntoView {
    let AttemptView { at, took_ms, status, problem, answer } = attempt;
    let said = match (status, problem) {
        (Some(status), None) => format!("Status {status}"),
        (_, Some(problem)) => problem,
        (None, None) => String::new(),
    };
    view! {
        <details>
            <summary>{at.clock()}": "{said}</summary>
            <p><small>{at.exact()}", "{took_ms}" ms"</small></p>
            {answer.filter(|answer| !answer.is_empty()).map(|answer| view! { <pre>{answer}</pre> })}
        </details>
    }
}
