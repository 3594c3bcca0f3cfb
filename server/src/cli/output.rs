//! What is printed: tables for people, JSON for programs, and nothing that steers a terminal.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use comfy_table::{Table, presets};
use serde_json::Value;
use shared::{Timestamp, field::is_invisible};

use super::failure::Failure;

/// Between two columns.
const GAP: u16 = 2;

/// Writes to standard output, ending the line.
///
/// # Errors
/// It is closed, or full.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::trouble(format!("Standard output cannot be written to: {error}.")))
}

/// Writes to standard error, where nobody may be listening.
pub(super) fn say(text: &str) {
    _ = writeln!(io::stderr().lock(), "{text}");
}

/// The same without ending the line, for an answer to be typed beside it.
pub(super) fn ask(text: &str) {
    let mut stderr = io::stderr().lock();
    _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
}

/// A text from elsewhere, on one line, with nothing in it that a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_invisible(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The same for JSON, where every such character has a written form.
pub(super) fn json(value: &Value) -> String {
    let mut safe = String::new();
    for c in format!("{value:#}").chars() {
        // Line breaks are those between the fields: inside a text, they are escaped already.
        if c == '\n' || !is_invisible(c) {
            safe.push(c);
        } else {
            _ = write!(safe, "\\u{:04x}", u32::from(c));
        }
    }
    safe
}

/// Rows below a header.
pub(super) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.set_header(header);
    table.add_rows(rows.into_iter().map(|row| row.map(|cell| plain(&cell))));
    laid_out(table)
}

/// The fields of one thing, one a line; a value of several lines stands in one column.
pub(super) fn details<'f>(fields: impl IntoIterator<Item = (&'f str, Vec<String>)>) -> String {
    let mut table = Table::new();
    table.add_rows(fields.into_iter().map(|(name, lines)| {
        let lines: Vec<_> = lines.iter().map(|line| plain(line)).collect();
        [name.to_owned(), lines.join("\n")]
    }));
    laid_out(table)
}

/// No lines and no wrapping, so that ids can be copied and columns be cut.
fn laid_out(mut table: Table) -> String {
    table.load_style(presets::NOTHING);
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table.trim_fmt()
}

/// A moment from the server, for people.
pub(super) fn moment(text: &str) -> String {
    Timestamp::from_rfc3339(text).map_or_else(|| text.to_owned(), Timestamp::exact)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HOSTILE: &str = "a\u{1b}[2Jb\u{9b}1mc\u{202e}d\ne\u{7f}";

    #[test]
    fn nothing_from_elsewhere_steers_a_terminal() {
        let table = table(["Name"], [[HOSTILE.to_owned()]]);
        let details = details([("Name", vec![HOSTILE.to_owned(), "second".to_owned()])]);
        let json = json(&json!({ "name": HOSTILE }));
        for printed in [&table, &details, &json, &plain(HOSTILE)] {
            assert!(printed.chars().all(|c| c == '\n' || !is_invisible(c)), "{printed:?}");
        }
        assert_eq!(details.lines().count(), 2, "{details}");
        assert_eq!(table.lines().count(), 2, "{table}");
        assert_eq!(serde_json::from_str::<Value>(&json).expect("JSON")["name"], HOSTILE);
    }

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let rows = [["Größe", "1"], ["大", "2"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(["Name", "Id"], rows), "Name   Id\nGröße  1\n大     2");
    }
}
