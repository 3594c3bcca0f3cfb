//! Two people edited the same key: what differs, side by side, and whose values to go on with.

use leptos::prelude::*;
use shared::{
    Timestamp,
    key::{Environment, KeyView},
    role::RoleChoice,
};

use super::draft::Draft;
use crate::ui::banner::{Banner, Severity};

/// One field with both values.
struct Difference {
    field: &'static str,
    mine: String,
    saved: String,
}

fn differences(draft: Draft, saved: &KeyView, roles: &[RoleChoice]) -> Vec<Difference> {
    let role_name = |id: &str| {
        let known = roles.iter().find(|role| role.id.to_string() == id).map(|role| role.name.clone());
        known.unwrap_or_else(|| id.to_owned())
    };
    let environment = |code: &str| Environment::from_code(code).map_or("", Environment::label).to_owned();
    let day = |day: String| if day.is_empty() { "Never".to_owned() } else { day };
    let both = [
        ("Key Name", draft.name.get_untracked().trim().to_owned(), saved.name.clone()),
        ("Role", role_name(&draft.role.read_untracked()), saved.role.name.clone()),
        ("Environment", environment(&draft.environment.read_untracked()), saved.environment.label().to_owned()),
        (
            "Expires",
            day(draft.expires.get_untracked()),
            day(saved.expires_at.map(Timestamp::last_day).unwrap_or_default()),
        ),
    ];
    both.into_iter()
        .filter(|(_, mine, saved)| mine != saved)
        .map(|(field, mine, saved)| Difference { field, mine, saved })
        .collect()
}

/// Both values of each field that differs, and the choice.
#[component]
pub(super) fn Conflict(
    draft: Draft,
    /// What this person's edit was made from.
    base: KeyView,
    /// What is saved now.
    saved: KeyView,
    roles: Memo<Vec<RoleChoice>>,
    /// Saves this person's values on top.
    keep: Callback<KeyView>,
    /// Goes on with the saved values.
    take: Callback<KeyView>,
) -> impl IntoView {
    let versions = format!(
        "You started from version {}; version {} is saved now. Nothing of yours was saved yet, and nothing is lost.",
        base.version, saved.version
    );
    let rows = differences(draft, &saved, &roles.read_untracked());
    let same = rows.is_empty();
    let saved_heading = format!("Now saved (version {})", saved.version);
    let saved = StoredValue::new(saved);
    view! {
        <div class="conflict" role="alert">
            <Banner severity=Severity::Warning>
                <p><strong>"Somebody else changed this key in the meantime."</strong>" "{versions}</p>
            </Banner>
            {if same {
                view! { <p>"Their values are the same as yours."</p> }.into_any()
            } else {
                view! {
                    <table class="comparison">
                        <thead>
                            <tr>
                                <th scope="col">"Field"</th>
                                <th scope="col">"Yours"</th>
                                <th scope="col">{saved_heading}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {rows
                                .into_iter()
                                .map(|row| view! {
                                    <tr>
                                        <th scope="row">{row.field}</th>
                                        <td>{row.mine}</td>
                                        <td>{row.saved}</td>
                                    </tr>
                                })
                                .collect_view()}
                        </tbody>
                    </table>
                }
                .into_any()
            }}
            <footer class="dialog-footer">
                <button type="button" class="button" on:click=move |_| take.run(saved.get_value())>
                    "Take the saved values"
                </button>
                <button type="button" class="button button-primary" on:click=move |_| keep.run(saved.get_value())>
                    "Save my values"
                </button>
            </footer>
        </div>
    }
}
