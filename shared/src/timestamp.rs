//! Moments, to the microsecond, in UTC.

use serde::{Deserialize, Serialize};
use time::{
    Date, Month, OffsetDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

const DAY: &[BorrowedFormatItem<'static>] = format_description!("[year]-[month]-[day]");
const EXACT: &[BorrowedFormatItem<'static>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
const CLOCK: &[BorrowedFormatItem<'static>] = format_description!("[hour]:[minute]:[second]");

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Wraps microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Later by `seconds` (earlier when negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Later by `days` of 24 hours (earlier when negative).
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_seconds(days.saturating_mul(86_400))
    }

    /// Whole seconds from `earlier` to `self`, rounded towards zero; negative when `self` is the earlier one.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / 1_000_000
    }

    /// Midnight at the end of a day written `2026-11-30`, that is, the first moment of the day after it.
    ///
    /// `None` when the text is no such day.
    #[must_use]
    pub fn end_of_day(text: &str) -> Option<Self> {
        let next = Date::parse(text.trim(), DAY).ok()?.next_day()?;
        i64::try_from(next.midnight().assume_utc().unix_timestamp_nanos() / 1_000).ok().map(Self)
    }

    /// The last day on which something that ends at this moment still works; the inverse of [`Self::end_of_day`].
    #[must_use]
    pub fn last_day(self) -> String {
        Self(self.0.saturating_sub(1)).day()
    }

    /// `2026-11-23`
    #[must_use]
    pub fn day(self) -> String {
        self.write(DAY)
    }

    /// `2026-11-23 15:04:05 UTC`
    #[must_use]
    pub fn exact(self) -> String {
        self.write(EXACT)
    }

    /// `15:04:05`
    #[must_use]
    pub fn clock(self) -> String {
        self.write(CLOCK)
    }

    /// RFC 3339, as JSON and `<time datetime>` want it.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.utc().format(&Rfc3339).unwrap_or_default()
    }

    /// Reads RFC 3339, in any zone, to the microsecond.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000)).ok().map(Self)
    }

    /// The calendar month in UTC, counted from the year 0: consecutive months have consecutive numbers.
    #[must_use]
    pub fn month(self) -> i64 {
        let utc = self.utc();
        i64::from(utc.year()) * 12 + i64::from(u8::from(utc.month())) - 1
    }

    /// When the month with this number begins; the counterpart of [`Self::month`].
    #[must_use]
    pub fn begin_of_month(month: i64) -> Self {
        let year = i32::try_from(month.div_euclid(12)).unwrap_or(1970);
        let name = u8::try_from(month.rem_euclid(12) + 1).ok().and_then(|number| Month::try_from(number).ok());
        let first = Date::from_calendar_date(year, name.unwrap_or(Month::January), 1);
        let seconds = first.map_or(0, |first| first.midnight().assume_utc().unix_timestamp());
        Self::from_micros(0).plus_seconds(seconds)
    }

    /// The calendar day in UTC, counted from 1970.
    #[must_use]
    pub const fn day_number(self) -> i64 {
        self.0.div_euclid(86_400_000_000)
    }

    /// How a person says it, seen from `now`: `just now`, `5 minutes ago`, `in 3 days`, and the day itself beyond a month.
    #[must_use]
    pub fn relative_to(self, now: Self) -> String {
        let seconds = now.seconds_since(self);
        let (amount, unit) = match seconds.unsigned_abs() {
            0..45 => return "just now".to_owned(),
            s @ 45..3_600 => (s.div_ceil(60), "minute"),
            s @ 3_600..86_400 => (s / 3_600, "hour"),
            s if s < 31 * 86_400 => (s / 86_400, "day"),
            _ => return self.day(),
        };
        let plural = if amount == 1 { "" } else { "s" };
        if seconds < 0 { format!("in {amount} {unit}{plural}") } else { format!("{amount} {unit}{plural} ago") }
    }

    fn utc(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    fn write(self, format: &[BorrowedFormatItem<'static>]) -> String {
        self.utc().format(format).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_446_245_000_000);

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(NOW.exact(), "2026-11-23 15:04:05 UTC");
        assert_eq!(NOW.rfc3339(), "2026-11-23T15:04:05Z");
        assert_eq!(NOW.day(), "2026-11-23");
        assert_eq!(Timestamp::from_rfc3339("2026-11-23T16:04:05.0000009+01:00"), Some(NOW));
        assert_eq!(Timestamp::from_rfc3339("2026-11-23"), None);
    }

    #[test]
    fn a_day_ends_when_the_next_begins() {
        let end = Timestamp::end_of_day("2028-02-28").expect("a day");
        assert_eq!(end.exact(), "2028-02-29 00:00:00 UTC");
        assert_eq!(end.last_day(), "2028-02-28");
        assert_eq!(Timestamp::end_of_day("2027-02-29"), None);
        assert_eq!(Timestamp::end_of_day("tomorrow"), None);
    }

    #[test]
    fn a_month_begins_at_midnight_of_its_first_day() {
        for (within, begins) in [
            ("2026-12-31", "2026-12-01 00:00:00 UTC"),
            ("2027-01-01", "2027-01-01 00:00:00 UTC"),
            ("2028-02-29", "2028-02-01 00:00:00 UTC"),
            ("2028-03-01", "2028-03-01 00:00:00 UTC"),
        ] {
            let last_moment = Timestamp::from_micros(Timestamp::end_of_day(within).expect("a day").micros() - 1);
            assert_eq!(Timestamp::begin_of_month(last_moment.month()).exact(), begins);
        }
    }

    #[test]
    fn distance_is_said_as_a_person_would() {
        for (offset, said) in [
            (0, "just now"),
            (-60, "1 minute ago"),
            (-3_599, "60 minutes ago"),
            (-7_300, "2 hours ago"),
            (-86_400, "1 day ago"),
            (86_400 * 3, "in 3 days"),
            (-86_400 * 60, "2026-09-24"),
        ] {
            assert_eq!(NOW.plus_seconds(offset).relative_to(NOW), said, "{offset} s");
        }
    }
}
