//! Lines of CSV (RFC 4180) that a spreadsheet can be trusted with.

/// What makes a spreadsheet take a cell for a formula (OWASP, CSV Injection); the last ones are the same in full width.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// One line. A cell that would be a formula gets an apostrophe before it, which makes it text: what is in the cells was
/// written by whoever likes to, and opened by somebody else.
pub(super) fn line<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let mut line = String::new();
    for (position, cell) in cells.into_iter().enumerate() {
        if position > 0 {
            line.push(',');
        }
        line.push('"');
        if cell.starts_with(FORMULA) {
            line.push('\'');
        }
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_cell_stays_there() {
        assert_eq!(line(["a", "b, \"c\"", "d\r\ne", ""]), "\"a\",\"b, \"\"c\"\"\",\"d\r\ne\",\"\"\r\n");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert_eq!(line([cell]), format!("\"'{cell}\"\r\n"));
        }
        assert_eq!(line(["a=1", "ada@example.com", " =1"]), "\"a=1\",\"ada@example.com\",\" =1\"\r\n");
    }
}
