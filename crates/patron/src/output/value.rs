//! Values as people read them: money, times, durations, metrics.

use prost_types::{Duration, Struct, Timestamp, value::Kind};
use proto::customer::{MetricValue, metric_value::Value};
use types::{
    Micros,
    record::{ConsentStatus, Identifier, Money},
};

/// `12.30 EUR`, several amounts joined by commas; `-` where there is none.
pub fn money<'a>(amounts: impl IntoIterator<Item = &'a Money>) -> String {
    let texts: Vec<String> =
        amounts.into_iter().map(|money| format!("{} {}", money.amount, money.currency_code)).collect();
    if texts.is_empty() { "-".to_owned() } else { texts.join(", ") }
}

/// RFC 3339 to the second, in UTC; `-` where absent.
pub fn time(timestamp: Option<&Timestamp>) -> String {
    let second = |timestamp: &Timestamp| Micros::from_proto(&Timestamp { nanos: 0, ..*timestamp }).to_string();
    timestamp.map_or_else(|| "-".to_owned(), second)
}

/// As `time`, to the minute and without the zone: `2026-03-01 09:30`.
pub fn minute(timestamp: Option<&Timestamp>) -> String {
    time(timestamp).chars().take(16).collect::<String>().replace('T', " ")
}

/// `1h 02m 03s`, without the parts that are zero in front.
pub fn duration(duration: &Duration) -> String {
    let (hours, minutes, seconds) = (duration.seconds / 3_600, duration.seconds / 60 % 60, duration.seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m {seconds:02}s"),
        _ => format!("{hours}h {minutes:02}m {seconds:02}s"),
    }
}

/// A length of time as segments write it: `7d`, `1d12h`.
pub fn span(span: Duration) -> String {
    expr::span::to_text(span.seconds.saturating_mul(1_000_000).saturating_add(i64::from(span.nanos / 1_000)))
}

/// `namespace:value`.
pub fn identifier(identifier: Option<&Identifier>) -> String {
    identifier.map_or_else(|| "-".to_owned(), |identifier| format!("{}:{}", identifier.namespace, identifier.value))
}

/// A decision on being contacted.
pub fn decision(status: ConsentStatus) -> &'static str {
    match status {
        ConsentStatus::Granted => "granted",
        ConsentStatus::Denied => "denied",
        ConsentStatus::Unspecified => "-",
    }
}

/// A trait or property.
pub fn json(value: &prost_types::Value) -> String {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => "null".to_owned(),
        Some(Kind::StringValue(text)) => text.clone(),
        Some(Kind::NumberValue(number)) => number.to_string(),
        Some(Kind::BoolValue(flag)) => flag.to_string(),
        Some(Kind::ListValue(list)) => format!("[{}]", list.values.iter().map(json).collect::<Vec<_>>().join(", ")),
        Some(Kind::StructValue(fields)) => format!("{{{}}}", pairs(fields)),
    }
}

/// `name=value` pairs in the names' order.
pub fn pairs(fields: &Struct) -> String {
    fields.fields.iter().map(|(name, value)| format!("{name}={}", json(value))).collect::<Vec<_>>().join(" ")
}

/// A metric's value on one line; a breakdown shows only how many keys it has.
pub fn metric(value: &MetricValue) -> String {
    match &value.value {
        None => "-".to_owned(),
        Some(Value::Count(count)) => count.to_string(),
        Some(Value::Decimal(text) | Value::Text(text)) => text.clone(),
        Some(Value::Money(amounts)) => money(&amounts.amounts),
        Some(Value::Instant(instant)) => time(Some(instant)),
        Some(Value::Duration(length)) => duration(length),
        Some(Value::Breakdown(breakdown)) => format!("({})", breakdown.entries.len()),
    }
}
