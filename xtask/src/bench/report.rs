//! What was measured, as a table for people and as JSON.
use std::fmt;

use serde_json::{Value, json};

use super::{machine, wrk::Measured};

#[derive(Default)]
pub(super) struct Report {
    rows: Vec<Row>,
    notes: Vec<Note>,
}

/// Another figure.
struct Note {
    what: String,
    keys: u32,
    value: f64,
    /// What it should not be above, if there is such a limit.
    at_most: Option<f64>,
}

/// What is asked of a verification on one core of a machine that does nothing else, in the words of the table.
const ASKED: &str = "| asked | | at least 0.90 | at least 100000 | at most 300 | at most 3500 |";

/// The medians of all rounds.
pub(super) struct Row {
    name: String,
    measured: Measured,
    /// CPU of the bare handler ÷ CPU of this one, in the same round.
    ratio: f64,
}

impl Row {
    /// Each round of this one, with the bare handler's.
    pub(super) fn of_rounds<'m>(
        name: &str,
        rounds: impl Iterator<Item = (&'m Measured, &'m Measured)> + Clone,
    ) -> Self {
        let median_of = |field: fn(&Measured) -> f64| median(rounds.clone().map(|(own, _)| field(own)));
        Self {
            name: name.to_owned(),
            measured: Measured {
                cpu_micros: median_of(|m| m.cpu_micros),
                per_second: median_of(|m| m.per_second),
                p50_micros: median_of(|m| m.p50_micros),
                p99_micros: median_of(|m| m.p99_micros),
            },
            ratio: median(rounds.clone().map(|(own, bare)| bare.cpu_micros / own.cpu_micros)),
        }
    }
}

impl Report {
    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn note(&mut self, what: &str, keys: u32, value: f64) {
        self.notes.push(Note { what: what.to_owned(), keys, value, at_most: None });
    }

    /// A figure that is held to a limit.
    pub(super) fn hold(&mut self, what: &str, keys: u32, value: f64, at_most: f64) {
        self.notes.push(Note { what: what.to_owned(), keys, value, at_most: Some(at_most) });
    }

    pub(super) fn json(&self) -> String {
        let row = |Row { name, measured, ratio }: &Row| {
            let Measured { cpu_micros, per_second, p50_micros, p99_micros } = measured;
            json!({ "name": name, "cpu_micros": cpu_micros, "ratio": ratio, "per_second": per_second,
                "p50_micros": p50_micros, "p99_micros": p99_micros })
        };
        let note = |Note { what, keys, value, at_most }: &Note| json!({ "what": what, "keys": keys, "value": value, "at_most": at_most });
        let json = json!({
            "machine": machine(),
            "http": self.rows.iter().map(row).collect::<Vec<Value>>(),
            "notes": self.notes.iter().map(note).collect::<Vec<Value>>(),
        });
        format!("{json:#}\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", machine())?;
        writeln!(
            f,
            "| over HTTP | CPU µs/request | ratio | requests/s | p50 µs | p99 µs |\n|---|---|---|---|---|---|"
        )?;
        for Row { name, measured, ratio } in &self.rows {
            let Measured { cpu_micros, per_second, p50_micros, p99_micros } = measured;
            writeln!(
                f,
                "| {name} | {cpu_micros:.2} | {ratio:.2} | {per_second:.0} | {p50_micros:.0} | {p99_micros:.0} |"
            )?;
        }
        writeln!(f, "{ASKED}")?;
        writeln!(f, "\n| | keys | | at most |\n|---|---|---|---|")?;
        for Note { what, keys, value, at_most } in &self.notes {
            let at_most = at_most.map(|limit| limit.to_string()).unwrap_or_default();
            writeln!(f, "| {what} | {keys} | {value:.2} | {at_most} |")?;
        }
        Ok(())
    }
}

/// One round in a line.
pub(super) fn costs(measured: &[Measured]) -> String {
    let costs: Vec<String> = measured.iter().map(|measured| format!("{:.2}", measured.cpu_micros)).collect();
    format!("{} µs CPU a request", costs.join(", "))
}

/// The middle one; of an even number the upper of the two.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_compares_what_was_measured_in_the_same_round() {
        let measured = |cpu_micros| Measured { cpu_micros, per_second: 1.0, p50_micros: 1.0, p99_micros: 1.0 };
        let (bare, own) = ([8.0, 16.0, 9.0].map(measured), [10.0, 20.0, 10.0].map(measured));
        let row = Row::of_rounds("verify", own.iter().zip(&bare));
        assert!((row.ratio - 0.8).abs() < 1e-9 && (row.measured.cpu_micros - 10.0).abs() < 1e-9);
    }
}
