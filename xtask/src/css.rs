//! One stylesheet out of many: `@import "x.css";` is replaced by the file, so that a page asks for one style only.
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// The text of `entry` with every import in its place, in order.
///
/// # Errors
/// When a file is missing, is imported twice, or an import has a form that is not understood.
pub(crate) fn bundle(entry: &Path) -> Result<String> {
    let mut out = String::new();
    include(entry, &mut HashSet::new(), &mut out)?;
    Ok(out)
}

fn include(path: &Path, seen: &mut HashSet<PathBuf>, out: &mut String) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the style {}", path.display()))?;
    if !seen.insert(path.canonicalize()?) {
        bail!("the style {} is imported twice; its rules would move to the last place", path.display());
    }
    for line in strip_comments(&text).with_context(|| path.display().to_string())?.lines() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if line.starts_with("@import") {
            let target = import_target(line).with_context(|| {
                format!("{}: only `@import \"file.css\";` on a line of its own: {line}", path.display())
            })?;
            include(&path.with_file_name("").join(target), seen, out)?;
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    Ok(())
}

fn import_target(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("@import")?.trim().strip_suffix(';')?.trim();
    let quoted = |mark: char| rest.strip_prefix(mark)?.strip_suffix(mark).filter(|name| !name.contains(mark));
    quoted('"').or_else(|| quoted('\''))
}

/// Comments are for the reader of the source. Those inside strings are not comments.
fn strip_comments(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(comment) = from.strip_prefix("/*") {
            let end = comment.find("*/").context("a comment does not end")?;
            out.push(' ');
            rest = comment.split_at(end + 2).1;
        } else if let Some(tail) = from.strip_prefix('/') {
            out.push('/');
            rest = tail;
        } else {
            let end = string_end(from).context("a string does not end")?;
            let (string, tail) = from.split_at(end);
            out.push_str(string);
            rest = tail;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// The length of the string that `text` begins with, both marks included.
fn string_end(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, mark) = chars.next()?;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            '\n' => return None,
            c if c == mark => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn imports_are_replaced_in_order_and_relative_to_their_file() {
        let dir = folder(&[
            ("main.css", "/* @import \"no.css\"; */\n@import \"a.css\";\n@import 'ui/b.css';\nbody { color: red }\n"),
            ("a.css", ":root { --a: 1 }"),
            ("ui/b.css", "@import \"c.css\";\n\n.b { content: \"/* not a comment */\" }"),
            ("ui/c.css", ".c { width: calc(1px / 2) /* half */; }"),
        ]);
        assert_eq!(
            bundle(&dir.path().join("main.css")).unwrap(),
            ":root { --a: 1 }\n.c { width: calc(1px / 2)  ; }\n.b { content: \"/* not a comment */\" }\n\
             body { color: red }\n"
        );
    }

    #[test]
    fn what_would_be_lost_is_an_error() {
        for (text, part) in [
            ("@import \"none.css\";", "none.css"),
            ("@import url(a.css);", "only `@import"),
            ("@import \"a.css\" screen;", "only `@import"),
            ("@import \"a.css\";\n@import \"a.css\";", "imported twice"),
            ("@import \"main.css\";", "imported twice"),
            ("a { } /* open", "a comment does not end"),
            ("a { content: \"open\n }", "a string does not end"),
        ] {
            let dir = folder(&[("main.css", text), ("a.css", "a { }")]);
            let error = format!("{:#}", bundle(&dir.path().join("main.css")).unwrap_err());
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }

    #[test]
    fn strings_end_where_they_end() {
        assert_eq!(strip_comments(r#"a{content:"\"/*x*/"}/*y*/"#).unwrap(), r#"a{content:"\"/*x*/"} "#);
        assert_eq!(strip_comments("a{b:'é\"'}/**/").unwrap(), "a{b:'é\"'} ");
    }
}
