//! Changing from when on refusals are a burst, and which alerts are mailed.

use leptos::prelude::*;
use shared::{
    AppError,
    alert::{AlertSettings, AlertSettingsPage, WINDOW_SECONDS, threshold},
};

use super::{api::alert_settings_update, kind_checks::KindChecks, settings_tab::Settings};
use crate::ui::{
    dialog_form::DialogForm,
    field::{TextField, TextKind, judge},
    form::Problems,
};

/// The form's prefix.
const FORM: &str = "thresholds";

const NUMBER: TextKind = TextKind { r#type: "number", required: true, ..TextKind::LINE };

fn check(text: &str) -> Option<String> {
    judge(threshold(text))
}

/// The form. `page` has what somebody else has saved meanwhile.
#[component]
pub(super) fn ThresholdForm(settings: Settings, page: Memo<Option<AlertSettingsPage>>) -> impl IntoView {
    let saved = move || page.read().as_ref().map(|page| page.settings.settings.clone()).unwrap_or_default();
    let at_first = untrack(saved);
    let has_mail = page.read_untracked().as_ref().is_some_and(|page| page.settings.has_mail);
    let [key, address, organization] =
        [at_first.key_refusals, at_first.address_refusals, at_first.organization_refusals]
            .map(|number| RwSignal::new(number.to_string()));
    let mailed = RwSignal::new(at_first.mailed);
    let first_version = at_first.version;
    let problems = RwSignal::new(Problems::default());
    let pending = RwSignal::new(false);
    let is_stale = RwSignal::new(false);
    let send = move |()| {
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
        // Sent again, it is meant for what is shown as saved now.
        let version = if is_stale.get_untracked() { untrack(saved).version } else { first_version };
        let mailed = mailed.get_untracked();
        let wanted = AlertSettings { key_refusals, address_refusals, organization_refusals, mailed, version };
        settings.call(pending, alert_settings_update(wanted), move |answer| match answer {
            Ok(_) => settings.done("Saved."),
            Err(error) => {
                is_stale.set(matches!(error, AppError::Stale { .. }));
                problems.set(Problems::from_error(&error));
            }
        });
    };
    let theirs = move || {
        is_stale.get().then(|| {
            let AlertSettings { key_refusals, address_refusals, organization_refusals, .. } = saved();
            let said = format!(
                "Saved now: {key_refusals} of one key, {address_refusals} from one address, {organization_refusals} of all."
            );
            view! { <p>{said}</p> }
        })
    };
    let help = format!("Refused requests within {} minutes.", WINDOW_SECONDS / 60);
    let mail_help = if has_mail {
        "To the Owner and the Admins; several that come together are one letter."
    } else {
        "No mail server is set up, so none is mailed now."
    };
    view! {
        <DialogForm
            form=FORM
            problems
            pending
            label="Save Changes"
            working="Saving…"
            on_submit=Callback::new(send)
            on_cancel=Callback::new(move |()| settings.close())
        >
            <div role="status">{theirs}</div>
            {[("key_refusals", "Of one key", key), ("address_refusals", "From one address", address),
                ("organization_refusals", "Of all keys together", organization)]
                .map(|(name, label, value)| {
                    view! { <TextField form=FORM name label value problems kind=NUMBER check help=help.clone()/> }
                })
                .collect_view()}
            <KindChecks form=FORM legend="By mail" help=mail_help chosen=mailed/>
        </DialogForm>
    }
}
