//! From when on refusals are a burst, and which alerts are mailed.

use leptos::{prelude::*, web_sys::SubmitEvent};
use shared::{
    AppError, Permission,
    account::Viewer,
    alert::{AlertSettings, AlertSettingsView, WINDOW_SECONDS, threshold},
};

use super::{api::alert_settings_update, kind_checks::KindChecks, settings_page::Settings};
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
const FORM: &str = "thresholds";

fn check(text: &str) -> Option<String> {
    judge(threshold(text))
}

/// The section. Whoever may not change it finds it closed.
#[component]
pub(super) fn ThresholdSection(settings: Settings, viewer: Viewer) -> impl IntoView {
    let refused = StoredValue::new(viewer.refusal(Permission::OrganizationUpdate, "change the settings of alerts"));
    let content = Callback::new(move |saved| view! { <Form settings saved refused/> }.into_any());
    view! {
        <Section
            id="thresholds"
            title="Thresholds and mail"
            sentence="How many refused requests within five minutes are a burst, and which alerts are mailed."
        >
            <Loaded resource=settings.thresholds content/>
        </Section>
    }
}

#[component]
fn Form(
    settings: Settings,
    saved: Memo<Option<AlertSettingsView>>,
    refused: StoredValue<Option<String>>,
) -> impl IntoView {
    let Settings { session, toasts, thresholds, .. } = settings;
    let AlertSettingsView { settings: at_first, has_mail } =
        saved.get_untracked().unwrap_or(AlertSettingsView { settings: AlertSettings::default(), has_mail: false });
    let version = RwSignal::new(at_first.version);
    let [key, address, organization] =
        [at_first.key_refusals, at_first.address_refusals, at_first.organization_refusals]
            .map(|number| RwSignal::new(number.to_string()));
    let mailed = RwSignal::new(at_first.mailed);
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let interactive = checks_itself();
    let may = refused.read_value().is_none();
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let read = |typed: RwSignal<String>| threshold(&typed.read_untracked());
        let (Ok(key_refusals), Ok(address_refusals), Ok(organization_refusals)) =
            (read(key), read(address), read(organization))
        else {
            let wrong = |typed: RwSignal<String>| check(&typed.read_untracked());
            return problems.set(Problems::from_checks([
                ("key_refusals", wrong(key)),
                ("address_refusals", wrong(address)),
                ("organization_refusals", wrong(organization)),
            ]));
        };
        problems.set(Problems::default());
        let wanted = AlertSettings {
            key_refusals,
            address_refusals,
            organization_refusals,
            mailed: mailed.get_untracked(),
            version: version.get_untracked(),
        };
        session.call(pending, alert_settings_update(wanted), move |answer| match answer {
            Ok(now) => {
                version.set(now.version);
                toasts.success("Saved.");
            }
            Err(error) => {
                if matches!(error, AppError::Stale { .. }) {
                    // What was typed stays; saving it again replaces what somebody else has saved.
                    thresholds.refetch();
                }
                problems.set(Problems::from_error(&error));
            }
        });
    };
    // Somebody else has saved other settings meanwhile.
    Effect::new(move |_| {
        if let Some(saved) = &*saved.read() {
            version.set(saved.settings.version);
        }
    });
    let minutes = WINDOW_SECONDS / 60;
    let kind = TextKind { r#type: "number", required: true, ..TextKind::LINE };
    let help = format!("Refused requests within {minutes} minutes.");
    let mail_help = if has_mail {
        "To the Owner and the Admins; several that come together are one letter."
    } else {
        "No mail server is set up, so none is mailed now."
    };
    view! {
        // Without scripts nothing would answer it.
        <form method="post" novalidate on:submit=send>
            <fieldset class="form" disabled=move || !may || !interactive.get()>
                <ProblemSummary form=FORM problems/>
                <TextField form=FORM name="key_refusals" label="Of one key" value=key problems kind check help=help.clone()/>
                <TextField form=FORM name="address_refusals" label="From one address" value=address problems kind check help=help.clone()/>
                <TextField form=FORM name="organization_refusals" label="Of all keys together" value=organization problems kind check help/>
                <KindChecks form=FORM legend="By mail" help=mail_help chosen=mailed/>
                {may.then(|| view! { <p><SubmitButton label="Save Changes" working="Saving…" pending/></p> })}
            </fieldset>
        </form>
        {refused
            .get_value()
            .map(|why| view! {
                <p>
                    <GuardedButton
                        label="Save Changes"
                        refused=Signal::stored(Some(why))
                        on_press=Callback::new(|()| ())
                    />
                </p>
            })}
    }
}
