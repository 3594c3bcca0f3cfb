//! What is changed and tried on the page, each in a dialog.

use leptos::prelude::*;
use shared::key::KeyPage;
use wasm_split_helpers::SplitLoaderError;

use super::{
    super::tab::{Part, Tab},
    limits_dialog::LimitsForm,
    networks_dialog::NetworksForm,
    notes_dialog::NotesForm,
    tester_dialog::Tester,
};

/// The form for a part of the page.
#[wasm_split_helpers::wasm_split(key_page_dialogs, fallible, preload(load))]
pub(in crate::features::keys) fn content(
    tab: Tab,
    part: Part,
    page: Memo<Option<KeyPage>>,
) -> Result<Option<AnyView>, SplitLoaderError> {
    Ok(page.get_untracked().map(|now| match part {
        Part::Notes => view! { <NotesForm tab key=now.detail.key/> }.into_any(),
        Part::Networks => view! { <NetworksForm tab page list=now.networks/> }.into_any(),
        Part::Limits => view! { <LimitsForm tab page limits=now.limits/> }.into_any(),
        Part::Tester => view! { <Tester tab id=now.detail.key.id/> }.into_any(),
    }))
}
