//! Checks of structs (traits, properties): how many names, how deep, and that every value is one.
//!
//! Deeper than `NESTING_MAX` nothing is looked at. What is kept is bounded by the touchpoint's own size.

use prost_types::value::Kind;
use prost_types::{Struct, Value};
use proto::ingest::Reason;
use types::limits::{NESTING_MAX, TEXT_BYTES_MAX, TRAITS_MAX};

use super::findings::Findings;
use crate::path::Path;

/// Texts longer than `text_bytes_max`, where given, are findings.
pub(super) fn check(name: &'static str, values: &Struct, text_bytes_max: Option<usize>, findings: &mut Findings) {
    let count = values.fields.len();
    if count > TRAITS_MAX {
        let description = format!("it has {count} names, the limit is {TRAITS_MAX}; leave out what nobody reads");
        findings.add(Reason::TooLong, format_args!("{name}"), description);
    }
    fields(Path::Root(name), values, 1, text_bytes_max, findings);
}

fn fields(path: Path<'_>, values: &Struct, depth: usize, text_bytes_max: Option<usize>, findings: &mut Findings) {
    for (name, inner) in &values.fields {
        let path = Path::Name(&path, name);
        findings.given(format_args!("{path}"), name, TEXT_BYTES_MAX, "give every value a name");
        value(path, inner, depth, text_bytes_max, findings);
    }
}

fn value(path: Path<'_>, value: &Value, depth: usize, text_bytes_max: Option<usize>, findings: &mut Findings) {
    match &value.kind {
        None => {
            let description = "the name has no value; send one, or null, which removes a trait";
            findings.add(Reason::Malformed, format_args!("{path}"), description);
        }
        Some(Kind::NumberValue(number)) if !number.is_finite() => {
            let description = format!("{number} is no finite number; send a number, or leave the name out");
            findings.add(Reason::OutOfRange, format_args!("{path}"), description);
        }
        Some(Kind::StringValue(text)) => {
            findings.bounded(format_args!("{path}"), text, text_bytes_max.unwrap_or(usize::MAX))
        }
        Some(Kind::StructValue(_) | Kind::ListValue(_)) if depth >= NESTING_MAX => {
            let description = format!("it is nested more than {NESTING_MAX} deep; flatten it");
            findings.add(Reason::TooLong, format_args!("{path}"), description);
        }
        Some(Kind::StructValue(inner)) => fields(path, inner, depth + 1, text_bytes_max, findings),
        Some(Kind::ListValue(list)) => {
            for (index, inner) in list.values.iter().enumerate() {
                self::value(Path::Index(&path, index), inner, depth + 1, text_bytes_max, findings);
            }
        }
        Some(Kind::NullValue(_) | Kind::BoolValue(_) | Kind::NumberValue(_)) => {}
    }
}
