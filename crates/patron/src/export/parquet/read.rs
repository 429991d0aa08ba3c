//! How fields of messages are read as values of columns. What is not given, or is no amount, is no value: as the fold has it.

use prost_types::{Duration, Struct, Timestamp};
use proto::json;
use types::{
    Decimal, Micros,
    record::{Identifier, Money},
};

/// Decimals of a sum.
const SUM_PLACES: usize = 9;

/// A text; empty means not given.
pub(super) fn text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

pub(super) fn time(timestamp: Option<&Timestamp>) -> Option<Micros> {
    timestamp.map(Micros::from_proto)
}

pub(super) fn amount(money: Option<&Money>) -> Option<Decimal> {
    Decimal::parse(&money?.amount).ok()
}

/// The currency of the first amount that is given: amounts of one order have the same.
pub(super) fn currency<'m>(amounts: impl IntoIterator<Item = Option<&'m Money>>) -> Option<&'m str> {
    amounts.into_iter().flatten().find_map(|money| text(&money.currency_code))
}

/// Nanoseconds.
pub(super) fn nanos(duration: Option<&Duration>) -> Option<i64> {
    let duration = duration?;
    duration.seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(duration.nanos))
}

/// Decimal text of any length, in units of 10^-9.
pub(super) fn sum(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let padding = SUM_PLACES.checked_sub(fraction.len())?;
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let units: i128 = format!("{whole}{fraction}{:0<padding$}", "").parse().ok()?;
    Some(sign * units)
}

/// A struct as canonical JSON.
pub(super) fn object(fields: Option<&Struct>) -> Option<String> {
    fields.filter(|fields| !fields.fields.is_empty()).map(json::to_line)
}

/// `[{"namespace":…,"value":…},…]`.
pub(super) fn identifiers(identifiers: &[Identifier]) -> String {
    let one =
        |identifier: &Identifier| serde_json::json!({ "namespace": identifier.namespace, "value": identifier.value });
    serde_json::Value::Array(identifiers.iter().map(one).collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        for (text, units) in [
            ("12.3", 12_300_000_000),
            ("-0.000001", -1_000),
            ("0.000000001", 1),
            ("100000000000000000000", 100_000_000_000_000_000_000_000_000_000),
        ] {
            assert_eq!(sum(text), Some(units), "{text}");
        }
        for text in ["", "x", "1.0000000001", "--1"] {
            assert_eq!(sum(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_exact() {
        assert_eq!(nanos(Some(&Duration { seconds: 2, nanos: 500_000_001 })), Some(2_500_000_001));
        assert_eq!(nanos(None), None);
    }
}
