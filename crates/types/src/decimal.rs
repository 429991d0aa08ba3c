//! Exact decimals: six places for what is written, twelve for sums of products.
//!
//! Never goes through a float.

use serde::{Deserialize, Serialize};

/// Digits after the point that an amount or quantity may have.
pub const PLACES_MAX: usize = 6;
/// Digits before the point that an amount or quantity may have.
pub const DIGITS_MAX: usize = 12;

const MILLION: i64 = 1_000_000;

/// A decimal number in millionths: |x| < 10^12, at most six decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Decimal(pub i64);

impl Decimal {
    /// One.
    pub const ONE: Self = Self(MILLION);

    /// Reads decimal text: optional sign, digits, optionally a point and more digits.
    ///
    /// # Errors
    /// Says in words what is wrong: no number, too many digits before or after the point.
    pub fn parse(text: &str) -> Result<Self, String> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !digits_only(whole) || !digits_only(fraction) {
            return Err(format!("`{}` is no decimal number such as 12.30", shorten(text)));
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if whole.len() > DIGITS_MAX || fraction.len() > PLACES_MAX {
            return Err(format!(
                "`{}` has more than {DIGITS_MAX} digits before or {PLACES_MAX} after the point",
                shorten(text)
            ));
        }
        let scale = 10_i64.pow(u32::try_from(PLACES_MAX - fraction.len()).expect("at most six"));
        let number = |part: &str| part.bytes().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        let millionths = number(whole) * MILLION + number(fraction) * scale;
        Ok(Self(if text.starts_with('-') { -millionths } else { millionths }))
    }

    /// The number nearest to a float, ties away from zero; `None` unless finite and within range.
    pub fn from_f64(value: f64) -> Option<Self> {
        let millionths = (value * 1e6).round();
        #[expect(clippy::cast_possible_truncation, reason = "the bound is checked first")]
        (millionths.abs() < 1e18).then_some(Self(millionths as i64))
    }

    /// The text with at least `places` decimals, and more only where they are not zero.
    pub fn to_text(self, places: usize) -> String {
        let magnitude = self.0.unsigned_abs();
        let mut text = format!("{}.{:06}", magnitude / MILLION.unsigned_abs(), magnitude % MILLION.unsigned_abs());
        let shortest = text.len() - PLACES_MAX + places.min(PLACES_MAX);
        while text.len() > shortest && text.ends_with('0') {
            text.pop();
        }
        let text = text.trim_end_matches('.');
        if self.0 < 0 { format!("-{text}") } else { text.to_owned() }
    }
}

/// An exact sum in units of 10^-12, so that a sum of price × quantity loses nothing.
///
/// Addition wraps, so that it stays associative. With lines of at most `limits::LINE_UNITS_MAX` it takes 10^14 of the largest
/// to get there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExactSum(pub i128);

const SUM_UNIT: i128 = 1_000_000_000_000;

impl ExactSum {
    /// `price` × `quantity`, exact.
    pub fn product(price: Decimal, quantity: Decimal) -> Self {
        Self(i128::from(price.0) * i128::from(quantity.0))
    }

    /// Whether the magnitude is at most so many whole units.
    pub fn within(self, units: i128) -> bool {
        self.0.unsigned_abs() <= units.unsigned_abs().saturating_mul(SUM_UNIT.unsigned_abs())
    }

    /// This plus `other`.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// This minus `other`.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }

    /// Text with `places` (at most 12) decimals, rounded half-even once.
    pub fn round_to_text(self, places: u32) -> String {
        let places = places.min(12);
        let step = 10_i128.pow(12 - places);
        let rounded = round_half_even(self.0, step);
        let unit = 10_u128.pow(places);
        let (sign, magnitude) = (if rounded < 0 { "-" } else { "" }, rounded.unsigned_abs());
        if places == 0 {
            return format!("{sign}{magnitude}");
        }
        format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit, width = places as usize)
    }

    /// The exact text, without trailing zeros.
    pub fn to_text(self) -> String {
        let text = self.round_to_text(12);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// This divided by a count, rounded half-even at 10^-12; zero for a count of zero.
    #[must_use]
    pub fn divided_by(self, count: u64) -> Self {
        if count == 0 { Self(0) } else { Self(round_half_even(self.0, i128::from(count))) }
    }
}

impl From<Decimal> for ExactSum {
    fn from(value: Decimal) -> Self {
        Self(i128::from(value.0) * (SUM_UNIT / i128::from(MILLION)))
    }
}

/// `value / step` to the nearest integer, ties to the even one; `step` is positive.
fn round_half_even(value: i128, step: i128) -> i128 {
    let (quotient, remainder) = (value.div_euclid(step), value.rem_euclid(step));
    match (remainder * 2).cmp(&step) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + quotient.rem_euclid(2),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts() {
        for (text, millionths, shown) in [
            ("12.3", 12_300_000, "12.30"),
            ("-0.001", -1_000, "-0.001"),
            ("+5", 5_000_000, "5.00"),
            (".5", 500_000, "0.50"),
            ("007.", 7_000_000, "7.00"),
            ("-0", 0, "0.00"),
            ("999999999999.999999", 999_999_999_999_999_999, "999999999999.999999"),
        ] {
            let decimal = Decimal::parse(text).unwrap();
            assert_eq!((decimal.0, decimal.to_text(2).as_str()), (millionths, shown), "{text}");
        }
    }

    #[test]
    fn refused_texts() {
        for text in ["", ".", "-", "1e3", "1,5", "NaN", " 1", "1.2345678", "1000000000000", "--1", "٣"] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rounding_is_half_even() {
        for (sum, text) in
            [("0.125", "0.12"), ("0.135", "0.14"), ("-0.125", "-0.12"), ("0.1251", "0.13"), ("-0.001", "0.00")]
        {
            assert_eq!(ExactSum::from(Decimal::parse(sum).unwrap()).round_to_text(2), text, "{sum}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trip(millionths in -999_999_999_999_999_999_i64..=999_999_999_999_999_999) {
            let decimal = Decimal(millionths);
            prop_assert_eq!(Decimal::parse(&decimal.to_text(0)).unwrap(), decimal);
            let exact = ExactSum::from(decimal).to_text();
            prop_assert_eq!(exact, decimal.to_text(0));
        }
    }
}
