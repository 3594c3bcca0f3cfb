//! Rules of single fields. The browser applies them while somebody types, the server applies them again: the
//! sentence is the same on both sides.

use serde::{Deserialize, Serialize};

/// One field that was refused, and why, in a sentence for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's name in the form and in JSON.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FieldError {
    /// A refusal of `field`.
    #[must_use]
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

/// Trims `text` and refuses it when empty, longer than `max` characters, or when it holds control characters.
///
/// Invisible direction marks (the "Trojan Source" characters) count as control characters: they could make one
/// name look like another.
///
/// # Errors
/// A sentence that starts with `label`.
pub fn line(label: &str, text: &str, max: usize) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{label} must not be empty."));
    }
    if text.chars().all(is_blank) {
        return Err(format!("{label} must have at least one visible character."));
    }
    let length = text.chars().count();
    if length > max {
        return Err(format!("{label} may have at most {max} characters; this has {length}."));
    }
    if let Some(c) = text.chars().find(|c| is_invisible(*c)) {
        return Err(format!("{label} must not contain control characters (found U+{:04X}).", u32::from(c)));
    }
    Ok(text.to_owned())
}

/// Like [`line`], but empty text is fine and means "nothing".
///
/// # Errors
/// As [`line`].
pub fn optional_line(label: &str, text: &str, max: usize) -> Result<Option<String>, String> {
    if text.trim().is_empty() { Ok(None) } else { line(label, text, max).map(Some) }
}

/// Like [`line`], but for several of them: empty text is fine, and there may be line feeds and tabs.
///
/// # Errors
/// A sentence that starts with `label`.
pub fn lines(label: &str, text: &str, max: usize) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length > max {
        return Err(format!("{label} may have at most {max} characters; these have {length}."));
    }
    match text.chars().find(|c| is_invisible(*c) && !matches!(c, '\n' | '\t')) {
        Some(c) => Err(format!("{label} must not contain control characters (found U+{:04X}).", u32::from(c))),
        None => Ok(text.to_owned()),
    }
}

/// Cleans what somebody searches for: trimmed, without control characters, cut at `max` characters.
#[must_use]
pub fn search(text: &str, max: usize) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(max).collect()
}

/// Whether a character could make one text look like another: control characters and invisible direction marks.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        )
}

/// What shows nothing by itself. Some of it is needed inside words and emoji (joiners, variation selectors), so it is
/// only refused when there is nothing else.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180B}'..='\u{180E}'
                | '\u{200C}'
                | '\u{200D}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FFA0}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_after_trimming() {
        assert_eq!(line("Key Name", "  x  ", 80).as_deref(), Ok("x"));
        assert_eq!(line("Key Name", &"ü".repeat(80), 80).map(|s| s.chars().count()), Ok(80));
        assert!(line("Key Name", &"ü".repeat(81), 80).is_err_and(|e| e.contains("at most 80") && e.contains("81")));
    }

    #[test]
    fn nothing_and_control_characters_are_refused() {
        assert!(line("Key Name", " \t ", 80).is_err_and(|e| e.contains("must not be empty")));
        for bad in ["a\0b", "a\nb", "a\u{7f}b", "a\u{202E}b", "a\u{85}b"] {
            assert!(line("Key Name", bad, 80).is_err_and(|e| e.contains("control characters")), "{bad:?}");
        }
    }

    #[test]
    fn several_lines_are_kept_as_they_are() {
        assert_eq!(lines("The notes", " a\n\n\tb \n", 10).as_deref(), Ok("a\n\n\tb"));
        assert_eq!(lines("The notes", " \n", 10).as_deref(), Ok(""));
        assert!(lines("The notes", "a\u{202E}b", 10).is_err_and(|e| e.contains("U+202E")));
        assert!(lines("The notes", "a\r\nb", 10).is_err_and(|e| e.contains("U+000D")));
        assert!(lines("The notes", &"a".repeat(11), 10).is_err_and(|e| e.contains("at most 10")));
    }

    #[test]
    fn a_text_that_nobody_can_see_is_refused() {
        for bad in ["\u{ad}\u{ad}", "\u{200d}", "\u{2800}", "\u{3164} \u{fe0f}"] {
            assert!(line("Key Name", bad, 80).is_err_and(|e| e.contains("visible")), "{bad:?}");
        }
        assert!(line("Key Name", "\u{200b}", 80).is_err());
        assert_eq!(line("Key Name", "👩\u{200d}💻", 80).as_deref(), Ok("👩\u{200d}💻"));
    }
}
