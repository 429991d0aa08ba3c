//! Times and durations as files write them.

use jiff::{Timestamp, fmt::strtime, tz::TimeZone};
use types::Micros;

use super::{
    keys::{Keys, MappingError},
    value::{Cell, Columns, Source},
};

/// Where occurred_at comes from.
#[derive(Clone, Debug)]
pub(super) struct Instant {
    cell: Cell,
    form: Form,
    zone: TimeZone,
}

#[derive(Clone, Debug)]
enum Form {
    Rfc3339,
    UnixSeconds,
    UnixMillis,
    /// strptime-like, as `jiff::fmt::strtime` has it.
    Pattern(String),
}

impl Instant {
    pub(super) fn parse(mut keys: Keys<'_>, columns: &mut Columns) -> Result<Self, MappingError> {
        let cell = Cell::take(&mut keys, "column", columns)?;
        let form = match keys.text("format")?.as_deref() {
            None | Some("rfc3339") => Form::Rfc3339,
            Some("unix_seconds") => Form::UnixSeconds,
            Some("unix_millis") => Form::UnixMillis,
            Some(pattern) if pattern.contains('%') => Form::Pattern(pattern.to_owned()),
            Some(other) => {
                let remedy = "write a pattern such as %Y-%m-%d %H:%M:%S, or rfc3339, unix_seconds, unix_millis";
                return Err(keys.error("format", format_args!("is `{other}`; {remedy}")));
            }
        };
        let zone = keys.text("time_zone")?.unwrap_or_else(|| "UTC".to_owned());
        let zone = TimeZone::get(&zone).map_err(|_| {
            keys.error("time_zone", format_args!("is `{zone}`, which is no zone such as Europe/London"))
        })?;
        keys.finish()?;
        Ok(Self { cell, form, zone })
    }

    /// The instant of a row.
    ///
    /// A time that a zone skips or has twice is read as most calendars do: with the offset before the change.
    pub(super) fn read(&self, source: &Source<'_>) -> Result<Micros, String> {
        let text = self.cell.read(source);
        if text.is_empty() {
            return Err("the time is empty".to_owned());
        }
        match &self.form {
            Form::Rfc3339 => Micros::parse_rfc3339(text),
            Form::UnixSeconds => unix(text, 6),
            Form::UnixMillis => unix(text, 3),
            Form::Pattern(pattern) => {
                self.by_pattern(pattern, text).map_err(|error| format!("`{text}` does not follow `{pattern}`: {error}"))
            }
        }
    }

    fn by_pattern(&self, pattern: &str, text: &str) -> Result<Micros, jiff::Error> {
        let parsed = strtime::parse(pattern, text)?;
        let timestamp: Timestamp = match parsed.offset() {
            Some(_) => parsed.to_timestamp()?,
            None => self.zone.to_timestamp(parsed.to_datetime()?)?,
        };
        Ok(Micros(timestamp.as_microsecond()))
    }
}

/// Decimal text as microseconds, of which `places` digits make one unit.
fn unix(text: &str, places: u32) -> Result<Micros, String> {
    let decimal = types::Decimal::parse(text)?;
    let micros = i128::from(decimal.0) * 10_i128.pow(places) / i128::from(types::Decimal::ONE.0);
    i64::try_from(micros).map(Micros).map_err(|_| format!("`{text}` lies beyond all calendars"))
}

/// How a duration is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum DurationUnit {
    Seconds,
    Minutes,
    /// `1:02:03`
    Clock,
}

impl DurationUnit {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        match text {
            None | Some("seconds") => Ok(Self::Seconds),
            Some("minutes") => Ok(Self::Minutes),
            Some("h:m:s") => Ok(Self::Clock),
            Some(other) => Err(format!("is `{other}`; write seconds, minutes or h:m:s")),
        }
    }

    /// The duration that a text says.
    pub(super) fn read(self, text: &str) -> Result<prost_types::Duration, String> {
        let micros = match self {
            Self::Seconds => types::Decimal::parse(text)?.0,
            Self::Minutes => types::Decimal::parse(text)?.0.saturating_mul(60),
            Self::Clock => clock(text).ok_or_else(|| format!("`{text}` is no duration such as 1:02:03"))?,
        };
        let nanos = i32::try_from(micros % 1_000_000 * 1_000).map_err(|error| error.to_string())?;
        Ok(prost_types::Duration { seconds: micros / 1_000_000, nanos })
    }
}

fn clock(text: &str) -> Option<i64> {
    let parts: Vec<i64> =
        text.split(':').map(|part| part.parse().ok().filter(|part| *part >= 0)).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = <[i64; 3]>::try_from(parts).ok()?;
    hours.checked_mul(3_600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?.checked_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let read = |unit: DurationUnit, text| unit.read(text).map(|duration| (duration.seconds, duration.nanos));
        assert_eq!(read(DurationUnit::Clock, "1:02:03"), Ok((3_723, 0)));
        assert_eq!(read(DurationUnit::Seconds, "1.5"), Ok((1, 500_000_000)));
        assert_eq!(read(DurationUnit::Minutes, "2"), Ok((120, 0)));
        assert!(read(DurationUnit::Clock, "1:-2:03").is_err());
    }

    #[test]
    fn unix_times() {
        assert_eq!(unix("1.5", 6), Ok(Micros(1_500_000)));
        assert_eq!(unix("1500", 3), Ok(Micros(1_500_000)));
    }
}
