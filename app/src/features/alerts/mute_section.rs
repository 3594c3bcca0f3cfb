//! Which keys are muted, and for what.

use leptos::prelude::*;
use shared::{Permission, account::Viewer, alert::MuteView};

use super::{api::alert_unmute, list_url, settings_page::Settings};
use crate::{
    layout::{loaded::Loaded, section::Section},
    ui::{
        button::GuardedButton,
        table::{Columns, DataTable},
    },
};

/// The section.
#[component]
pub(super) fn MuteSection(settings: Settings, viewer: Viewer) -> impl IntoView {
    let refused = StoredValue::new(viewer.refusal(Permission::KeyUpdate, "mute keys"));
    let content = Callback::new(move |mutes| view! { <Mutes settings mutes refused/> }.into_any());
    view! {
        <Section
            id="mutes"
            title="Muted keys"
            sentence="No alert of these kinds is raised about these keys. A key is muted from one of its alerts."
        >
            <Loaded resource=settings.mutes content/>
        </Section>
    }
}

#[component]
fn Mutes(
    settings: Settings,
    mutes: Memo<Option<Vec<MuteView>>>,
    refused: StoredValue<Option<String>>,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let row = move |mute: MuteView| {
        let MuteView { key, kind, until, by } = mute;
        let (id, says) = (key.id, format!("Unmute {}", key.name));
        let unmute = Callback::new(move |()| {
            settings.session.call(busy, alert_unmute(id, kind), move |answer| {
                match answer {
                    Ok(()) => settings.toasts.success("No longer muted."),
                    Err(error) => settings.toasts.error(error.to_string()),
                }
                settings.mutes.refetch();
            });
        });
        view! {
            <tr role="row">
                <td role="cell" class="cell-name" data-label="Key">
                    <a class="row-title" href=list_url::key(key.id)>{key.name}</a>
                </td>
                <td role="cell" data-label="Alerts">{kind.label()}</td>
                <td role="cell" data-label="Until">
                    {until.map_or_else(|| "For good".to_owned(), |until| until.exact())}
                </td>
                <td role="cell" data-label="Muted by">{by}</td>
                <td role="cell" class="cell-actions" data-label="Actions">
                    <div class="row-actions">
                        <GuardedButton
                            label="Unmute"
                            says
                            class="button button-small"
                            refused=Signal::stored(refused.get_value())
                            on_press=unmute
                        />
                    </div>
                </td>
            </tr>
        }
    };
    move || match mutes.get() {
        Some(mutes) if !mutes.is_empty() => view! {
            <DataTable
                labelled_by="mutes"
                head=|| view! { <Columns labels=&["Key", "Alerts", "Until", "Muted by", "Actions"]/> }
            >
                {mutes.into_iter().map(row).collect_view()}
            </DataTable>
        }
        .into_any(),
        _ => view! { <p class="muted">"No key is muted."</p> }.into_any(),
    }
}
