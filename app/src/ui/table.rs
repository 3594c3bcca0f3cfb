//! A table of records. On narrow screens the style makes a card of every row; the explicit roles keep it a table for
//! screen readers then. Each cell repeats its column's heading in `data-label`, which a card shows.

use leptos::prelude::*;

/// The table. Its rows have `role="row"`, their cells `role="cell"`.
#[component]
pub fn DataTable(
    /// What it is called.
    #[prop(optional)]
    label: Option<&'static str>,
    /// The id of the heading that says so instead.
    #[prop(optional)]
    labelled_by: Option<&'static str>,
    /// The headings.
    #[prop(into)]
    head: ViewFnOnce,
    /// The rows.
    children: Children,
) -> impl IntoView {
    view! {
        <table class="data-table" role="table" aria-label=label aria-labelledby=labelled_by>
            <thead role="rowgroup">
                <tr role="row">{head.run()}</tr>
            </thead>
            <tbody role="rowgroup">{children()}</tbody>
        </table>
    }
}

/// Headings that are only words.
#[component]
pub fn Columns(
    /// The words.
    labels: &'static [&'static str],
    /// Their looks, which are also those of the cells below.
    #[prop(optional)]
    class: Option<&'static str>,
) -> impl IntoView {
    labels.iter().map(|label| view! { <th role="columnheader" scope="col" class=class>{*label}</th> }).collect_view()
}
