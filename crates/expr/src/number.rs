//! Numbers of the language: CEL's int, uint and double are one exact decimal here, so `500` and `500.0` are equal.
//!
//! Kept in units of 10^-12; what has more digits is rounded half-even once.

use types::ExactSum;

const UNIT: i128 = 1_000_000_000_000;
/// Largest magnitude that is read, in whole units; sums go beyond it.
const WHOLE_MAX: f64 = 1e15;

/// A whole number.
pub fn whole(number: i64) -> ExactSum {
    ExactSum(i128::from(number) * UNIT)
}

/// The decimal that a float is written as, not the binary fraction behind it; `None` beyond ±10^15 or if it is no number.
pub fn of_f64(value: f64) -> Option<ExactSum> {
    if !value.is_finite() || value.abs() > WHOLE_MAX {
        return None;
    }
    let text = format!("{}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(12).collect();
    let magnitude = whole.parse::<i128>().ok()? * UNIT + kept.parse::<i128>().ok()? + rounding(fraction);
    Some(ExactSum(if value < 0.0 { -magnitude } else { magnitude }))
}

/// One if the digits after the twelfth are more than a half; ties cannot matter at this distance from any money.
fn rounding(fraction: &str) -> i128 {
    i128::from(fraction.as_bytes().get(12).is_some_and(|digit| *digit >= b'5'))
}

/// `left` × `right`; `None` beyond what 128 bits hold.
pub fn product(left: ExactSum, right: ExactSum) -> Option<ExactSum> {
    // Split so that factors with few decimals do not overflow: (a + b/U) × c = a×c + b×c/U.
    let (whole, rest) = (left.0.div_euclid(UNIT), left.0.rem_euclid(UNIT));
    let first = whole.checked_mul(right.0)?;
    let (right_whole, right_rest) = (right.0.div_euclid(UNIT), right.0.rem_euclid(UNIT));
    let second = rest.checked_mul(right_whole)?.checked_add(half_even(rest.checked_mul(right_rest)?, UNIT))?;
    first.checked_add(second).map(ExactSum)
}

/// `left` ÷ `right`, rounded half-even; `None` for a division by zero or beyond what 128 bits hold.
pub fn quotient(left: ExactSum, right: ExactSum) -> Option<ExactSum> {
    if right.0 == 0 {
        return None;
    }
    let (whole, rest) = (left.0.checked_div_euclid(right.0)?, left.0.checked_rem_euclid(right.0)?);
    let fraction = half_even(rest.checked_mul(UNIT)?, right.0.checked_abs()?);
    let fraction = if right.0 < 0 { -fraction } else { fraction };
    whole.checked_mul(UNIT)?.checked_add(fraction).map(ExactSum)
}

fn half_even(value: i128, step: i128) -> i128 {
    let (quotient, remainder) = (value.div_euclid(step), value.rem_euclid(step));
    match remainder.cmp(&(step - remainder)) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + quotient.rem_euclid(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: f64) -> ExactSum {
        of_f64(text).unwrap()
    }

    #[test]
    fn floats_are_what_is_written() {
        assert_eq!(number(12_345_678.9).to_text(), "12345678.9");
        assert_eq!(number(-0.1).to_text(), "-0.1");
        assert_eq!(number(0.1 + 0.2).to_text(), "0.3");
        assert_eq!(number(0.000_000_000_001_6).to_text(), "0.000000000002");
        assert_eq!((of_f64(f64::NAN), of_f64(1e16)), (None, None));
    }

    #[test]
    fn products_and_quotients_are_exact() {
        assert_eq!(product(number(-2.5), number(0.4)), Some(whole(-1)));
        assert_eq!(product(number(123_456.789), number(1000.0)).unwrap().to_text(), "123456789");
        assert_eq!(quotient(number(1.0), number(-3.0)).unwrap().to_text(), "-0.333333333333");
        assert_eq!(quotient(number(-7.0), number(2.0)).unwrap().to_text(), "-3.5");
        assert_eq!(quotient(whole(1), whole(0)), None);
        assert_eq!(product(ExactSum(i128::MAX), whole(9)), None);
    }
}
