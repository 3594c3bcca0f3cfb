//! Light, dark, or as the system says. The choice stays in this browser.

use leptos::prelude::*;

use crate::ui::browser;

/// Where the browser keeps the choice; the script in the document's head reads it too.
const STORED: &str = "theme";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    const fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// The value of `data-theme` on the document; none lets the style follow the system.
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    fn stored() -> Self {
        let code = browser::stored(STORED);
        Self::ALL.into_iter().find(|theme| theme.code() == code.as_deref()).unwrap_or(Self::System)
    }

    fn choose(self) {
        browser::store(STORED, self.code());
        browser::set_root_attribute("data-theme", self.code());
    }
}

/// Three buttons, one of them pressed.
#[component]
pub(super) fn ThemeSwitch() -> impl IntoView {
    let chosen = RwSignal::new(Theme::System);
    Effect::new(move |_| chosen.set(Theme::stored()));
    view! {
        <div class="segments needs-scripts" role="group" aria-label="Theme">
            {Theme::ALL
                .map(|theme| view! {
                    <button
                        type="button"
                        aria-pressed=move || if chosen.get() == theme { "true" } else { "false" }
                        on:click=move |_| {
                            theme.choose();
                            chosen.set(theme);
                        }
                    >
                        {theme.label()}
                    </button>
                })
                .collect_view()}
        </div>
    }
}
