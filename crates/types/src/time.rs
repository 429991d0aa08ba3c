//! Time as UTC microseconds since 1970, and its forms: protobuf, RFC 3339 text, calendar days and months.
//!
//! Never reads a clock: every instant comes in as data.

use serde::{Deserialize, Serialize};

/// An instant in UTC microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Micros(pub i64);

const PER_SECOND: i64 = 1_000_000;
const PER_DAY: i64 = 86_400 * PER_SECOND;

impl Micros {
    /// The instant of a protobuf timestamp, cut to the microsecond. Seconds beyond ±292,000 years are held at that bound.
    pub fn from_proto(timestamp: &prost_types::Timestamp) -> Self {
        Self(timestamp.seconds.saturating_mul(PER_SECOND).saturating_add(i64::from(timestamp.nanos) / 1_000))
    }

    /// The same instant as a protobuf timestamp.
    pub fn to_proto(self) -> prost_types::Timestamp {
        let nanos = self.0.rem_euclid(PER_SECOND) * 1_000;
        prost_types::Timestamp {
            seconds: self.0.div_euclid(PER_SECOND),
            nanos: i32::try_from(nanos).expect("a remainder of one second fits"),
        }
    }

    /// Reads an RFC 3339 text such as `2026-03-01T09:30:00+08:00`.
    ///
    /// # Errors
    /// Says in words what the text lacks.
    pub fn parse_rfc3339(text: &str) -> Result<Self, String> {
        let instant: jiff::Timestamp = text
            .parse()
            .map_err(|error| format!("`{text}` is no RFC 3339 time such as 2026-03-01T09:30:00Z: {error}"))?;
        Ok(Self(instant.as_microsecond()))
    }

    /// The UTC day, counted from 1970-01-01.
    pub fn day(self) -> i64 {
        self.0.div_euclid(PER_DAY)
    }

    /// The UTC month.
    pub fn month(self) -> Month {
        Month::of_day(self.day())
    }
}

impl std::fmt::Display for Micros {
    /// RFC 3339 with as many decimals as needed; instants that no calendar shows are printed as microseconds.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(out, "{instant}"),
            Err(_) => write!(out, "{}us", self.0),
        }
    }
}

/// A calendar month in UTC, counted from January of year 0; shown as `2026-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month(pub i32);

impl Month {
    /// The month of a UTC day counted from 1970-01-01 (proleptic Gregorian calendar; the algorithm of Howard Hinnant,
    /// "chrono-compatible low-level date algorithms").
    pub fn of_day(day: i64) -> Self {
        let shifted = day + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 2 } else { from_march - 10 };
        let year = year_of_era + era * 400 + i64::from(from_march >= 10);
        Self(i32::try_from(year * 12 + month).unwrap_or(i32::MAX))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_of_days() {
        for (text, month) in [
            ("1970-01-01T00:00:00Z", "1970-01"),
            ("2000-02-29T23:59:59Z", "2000-02"),
            ("2024-03-01T00:00:00Z", "2024-03"),
            ("1999-12-31T23:59:59.999999Z", "1999-12"),
            ("2026-11-24T00:00:00Z", "2026-11"),
        ] {
            let instant = Micros::parse_rfc3339(text).unwrap();
            assert_eq!(instant.month().to_string(), month);
            assert_eq!(instant.to_string(), text);
        }
    }

    #[test]
    fn protobuf_round_trip_before_1970() {
        let instant = Micros(-1);
        assert_eq!(Micros::from_proto(&instant.to_proto()), instant);
        assert_eq!(instant.to_proto().nanos, 999_999_000);
    }

    #[test]
    fn absurd_seconds_do_not_overflow() {
        let far = prost_types::Timestamp { seconds: i64::MAX, nanos: i32::MAX };
        assert_eq!(Micros::from_proto(&far), Micros(i64::MAX));
    }
}
