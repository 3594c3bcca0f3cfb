//! A message that stays where it is until its cause is gone.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// How serious.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Read this before going on.
    Warning,
    /// It did not work.
    Error,
}

/// The message, in a box.
#[component]
pub fn Banner(
    /// How serious.
    severity: Severity,
    /// What it says.
    children: Children,
) -> impl IntoView {
    let class = match severity {
        Severity::Note => "banner banner-note",
        Severity::Warning => "banner banner-warning",
        Severity::Error => "banner banner-error",
    };
    view! {
        <div class=class>
            <Glyph icon=Icon::Warning/>
            <div class="banner-text">{children()}</div>
        </div>
    }
}
