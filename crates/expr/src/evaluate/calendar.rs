//! The calendar of a zone: units, parts of an instant, anniversaries.

use jiff::{ToSpan, civil::Date};

use super::{Evaluation, Value};
use crate::{
    moving::Moving,
    number,
    program::{CalendarPart, CalendarUnit},
    zone::{self, Zone},
};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

impl Evaluation<'_> {
    /// A part of what the clocks of a zone show at an instant, of the calendar's where none is named; of an instant that moves,
    /// the next change is the end of that part, or when the clocks are moved.
    pub(super) fn calendar_part(&self, part: CalendarPart, instant: &Value, zone: Option<&Zone>) -> Value {
        let Value::Instant(at) = instant else { return Value::Absent };
        let zone = zone.unwrap_or_else(|| self.around.zone());
        let length = match part {
            CalendarPart::Hours => 3_600 * SECOND,
            CalendarPart::Minutes => 60 * SECOND,
            CalendarPart::Seconds => SECOND,
            _ => DAY,
        };
        let Some(shown) = zone.shown(at.micros) else { return Value::Absent };
        self.note_part(*at, shown, length, zone);
        let Some(date) = zone::UTC.date_of(shown) else { return Value::Absent };
        let in_day = shown.rem_euclid(DAY) / SECOND;
        let value = match part {
            CalendarPart::Year => i64::from(date.year()),
            CalendarPart::Month => i64::from(date.month()) - 1,
            CalendarPart::Date => i64::from(date.day()),
            CalendarPart::DayOfMonth => i64::from(date.day()) - 1,
            CalendarPart::DayOfWeek => i64::from(date.weekday().to_sunday_zero_offset()),
            CalendarPart::DayOfYear => i64::from(date.day_of_year()) - 1,
            CalendarPart::Hours => in_day / 3_600,
            CalendarPart::Minutes => in_day / 60 % 60,
            CalendarPart::Seconds => in_day % 60,
        };
        Value::Number(number::whole(value))
    }

    fn note_part(&self, at: Moving, shown: i64, length: i64, zone: &Zone) {
        let speed = i64::from(at.slope.unsigned_abs());
        let into = shown.rem_euclid(length);
        let until = match at.slope.signum() {
            0 => return,
            1 => zone.moved_after(at.micros).map_or(length - into, |moved| (length - into).min(moved - at.micros)),
            _ => zone.moved_before(at.micros).map_or(into, |moved| into.min(at.micros - moved)) + 1,
        };
        self.note_in((until / speed).max(1));
    }

    /// Whether an anniversary of a date is today or within a span from now; a 29 February is kept on the 28th in other years.
    pub(super) fn anniversary(&self, date: &Value, span: i64) -> Value {
        let zone = self.around.zone();
        let Some(date) = date_value(zone, date) else { return Value::Absent };
        let Some(today) = zone.date_of(self.now.0) else { return Value::Absent };
        let mut truth = false;
        // The date may lie ahead, and its first anniversary far beyond the next one of others.
        let first = today.year().max(date.year().saturating_add(1));
        for year in first..=first.saturating_add(2) {
            let Some((midnight, end)) = day_in_year(zone, date, year) else { continue };
            let start = midnight.saturating_sub(span);
            self.note(start);
            if start <= self.now.0 && self.now.0 < end {
                truth = true;
                self.note(end);
            }
        }
        Value::Bool(truth)
    }
}

/// The first microsecond of the unit that an instant lies in, and the first of the next one; `None` where the calendar ends.
pub(super) fn unit_of(zone: &Zone, unit: CalendarUnit, at: i64) -> Option<(i64, i64)> {
    let date = zone.date_of(at)?;
    let monday = i64::from(date.weekday().to_monday_zero_offset());
    let (first, length) = match unit {
        CalendarUnit::Day => (date, 1.day()),
        CalendarUnit::Week => (date.checked_sub(monday.days()).ok()?, 1.week()),
        CalendarUnit::Month => (date.first_of_month(), 1.month()),
        CalendarUnit::Quarter => {
            let month = (date.month() - 1) / 3 * 3 + 1;
            (Date::new(date.year(), month, 1).ok()?, 3.months())
        }
        CalendarUnit::Year => (date.first_of_year(), 1.year()),
    };
    Some((zone.start_of(first)?, zone.start_of(first.checked_add(length).ok()?)?))
}

/// The first microsecond of an anniversary, and the first after it.
fn day_in_year(zone: &Zone, date: Date, year: i16) -> Option<(i64, i64)> {
    let exact = Date::new(year, date.month(), date.day());
    let day = exact.or_else(|_| Date::new(year, date.month(), 28)).ok()?;
    Some((zone.start_of(day)?, zone.start_of(day.checked_add(1.day()).ok()?)?))
}

/// A date as text (`1990-05-17`, with or without a time behind it) or instant.
fn date_value(zone: &Zone, value: &Value) -> Option<Date> {
    match value {
        Value::Text(text) => text.get(..10)?.parse().ok(),
        Value::Instant(at) => zone.date_of(at.micros),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use types::Micros;

    fn micros(text: &str) -> i64 {
        Micros::parse_rfc3339(text).unwrap().0
    }

    #[test]
    fn units() {
        let unit = |unit, at| {
            unit_of(&zone::UTC, unit, micros(at))
                .map(|(start, end)| (Micros(start).to_string(), Micros(end).to_string()))
        };
        let days = |start: &str, end: &str| Some((format!("{start}T00:00:00Z"), format!("{end}T00:00:00Z")));
        let at = "2024-02-29T23:59:59.999999Z";
        assert_eq!(unit(CalendarUnit::Day, at), days("2024-02-29", "2024-03-01"));
        assert_eq!(unit(CalendarUnit::Week, at), days("2024-02-26", "2024-03-04"));
        assert_eq!(unit(CalendarUnit::Month, at), days("2024-02-01", "2024-03-01"));
        assert_eq!(unit(CalendarUnit::Quarter, at), days("2024-01-01", "2024-04-01"));
        assert_eq!(unit(CalendarUnit::Year, at), days("2024-01-01", "2025-01-01"));
        assert_eq!(unit_of(&zone::UTC, CalendarUnit::Day, i64::MAX), None);
    }

    #[test]
    fn units_of_a_zone_last_from_midnight_to_midnight() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let unit = |unit, at| {
            unit_of(&berlin, unit, micros(at)).map(|(start, end)| (Micros(start).to_string(), Micros(end).to_string()))
        };
        let some = |start: &str, end: &str| Some((start.to_owned(), end.to_owned()));
        assert_eq!(
            unit(CalendarUnit::Day, "2026-03-29T12:00:00Z"),
            some("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
        );
        assert_eq!(
            unit(CalendarUnit::Month, "2026-03-31T21:59:59Z"),
            some("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")
        );
        assert_eq!(
            unit(CalendarUnit::Week, "2026-10-25T22:59:59Z"),
            some("2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z")
        );
    }

    #[test]
    fn a_leap_day_is_kept_on_the_28th() {
        let leap: Date = "1996-02-29".parse().unwrap();
        let day = |zone: &str, year| day_in_year(&Zone::named(zone).unwrap(), leap, year).unwrap();
        assert_eq!(day("UTC", 2024), (micros("2024-02-29T00:00:00Z"), micros("2024-03-01T00:00:00Z")));
        assert_eq!(day("Asia/Shanghai", 2026), (micros("2026-02-27T16:00:00Z"), micros("2026-02-28T16:00:00Z")));
    }
}
