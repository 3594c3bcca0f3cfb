//! Calendars: which hours make up a day or a month where somebody lives.
//!
//! Usage is counted in whole hours of UTC. An hour belongs to the local day, and so to the local month, in which it
//! begins; that matters where clocks differ from UTC by half an hour. Days have 23 or 25 hours where clocks are changed.

use jiff::{ToSpan as _, ZonedDateTime, civil, tz::TimeZone};
use shared::{Timestamp, usage::Window};

use crate::{
    failure::Failure,
    keyring::totals::{begin_of_hour, hour},
};

/// The longest name of a zone that is looked up; real ones have half of that.
const NAME_MAX: usize = 64;

/// A time zone. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone that everything is counted in.
    #[must_use]
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of this name, such as `Europe/Berlin`; `None` when there is none.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        if name.len() > NAME_MAX { None } else { TimeZone::get(name).ok().map(Self) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    fn at(&self, moment: Timestamp) -> Result<ZonedDateTime, Failure> {
        let moment = jiff::Timestamp::from_microsecond(moment.micros()).map_err(Failure::broken)?;
        Ok(moment.to_zoned_datetime(self.0.clone()))
    }

    /// The moment at which a local day begins: midnight, or whatever comes first on a day that has none.
    fn begin(&self, day: civil::Date) -> Result<Timestamp, Failure> {
        let begin = self.0.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible().map_err(Failure::broken)?;
        Ok(Timestamp::from_micros(begin.as_microsecond()))
    }
}

/// A part of a [`Window`]: an hour, a day or a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) begins: Timestamp,
    /// The hours of UTC, counted from 1970, that belong to it: from this one …
    pub(crate) first: i64,
    /// … up to, but not including, this one.
    pub(crate) end: i64,
    /// Short, for an axis: `14:00`, `25 Nov`, `Nov`.
    pub(crate) label: String,
    /// Whole: `25 Nov, 14:00`, `Wed 25 Nov 2026`, `November 2026`.
    pub(crate) name: String,
}

/// The parts of what a window shows at `now`, the oldest first. The last one is the one that `now` is in.
pub(crate) fn parts(window: Window, zone: &Zone, now: Timestamp) -> Result<Vec<Part>, Failure> {
    let today = zone.at(now)?.date();
    match window {
        Window::Day => hours(zone, now),
        Window::Month => {
            let days = (0..=30_i32).map(|ago| today.checked_sub((29 - ago).days()));
            of_days(zone, days.collect::<Result<_, _>>().map_err(Failure::broken)?, "%-d %b", "%a %-d %b %Y")
        }
        Window::Year => {
            let month = today.first_of_month();
            let months = (0..=12_i32).map(|ago| month.checked_sub((11 - ago).months()));
            of_days(zone, months.collect::<Result<_, _>>().map_err(Failure::broken)?, "%b", "%B %Y")
        }
    }
}

/// The last 24 hours, the one that is running included.
fn hours(zone: &Zone, now: Timestamp) -> Result<Vec<Part>, Failure> {
    let last = hour(now);
    let begins: Vec<_> = (last - 23..=last).map(|hour| zone.at(begin_of_hour(hour))).collect::<Result<_, _>>()?;
    // An hour that clocks go through twice needs more than its number.
    let changes = begins.iter().any(|begin| Some(begin.offset()) != begins.first().map(ZonedDateTime::offset));
    let part = |(first, begin): (i64, &ZonedDateTime)| Part {
        begins: begin_of_hour(first),
        first,
        end: first + 1,
        label: begin.strftime("%H:%M").to_string(),
        name: begin.strftime(if changes { "%-d %b, %H:%M %Z" } else { "%-d %b, %H:%M" }).to_string(),
    };
    Ok((last - 23..=last).zip(&begins).map(part).collect())
}

