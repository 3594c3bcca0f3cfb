//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110, sections 8.8.3 and 13.1).
//!
//! An `ETag` has two parts: `"<state>.<shown>"`. The first is another one whenever something that can be changed is; it
//! alone decides about `If-Match`, so that an edit does not fail because the key was used in the meantime. The second
//! is a digest of everything that is shown, so `If-None-Match` never keeps a caller from seeing something new.

use backend::expected::{Expected, State, Stateful};
use http::{HeaderMap, HeaderValue, StatusCode, header::GetAll, header::IF_MATCH};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::envelope::Problem;

/// The `ETag` of something that is shown like this.
pub(super) fn tag(thing: &impl Stateful, shown: &impl Serialize) -> String {
    let digest = Sha256::digest(serde_json::to_vec(shown).unwrap_or_default());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{}.{digest}\"", thing.state().as_str())
}

/// What `If-Match` asks for; `None` when there is none.
///
/// # Errors
/// 400 for what is no list of entity tags.
pub(super) fn expected(headers: &HeaderMap) -> Result<Option<Expected>, Problem> {
    let mut states = Vec::new();
    let mut lines = headers.get_all(IF_MATCH).iter().peekable();
    if lines.peek().is_none() {
        return Ok(None);
    }
    for line in lines {
        let text = line.to_str().map_err(|_error| malformed())?;
        if text.trim() == "*" {
            return Ok(Some(Expected::Anything));
        }
        // A weak tag never matches here (RFC 9110, section 13.1.1: the strong comparison).
        let strong = tags(text).ok_or_else(malformed)?.into_iter().filter(|tag| !tag.is_weak);
        states.extend(strong.map(|tag| State::read(tag.opaque.split('.').next().unwrap_or_default())));
    }
    Ok(Some(Expected::OneOf(states)))
}

/// Like [`expected`], for a change that is not made without.
pub(super) fn required(headers: &HeaderMap) -> Result<Expected, Problem> {
    expected(headers)?.ok_or_else(|| {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "precondition_required",
            "Send If-Match with the ETag that you have read, so that nobody's edit is lost; * stands for any state.",
        )
    })
}

/// Whether a list of entity tags names `tag`, in the weak comparison of `If-None-Match`.
pub(super) fn names(lines: GetAll<'_, HeaderValue>, tag: &str) -> bool {
    let opaque = tag.trim_matches('"');
    let mut texts = lines.iter().filter_map(|line| line.to_str().ok());
    texts.any(|text| text.trim() == "*" || tags(text).is_some_and(|all| all.iter().any(|known| known.opaque == opaque)))
}

/// What stands between the quotes of an entity tag.
struct Tag<'t> {
    is_weak: bool,
    opaque: &'t str,
}

/// Reads a list of entity tags. There may be a comma inside of one, and empty places between two (RFC 9110, sections
/// 8.8.3 and 5.6.1.2).
fn tags(text: &str) -> Option<Vec<Tag<'_>>> {
    let mut tags = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(tags);
        }
        let strong = rest.strip_prefix("W/");
        let (opaque, after) = strong.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        if !opaque.bytes().all(|b| b == 0x21 || (0x23..=0x7E).contains(&b)) {
            return None;
        }
        tags.push(Tag { is_weak: strong.is_some(), opaque });
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

fn malformed() -> Problem {
    Problem::bad_request("invalid_header", "If-Match must be an ETag in its double quotes, a list of them, or *.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&'static str]) -> Result<Option<Expected>, ()> {
        let lines = lines.iter().map(|line| (IF_MATCH, HeaderValue::from_static(line)));
        expected(&lines.fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(name, value);
            map
        }))
        .map_err(drop)
    }

    #[test]
    fn the_state_is_what_stands_before_the_dot() {
        let states = |texts: &[&str]| Ok(Some(Expected::OneOf(texts.iter().map(|text| State::read(text)).collect())));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["*"]), Ok(Some(Expected::Anything)));
        assert_eq!(read(&["\"3.ab\""]), states(&["3"]));
        assert_eq!(read(&["\"3\", \"4.x\"", "\"5.\""]), states(&["3", "4", "5"]));
        assert_eq!(read(&["W/\"3.ab\""]), states(&[]), "a weak one matches nothing");
        assert_eq!(read(&["\"3,4.x\" ,, W/\"5\","]), states(&["3,4"]), "a comma inside, and empty places");
        assert_eq!(read(&[""]), states(&[]), "an empty list names nothing");
        for bad in ["3", "\"3", "\"a\"b\"", "\"3\" \"4\"", "W/3", "*, \"3\"", "\"a b\""] {
            assert_eq!(read(&[bad]), Err(()), "{bad}");
        }
    }
}
