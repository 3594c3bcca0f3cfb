//! The organization's name, its plan, and what it uses of it.

use leptos::{prelude::*, web_sys::SubmitEvent};
use shared::{
    AppError, Permission,
    account::{self, Viewer},
    organization::{OrganizationSettings, OrganizationUpdateParams, OrganizationView},
    rotation::{self, DUE_DAYS_MAX, DueDays},
};

use super::{api::organization_update, limits::Limits, page::Settings};
use crate::{
    features::account::form::checks_itself,
    layout::{loaded::Loaded, section::Section},
    ui::{
        button::{GuardedButton, SubmitButton},
        field::{TextField, TextKind, judge},
        form::{ProblemSummary, Problems},
    },
};

/// The form's prefix.
const FORM: &str = "organization";

/// The section; whoever may not see it is told what it takes.
#[component]
pub(super) fn OrganizationSection(settings: Settings, viewer: Viewer) -> impl IntoView {
    let content = match viewer.refusal(Permission::OrganizationView, "see the organization's settings") {
        Some(why) => view! { <p>{why}</p> }.into_any(),
        None => {
            let refused =
                StoredValue::new(viewer.refusal(Permission::OrganizationUpdate, "change the organization's settings"));
            let content = Callback::new(move |saved| view! { <Saved settings saved refused/> }.into_any());
            view! { <Loaded resource=settings.organization content/> }.into_any()
        }
    };
    view! {
        <Section id="organization" title="Organization" sentence="Everything here belongs to it, and to nobody alone.">
            {content}
        </Section>
    }
}

#[component]
fn Saved(
    settings: Settings,
    saved: Memo<Option<OrganizationView>>,
    refused: StoredValue<Option<String>>,
) -> impl IntoView {
    let form = match refused.get_value() {
        None => view! { <NameForm settings saved/> }.into_any(),
        Some(why) => view! { <FixedName saved why/> }.into_any(),
    };
    view! {
        {form}
        {move || saved.get().map(|organization| view! { <Limits organization/> })}
    }
}

/// The name, for those who may not change it.
#[component]
fn FixedName(saved: Memo<Option<OrganizationView>>, why: String) -> impl IntoView {
    let name = move || saved.read().as_ref().map(|organization| organization.name.clone());
    view! {
        <div class="form">
            <div class="field">
                <div class="field-label"><label for="organization-name">"Organization name"</label></div>
                <input id="organization-name" class="input" readonly value=name/>
            </div>
            <p>
                <GuardedButton
                    label="Save Changes"
                    refused=Signal::stored(Some(why))
                    on_press=Callback::new(|()| ())
                />
            </p>
        </div>
    }
}

fn check_days(text: &str) -> Option<String> {
    judge(rotation::due_days(text))
}

fn check_name(text: &str) -> Option<String> {
    judge(account::organization_name(text))
}

#[component]
fn NameForm(settings: Settings, saved: Memo<Option<OrganizationView>>) -> impl IntoView {
    let Settings { organization, name, production_days, other_days, session, toasts, .. } = settings;
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let interactive = checks_itself();
    let saved_settings = move || saved.read().as_ref().map(OrganizationView::settings);
    let saved_name = move || saved_settings().map(|settings| settings.name).unwrap_or_default();
    if name.read_untracked().is_empty()
        && let Some(OrganizationSettings { name: saved, due }) = untrack(saved_settings)
    {
        name.set(saved);
        production_days.set(due.production.to_string());
        other_days.set(due.others.to_string());
    }
    // Somebody else may have saved another one meanwhile.
    let help = Signal::derive(move || {
        let saved = saved_name();
        (saved != *name.read()).then(|| format!("Now it is called “{saved}”."))
    });
    let days_help = move |typed: RwSignal<String>, of: fn(DueDays) -> i64, more: &'static str| {
        Signal::derive(move || {
            let saved = saved_settings().map(|settings| of(settings.due).to_string()).unwrap_or_default();
            let now = if saved == *typed.read() { String::new() } else { format!(" Now it is {saved}.") };
            format!("Days, 1 to {DUE_DAYS_MAX}.{now}{more}")
        })
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = name.get_untracked();
        let [production, others] = [production_days, other_days].map(|days| rotation::due_days(&days.read_untracked()));
        let found = Problems::from_checks([
            ("name", check_name(&typed)),
            ("rotate_production_days", judge(production.clone())),
            ("rotate_other_days", judge(others.clone())),
        ]);
        problems.set(found);
        let (Ok(production), Ok(others), Some(before)) = (production, others, untrack(saved_settings)) else { return };
        if !problems.read_untracked().is_empty() {
            return;
        }
        let after = OrganizationSettings { name: typed, due: DueDays { production, others } };
        let params = OrganizationUpdateParams { before, after };
        session.call(pending, organization_update(params), move |answer| match answer {
            Ok(organization_now) => {
                name.set(organization_now.name.clone());
                toasts.success(format!("Saved. The organization is called {}.", organization_now.name));
                organization.refetch();
                // The name is in the sidebar too.
                session.refresh();
            }
            Err(error) => {
                if matches!(error, AppError::Stale { .. }) {
                    organization.refetch();
                }
                problems.set(Problems::from_error(&error));
            }
        });
    };
    let kind = TextKind { autocomplete: "organization", required: true, ..TextKind::LINE };
    view! {
        // Without scripts nothing would answer it.
        <form method="post" novalidate on:submit=send>
            <fieldset class="form" disabled=move || !interactive.get()>
                <ProblemSummary form=FORM problems/>
                <TextField
                    form=FORM
                    name="name"
                    label="Organization name"
                    value=name
                    problems
                    kind
                    check=check_name
                    help
                />
                <TextField
                    form=FORM
                    name="rotate_production_days"
                    label="Production keys are due for rotation after"
                    value=production_days
                    problems
                    kind=TextKind { r#type: "number", ..TextKind::LINE }
                    check=check_days
                    help=days_help(
                        production_days,
                        |due| due.production,
                        " Nothing is refused then: the list shows it, and an alert tells you.",
                    )
                />
                <TextField
                    form=FORM
                    name="rotate_other_days"
                    label="All others are due after"
                    value=other_days
                    problems
                    kind=TextKind { r#type: "number", ..TextKind::LINE }
                    check=check_days
                    help=days_help(other_days, |due| due.others, "")
                />
                <p><SubmitButton label="Save Changes" working="Saving…" pending/></p>
            </fieldset>
        </form>
    }
}
