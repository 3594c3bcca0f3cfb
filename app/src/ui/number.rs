//! Numbers as people read them.

/// `1,234,567`
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Short, for an axis: `950`, `1.5k`, `20M`. Exact for one and two digits with any number of zeros.
#[must_use]
pub fn short(number: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    let Some((unit, letter)) = UNITS.into_iter().find(|(unit, _)| number >= *unit) else { return number.to_string() };
    match (number / unit, number % unit / (unit / 10)) {
        (whole, 0) => format!("{whole}{letter}"),
        (whole, tenths) => format!("{whole}.{tenths}{letter}"),
    }
}

/// `98.7 %`, of so many in a thousand.
#[must_use]
pub fn per_mille(share: u64) -> String {
    match (share / 10, share % 10) {
        (whole, 0) => format!("{whole} %"),
        (whole, tenths) => format!("{whole}.{tenths} %"),
    }
}

/// `1 key`, `2 keys`
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn an_axis_says_thousands_in_one_letter() {
        assert_eq!([0, 950, 1_000, 1_500, 20_000, 2_500_000].map(short), ["0", "950", "1k", "1.5k", "20k", "2.5M"]);
    }

    #[test]
    fn shares_have_one_decimal_where_there_is_one() {
        assert_eq!([1_000, 999, 950, 5, 0].map(per_mille), ["100 %", "99.9 %", "95 %", "0.5 %", "0 %"]);
    }
}
