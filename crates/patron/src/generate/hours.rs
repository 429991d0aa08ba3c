//! The hours of a day: how busy each is, and when stores are open. Times of day are UTC.
//!
//! Owns the curve; whole numbers only, so that it is the same on every machine.

use types::Micros;

/// A day in microseconds.
pub(crate) const DAY_MICROS: u64 = 86_400 * 1_000_000;

const HOUR_MICROS: u64 = 3_600 * 1_000_000;

/// Share of a day's episodes that begin in each hour, in thousandths.
const BUSY: [u64; 24] = [8, 4, 2, 2, 3, 8, 18, 30, 44, 58, 68, 72, 74, 66, 62, 64, 70, 78, 74, 62, 54, 42, 24, 13];

/// Turns time that flows evenly into time that flows fast at night and slowly by day. Both in microseconds from midnight of
/// the first day.
pub(crate) fn busy_time(even: u64) -> u64 {
    let mut share = even % DAY_MICROS * 1_000;
    let midnight = even - even % DAY_MICROS;
    for (hour, weight) in (0_u64..).zip(BUSY) {
        let width = weight * DAY_MICROS;
        if share < width {
            return midnight + hour * HOUR_MICROS + share / (weight * 24);
        }
        share -= width;
    }
    midnight + DAY_MICROS - 1
}

/// Whether stores are open, and stay open long enough for a visit.
pub(crate) fn stores_are_open(at: Micros) -> bool {
    let hour = at.0.div_euclid(HOUR_MICROS.cast_signed()).rem_euclid(24);
    (9..19).contains(&hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_thousandths() {
        assert_eq!(BUSY.iter().sum::<u64>(), 1_000);
    }

    #[test]
    fn busy_time_never_goes_back_and_keeps_the_day() {
        let times: Vec<u64> = (0..4_000).map(|step| busy_time(step * DAY_MICROS / 1_000)).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!((times[0], times[1_000], times[3_000]), (0, DAY_MICROS, 3 * DAY_MICROS));
    }
}
