//! Line icons, drawn on a 16 px grid. Decoration only: the word stands beside them or in the button's label.

use leptos::prelude::*;

/// A picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// A key.
    Key,
    /// Two sheets.
    Copy,
    /// A tick.
    Check,
    /// A cross.
    Close,
    /// Three dots in a row.
    More,
    /// Three lines.
    Menu,
    /// A magnifying glass.
    Search,
    /// A triangle with an exclamation mark.
    Warning,
    /// A closed lock.
    Lock,
    /// An open eye.
    Eye,
    /// A shield with a tick.
    Shield,
    /// Two people.
    People,
    /// A page with lines.
    Scroll,
    /// A globe.
    Globe,
    /// A bell.
    Bell,
    /// Two sliders.
    Sliders,
    /// Three bars.
    Chart,
    /// Up.
    Up,
    /// Down.
    Down,
    /// To the left.
    Previous,
    /// To the right.
    Next,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Key => {
                "M10.5 2a3.5 3.5 0 1 1-3.2 4.9L2 12.2V14h2.5v-1.5H6V11h1.5l1.2-1.2A3.5 3.5 0 0 0 10.5 2zM11 5h.01"
            }
            Self::Copy => {
                "M5.5 5.5h7a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zM2.5 10.5v-8a1 1 0 0 1 1-1h7"
            }
            Self::Check => "M3 8.5l3.2 3.2L13 4.8",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::More => {
                "M2.5 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0M7.5 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0M12.5 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0"
            }
            Self::Menu => "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
            Self::Search => "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3l3.2 3.2",
            Self::Warning => "M8 2.2l6.2 11.3H1.8zM8 6.5v3.2M8 11.6h.01",
            Self::Lock => "M4 7h8a1 1 0 0 1 1 1v5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1zM5 7V5a3 3 0 0 1 6 0v2",
            Self::Eye => {
                "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4z"
            }
            Self::Shield => "M8 1.8l5.2 1.9v3.9c0 3.2-2.2 5.5-5.2 6.6-3-1.1-5.2-3.4-5.2-6.6V3.7zM5.7 8l1.6 1.6 3-3.2",
            Self::People => {
                "M6 2.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM1.5 13.5c0-2.4 2-4 4.5-4s4.5 1.6 4.5 4M10.6 2.7a2.5 2.5 0 0 1 0 4.6M12.2 9.9c1.4.6 2.3 1.9 2.3 3.6"
            }
            Self::Scroll => {
                "M4 1.8h8a1 1 0 0 1 1 1v10.4a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V2.8a1 1 0 0 1 1-1zM5.5 5h5M5.5 8h5M5.5 11h3"
            }
            Self::Globe => {
                "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8zM1.8 8h12.4M8 1.8c3.7 3.8 3.7 8.6 0 12.4M8 1.8c-3.7 3.8-3.7 8.6 0 12.4"
            }
            Self::Bell => "M8 2a4 4 0 0 1 4 4v3l1.5 2.5h-11L4 9V6a4 4 0 0 1 4-4zM6.5 13.5a1.6 1.6 0 0 0 3 0",
            Self::Sliders => {
                "M2 4.5h5.2M10.8 4.5H14M9 2.7a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6zM2 11.5h2.2M7.8 11.5H14M6 9.7a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6z"
            }
            Self::Chart => "M3 13.5v-4M8 13.5v-11M13 13.5v-7",
            Self::Up => "M4 10l4-4 4 4",
            Self::Down => "M4 6l4 4 4-4",
            Self::Previous => "M10 4L6 8l4 4",
            Self::Next => "M6 4l4 4-4 4",
        }
    }
}

/// Draws an icon in the colour of the text around it.
#[component]
pub fn Glyph(
    /// Which one.
    icon: Icon,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d=icon.path()></path>
        </svg>
    }
}
