//! A state in one word, with a dot in its colour.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// Which colour, by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Works.
    Good,
    /// Waits for somebody.
    Waiting,
    /// Refused, without anybody having decided so.
    Lapsed,
    /// Over.
    Over,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Good => "badge badge-good",
            Self::Waiting => "badge badge-waiting",
            Self::Lapsed => "badge badge-lapsed",
            Self::Over => "badge badge-over",
        }
    }
}

/// The badge. The word says it; dot and colour only help.
#[component]
pub fn Badge(
    /// The colour.
    tone: Tone,
    /// The word.
    word: &'static str,
    /// In place of the dot.
    #[prop(optional)]
    icon: Option<Icon>,
) -> impl IntoView {
    view! { <span class=tone.class() class:has-icon=icon.is_some()>{icon.map(|icon| view! { <Glyph icon/> })}{word}</span> }
}

/// A small neutral label beside a name.
#[component]
pub fn Tag(
    /// The word.
    word: &'static str,
) -> impl IntoView {
    view! { <span class="tag">{word}</span> }
}
