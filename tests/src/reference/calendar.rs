//! The calendar, counted day by day from 1970.

const DAY: i64 = 86_400_000_000;

/// UTC day of an instant in microseconds, from 1970.
pub(super) fn day(at: i64) -> i64 {
    at.div_euclid(DAY)
}

/// `2026-03`.
pub(super) fn month(at: i64) -> String {
    let (mut left, mut year, mut month) = (day(at), 1970, 1);
    while left >= length(year, month) {
        left -= length(year, month);
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    format!("{year:04}-{month:02}")
}

fn length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