/// From each of these days to the next.
fn of_days(zone: &Zone, days: Vec<civil::Date>, label: &str, name: &str) -> Result<Vec<Part>, Failure> {
    let begins: Vec<_> = days.iter().map(|day| zone.begin(*day)).collect::<Result<_, _>>()?;
    let part = |(day, (begin, end)): (&civil::Date, (&Timestamp, &Timestamp))| Part {
        begins: *begin,
        first: first_hour(*begin),
        end: first_hour(*end),
        label: day.strftime(label).to_string(),
        name: day.strftime(name).to_string(),
    };
    Ok(days.iter().zip(begins.iter().zip(begins.iter().skip(1))).map(part).collect())
}

/// The first hour of UTC that begins at this moment or after it.
fn first_hour(moment: Timestamp) -> i64 {
    hour(Timestamp::from_micros(moment.micros().saturating_sub(1))) + 1
}

/// What has passed of the month that `now` is in, and the same span of the month before, in whole hours of UTC. The
/// hour that is running belongs to neither, as it is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MonthSoFar {
    /// When the month has begun.
    pub(crate) begins: Timestamp,
    /// Its first hour, and the one that is running.
    pub(crate) now: (i64, i64),
    /// The same of the month before, as long as that lasted.
    pub(crate) before: (i64, i64),
}

impl MonthSoFar {
    pub(crate) fn of(zone: &Zone, now: Timestamp) -> Result<Self, Failure> {
        let month = zone.at(now)?.date().first_of_month();
        let before = month.checked_sub(1.month()).map_err(Failure::broken)?;
        let begins = zone.begin(month)?;
        let (first, first_before) = (first_hour(begins), first_hour(zone.begin(before)?));
        // In the first half hour of a month, the hour that is running may still belong to the one before.
        let running = hour(now).max(first);
        Ok(Self { begins, now: (first, running), before: (first_before, first.min(first_before + running - first)) })
    }
}

