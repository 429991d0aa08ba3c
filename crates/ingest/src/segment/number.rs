//! Numbers of JSON as text: written out, as an id, and what a double holds of them.
//!
//! Takes only texts of JSON's grammar. Never rounds: what cannot be kept exactly is said to be so.

/// Most digits that a number written out may have. Money has 18.
const DIGITS_MAX: usize = 64;

/// Digits that every double holds (DBL_DIG of C): a number that is written no longer needs no proof.
const DIGITS_HELD: usize = 15;

/// A number as sign, digits without zeros around them, and the power of ten of the last digit. Zero has no digits.
#[derive(Debug, PartialEq, Eq)]
struct Scientific {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// The number without an exponent; as it is written where it has none. `None` where it would have more than `DIGITS_MAX` digits.
pub(super) fn plain(number: &str) -> Option<String> {
    if !number.contains(['e', 'E']) {
        return Some(number.to_owned());
    }
    let Scientific { negative, digits, exponent } = scientific(number)?;
    let (count, power) = (digits.len(), usize::try_from(exponent.unsigned_abs()).ok()?);
    let text = match exponent {
        _ if count.checked_add(power)? > DIGITS_MAX => return None,
        _ if digits.is_empty() => "0".to_owned(),
        0.. => digits + &"0".repeat(power),
        _ if power < count => format!("{}.{}", digits.get(..count - power)?, digits.get(count - power..)?),
        _ => format!("0.{}{digits}", "0".repeat(power - count)),
    };
    Some(if negative { format!("-{text}") } else { text })
}

/// The number as an id: `4711`, `4711.0` and `4.711e3` are one id, as some languages write whole numbers with a point.
pub(super) fn id(number: &str) -> Option<String> {
    let plain = plain(number)?;
    let whole = plain.split_once('.').filter(|(_, fraction)| fraction.bytes().all(|digit| digit == b'0'));
    Some(whole.map_or_else(|| plain.clone(), |(whole, _)| whole.to_owned()))
}

/// The double that reads back as this very number; `None` where digits would be lost.
pub(super) fn double(number: &str) -> Option<f64> {
    let double: f64 = number.parse().ok()?;
    if number.len() <= DIGITS_HELD && !number.contains(['e', 'E']) {
        return Some(double);
    }
    (double.is_finite() && scientific(&double.to_string()) == scientific(number)).then_some(double)
}

/// `None` where the exponent is beyond all bounds.
fn scientific(number: &str) -> Option<Scientific> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |mantissa| (true, mantissa));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let trimmed = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - trimmed.len()).ok()?;
    let exponent =
        exponent.parse::<i64>().ok()?.checked_add(dropped)?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let digits = trimmed.trim_start_matches('0').to_owned();
    let zero = digits.is_empty();
    Some(Scientific { negative: negative && !zero, exponent: if zero { 0 } else { exponent }, digits })
}
