//! Values in the query of the page's address.
//!
//! The router's own map decodes every value twice (`ParamsMap::insert` unescapes what was unescaped before), which
//! would turn `%2541` into `A` and cut a path inside a value at its `&`.

use leptos_router::location::Url;

/// The first value of this name, decoded.
pub(crate) fn value(search: &str, name: &str) -> Option<String> {
    search
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| Url::unescape(&value.replace('+', " ")))
}

/// The address of a page with these values in its query.
pub(crate) fn href<'a>(path: &str, values: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let query: Vec<_> = values.into_iter().map(|(name, value)| format!("{name}={}", Url::escape(&value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_decoded_once() {
        assert_eq!(value("a=1&q=x+y%20z%2541", "q").as_deref(), Some("x y z%41"));
        assert_eq!(value("next=%2Fkeys%3Fq%3Da%2526b%26page%3D2", "next").as_deref(), Some("/keys?q=a%26b&page=2"));
        assert_eq!(value("", "q"), None);
        assert_eq!(value("qq=1", "q"), None);
    }
}
