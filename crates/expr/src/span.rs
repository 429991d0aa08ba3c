//! Lengths of time as texts: `90d`, `2h`, `1d12h`, `1.5h`. A day is 86,400 seconds, a week seven days.

use crate::limits::SPAN_MICROS_MAX;

const UNITS: [(&str, i64); 7] = [
    ("w", 7 * 86_400_000_000),
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// Reads a length of time, in microseconds.
///
/// # Errors
/// Says in words what is wrong: no number, no unit, beyond a hundred years.
pub fn parse(text: &str) -> Result<i64, String> {
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut micros = 0_i64;
    if rest.is_empty() {
        return Err(malformed(text));
    }
    while !rest.is_empty() {
        let (part, after) = first_part(rest).ok_or_else(|| malformed(text))?;
        micros = micros.checked_add(part).filter(|sum| *sum <= SPAN_MICROS_MAX).ok_or_else(|| too_long(text))?;
        rest = after;
    }
    Ok(if negative { -micros } else { micros })
}

/// The text of a length of time: the largest units first, no zeros.
pub fn to_text(micros: i64) -> String {
    if micros == 0 {
        return "0s".to_owned();
    }
    let mut rest = micros.unsigned_abs();
    let mut text = if micros < 0 { "-".to_owned() } else { String::new() };
    for (unit, length) in UNITS.iter().skip(1) {
        let count = rest / length.unsigned_abs();
        rest %= length.unsigned_abs();
        if count > 0 {
            text += &format!("{count}{unit}");
        }
    }
    text
}

fn first_part(text: &str) -> Option<(i64, &str)> {
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, rest) = text.split_at_checked(digits)?;
    let letters = rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(letters)?;
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some((scaled(number, *length)?, rest))
}

/// A decimal number times a length; more digits than microseconds are no length.
fn scaled(number: &str, length: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || whole.len() > 12 || fraction.len() > 6 || number.ends_with('.') {
        return None;
    }
    let scale = 10_i64.pow(u32::try_from(fraction.len()).ok()?);
    let part = if fraction.is_empty() { 0 } else { fraction.parse::<i64>().ok()? };
    let fraction = part.checked_mul(length)?;
    (fraction % scale == 0).then(|| whole.parse::<i64>().ok()?.checked_mul(length)?.checked_add(fraction / scale))?
}

fn malformed(text: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    format!("`{shown}` is no length of time such as \"90d\", \"2h\" or \"1d12h\" (units w, d, h, m, s, ms)")
}

fn too_long(text: &str) -> String {
    format!("`{}` is longer than a hundred years", text.chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(parse("90d"), Ok(90 * 86_400_000_000));
        assert_eq!(parse("1d12h"), parse("36h"));
        assert_eq!(parse("1.5h"), parse("90m"));
        assert_eq!(parse("-600s"), Ok(-600_000_000));
        for bad in ["", "-", "d", "5", "5 d", "5dd", "1.d", "1e3s", "0.0000001s", "99999w", "9999999999999s", "٣d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn texts_read_back() {
        for text in ["90d", "1d12h", "2h30m1s", "-600s", "7d"] {
            assert_eq!(parse(&to_text(parse(text).unwrap())), parse(text));
        }
    }
}
