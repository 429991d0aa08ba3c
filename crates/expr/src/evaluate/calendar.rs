//! The calendar, in UTC: units, parts of an instant, anniversaries.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::{Evaluation, Value};
use crate::{
    moving::Moving,
    number,
    program::{CalendarPart, CalendarUnit},
};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

impl Evaluation<'_> {
    /// A part of an instant; of one that moves, the next change is the end of that part.
    pub(super) fn calendar_part(&self, part: CalendarPart, instant: &Value) -> Value {
        let Value::Instant(at) = instant else { return Value::Absent };
        let length = match part {
            CalendarPart::Hours => 3_600 * SECOND,
            CalendarPart::Minutes => 60 * SECOND,
            CalendarPart::Seconds => SECOND,
            _ => DAY,
        };
        self.note_part(*at, length);
        let Some(date) = date_of(at.micros) else { return Value::Absent };
        let in_day = at.micros.rem_euclid(DAY) / SECOND;
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

    fn note_part(&self, at: Moving, length: i64) {
        let speed = i64::from(at.slope.unsigned_abs());
        let into = at.micros.rem_euclid(length);
        match at.slope.signum() {
            0 => {}
            1 => self.note_in(((length - into) / speed).max(1)),
            _ => self.note_in(((into + 1) / speed).max(1)),
        }
    }

    /// Whether an anniversary of a date is today or within a span from now; a 29 February is kept on the 28th in other years.
    pub(super) fn anniversary(&self, date: &Value, span: i64) -> Value {
        let Some(date) = date_value(date) else { return Value::Absent };
        let Some(today) = date_of(self.now.0) else { return Value::Absent };
        let mut truth = false;
        for year in today.year()..=today.year().saturating_add(2) {
            let Some(midnight) = (year > date.year()).then(|| in_year(date, year)).flatten() else { continue };
            let (start, end) = (midnight.saturating_sub(span), midnight + DAY);
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
pub(super) fn unit_of(unit: CalendarUnit, at: i64) -> Option<(i64, i64)> {
    let date = date_of(at)?;
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
    Some((micros_of(first)?, micros_of(first.checked_add(length).ok()?)?))
}

fn date_of(at: i64) -> Option<Date> {
    Some(Timestamp::from_microsecond(at).ok()?.to_zoned_datetime(TimeZone::UTC).date())
}

fn micros_of(date: Date) -> Option<i64> {
    Some(date.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

fn in_year(date: Date, year: i16) -> Option<i64> {
    let exact = Date::new(year, date.month(), date.day());
    micros_of(exact.or_else(|_| Date::new(year, date.month(), 28)).ok()?)
}

/// A date as text (`1990-05-17`, with or without a time behind it) or instant.
fn date_value(value: &Value) -> Option<Date> {
    match value {
        Value::Text(text) => text.get(..10)?.parse().ok(),
        Value::Instant(at) => date_of(at.micros),
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
            unit_of(unit, micros(at)).map(|(start, end)| (Micros(start).to_string(), Micros(end).to_string()))
        };
        let days = |start: &str, end: &str| Some((format!("{start}T00:00:00Z"), format!("{end}T00:00:00Z")));
        let at = "2024-02-29T23:59:59.999999Z";
        assert_eq!(unit(CalendarUnit::Day, at), days("2024-02-29", "2024-03-01"));
        assert_eq!(unit(CalendarUnit::Week, at), days("2024-02-26", "2024-03-04"));
        assert_eq!(unit(CalendarUnit::Month, at), days("2024-02-01", "2024-03-01"));
        assert_eq!(unit(CalendarUnit::Quarter, at), days("2024-01-01", "2024-04-01"));
        assert_eq!(unit(CalendarUnit::Year, at), days("2024-01-01", "2025-01-01"));
        assert_eq!(unit_of(CalendarUnit::Day, i64::MAX), None);
    }

    #[test]
    fn a_leap_day_is_kept_on_the_28th() {
        let leap: Date = "1996-02-29".parse().unwrap();
        assert_eq!(in_year(leap, 2024), Some(micros("2024-02-29T00:00:00Z")));
        assert_eq!(in_year(leap, 2026), Some(micros("2026-02-28T00:00:00Z")));
    }
}
