//! A small menu behind a button: the browser's own popover, so it opens without any script, closes on Esc and on a
//! click elsewhere, and gives the focus back.

use leptos::prelude::*;

use super::browser;

/// The button and what it opens.
#[component]
pub fn Menu(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    /// What the button is called, where its face does not say it.
    #[prop(optional)]
    label: Option<&'static str>,
    /// The button's looks.
    #[prop(default = "button-icon")]
    class: &'static str,
    /// The popover's looks; they say on which side of the button it opens.
    #[prop(default = "menu")]
    menu_class: &'static str,
    /// What is on the button.
    #[prop(into)]
    face: ViewFn,
    /// What the menu holds.
    children: Children,
) -> impl IntoView {
    view! {
        <button type="button" class=class popovertarget=id.clone() aria-label=label title=label>
            {face.run()}
        </button>
        <div id=id popover="auto" class=menu_class>
            {children()}
        </div>
    }
}

/// One thing to do. The menu closes when it is chosen.
#[component]
pub fn MenuItem(
    /// The menu it is in.
    #[prop(into)]
    menu: String,
    /// What it says.
    label: &'static str,
    /// Why it cannot be chosen; `None` when it can.
    #[prop(into)]
    refused: Signal<Option<String>>,
    /// What it does.
    on_choose: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="menu-item"
            aria-disabled=move || refused.read().is_some().then_some("true")
            aria-description=move || refused.get()
            on:click=move |_| {
                if refused.read_untracked().is_none() {
                    browser::hide_popover(&menu);
                    on_choose.run(());
                }
            }
        >
            {label}
            {move || refused.get().map(|why| view! { <small>{why}</small> })}
        </button>
    }
}