/// When the next calendar month of UTC begins, by which plans count.
pub(crate) fn next_month(now: Timestamp) -> Result<Timestamp, Failure> {
    let utc = Zone::utc();
    let next = utc.at(now)?.date().first_of_month().checked_add(1.month()).map_err(Failure::broken)?;
    utc.begin(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).expect("a moment")
    }

    fn zone(name: &str) -> Zone {
        Zone::of(name).expect("a zone")
    }

    fn shown(window: Window, name: &str, now: &str) -> Vec<Part> {
        let parts = parts(window, &zone(name), at(now)).expect("parts");
        for pair in parts.windows(2) {
            assert_eq!(pair[0].end, pair[1].first, "no hour is left out, and none is counted twice");
        }
        let last = parts.last().expect("a part");
        assert!((last.first..last.end).contains(&hour(at(now))), "now is in the last one: {last:?}");
        parts
    }

    fn lengths(parts: &[Part]) -> Vec<i64> {
        parts.iter().map(|part| part.end - part.first).collect()
    }

    #[test]
    fn months_end_where_they_end_and_february_has_a_leap_day() {
        let parts = shown(Window::Year, "UTC", "2028-03-31T23:59:59Z");
        let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names.first(), Some(&"April 2027"));
        assert_eq!(names.last(), Some(&"March 2028"));
        let days: Vec<_> = lengths(&parts).iter().map(|hours| hours / 24).collect();
        assert_eq!(days, [30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29, 31]);
        assert_eq!(shown(Window::Year, "UTC", "2028-04-01T00:00:00Z").last().map(|p| p.label.as_str()), Some("Apr"));
    }

    #[test]
    fn a_day_has_23_hours_in_spring_and_25_in_autumn() {
        let spring = shown(Window::Month, "Europe/Berlin", "2027-03-29T10:00:00Z");
        assert_eq!(lengths(&spring)[28..], [23, 24]);
        assert_eq!(spring[28].name, "Sun 28 Mar 2027");
        let autumn = shown(Window::Month, "Europe/Berlin", "2026-10-26T10:00:00Z");
        assert_eq!(lengths(&autumn)[28..], [25, 24]);
        assert_eq!(autumn[28].begins, at("2026-10-24T22:00:00Z"));
        assert_eq!(autumn.len(), 30);
    }

    #[test]
    fn the_hour_that_comes_twice_is_told_apart() {
        let parts = shown(Window::Day, "Europe/Berlin", "2026-10-25T05:30:00Z");
        let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
        assert!(
            names.ends_with(&[
                "25 Oct, 02:00 CEST",
                "25 Oct, 02:00 CET",
                "25 Oct, 03:00 CET",
                "25 Oct, 04:00 CET",
                "25 Oct, 05:00 CET",
                "25 Oct, 06:00 CET"
            ]),
            "{names:?}"
        );
        let parts = shown(Window::Day, "Europe/Berlin", "2026-11-25T05:30:00Z");
        assert_eq!(parts.last().map(|part| part.name.as_str()), Some("25 Nov, 06:00"));
    }

    /// In Kathmandu, 5:45 ahead of UTC, midnight is at 18:15 UTC: the hour that begins at 18:00 UTC begins at 23:45 and
    /// belongs to the day before.
    #[test]
    fn an_hour_belongs_to_the_local_day_in_which_it_begins() {
        let parts = shown(Window::Month, "Asia/Kathmandu", "2026-11-24T19:00:00Z");
        let today = parts.last().expect("today");
        assert_eq!(today.name, "Wed 25 Nov 2026");
        assert_eq!(today.first, hour(at("2026-11-24T19:00:00Z")));
        let hours = shown(Window::Day, "Asia/Kolkata", "2026-11-24T19:00:00Z");
        assert_eq!(hours.last().map(|part| part.name.as_str()), Some("25 Nov, 00:30"));
    }

    #[test]
    fn a_day_without_midnight_begins_at_its_first_moment() {
        // In Chile clocks go from 23:59 to 01:00.
        let parts = shown(Window::Month, "America/Santiago", "2026-09-06T12:00:00Z");
        assert_eq!(parts.last().map(|part| part.begins), Some(at("2026-09-06T04:00:00Z")));
        assert_eq!(lengths(&parts)[29], 23);
    }

    #[test]
    fn the_month_so_far_is_compared_with_as_much_of_the_one_before() {
        let span = |zone_name: &str, now: &str| {
            let MonthSoFar { now, before, .. } = MonthSoFar::of(&zone(zone_name), at(now)).expect("a month");
            let moment = |hour| begin_of_hour(hour).rfc3339();
            [moment(now.0), moment(now.1), moment(before.0), moment(before.1)]
        };
        assert_eq!(
            span("UTC", "2026-11-25T09:30:00Z"),
            ["2026-11-01T00:00:00Z", "2026-11-25T09:00:00Z", "2026-10-01T00:00:00Z", "2026-10-25T09:00:00Z"]
        );
        // February is shorter than what has passed of March.
        assert_eq!(span("UTC", "2027-03-31T12:00:00Z")[2..], ["2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z"]);
        assert_eq!(
            span("Asia/Tokyo", "2026-10-31T15:00:00Z"),
            ["2026-10-31T15:00:00Z", "2026-10-31T15:00:00Z", "2026-09-30T15:00:00Z", "2026-09-30T15:00:00Z"]
        );
    }

    #[test]
    fn plans_count_months_of_utc() {
        assert_eq!(next_month(at("2026-12-31T23:59:59Z")).expect("a month"), at("2027-01-01T00:00:00Z"));
        assert_eq!(next_month(at("2027-01-01T00:00:00Z")).expect("a month"), at("2027-02-01T00:00:00Z"));
    }

    #[test]
    fn only_names_of_zones_are_zones() {
        for name in ["", "Nowhere/Land", "../../etc/passwd", "Europe/Berlin\0", &"x".repeat(100)] {
            assert!(Zone::of(name).is_none(), "{name:?}");
        }
        assert_eq!(zone("europe/berlin").name(), "Europe/Berlin");
        assert_eq!(Zone::utc().name(), "UTC");
    }
}
