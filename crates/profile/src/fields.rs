//! A state as named texts: what two states of the same customer can be compared by, field by field, and shown by.
//!
//! The names are those of the unified view: `touchpoint_count`, `traits.NAME`, `consents.PURPOSE`, `metrics.NAME` and, in a
//! breakdown, `metrics.NAME.KEY`. Sums are shown exactly, not rounded: a difference beyond the cent must show.

use std::collections::{BTreeMap, BTreeSet};

use types::{Amounts, TotalOrder};

use crate::{
    state::State,
    view::{self, Value},
};

/// Texts by the names of fields.
pub type Fields = BTreeMap<String, String>;

/// A field that two sides do not have alike; `None` where a side has it not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    /// Name of the field.
    pub field: String,
    /// On the first side.
    pub left: Option<String>,
    /// On the second side.
    pub right: Option<String>,
}

/// All fields of a state.
pub fn of(state: &State) -> Fields {
    let mut fields = Fields::new();
    let core = &state.core;
    fields.insert("touchpoint_count".to_owned(), core.touchpoints.to_string());
    for (name, place) in [("first_touchpoint", &core.first), ("last_touchpoint", &core.last)] {
        fields.extend(place.as_ref().map(|place| (name.to_owned(), place_text(place))));
    }
    for (name, register) in core.traits.iter().filter_map(|(name, slot)| Some((name, slot.as_ref()?))) {
        let value = register.value.as_ref().map_or_else(|| "removed".to_owned(), |encoded| trait_text(encoded));
        fields.insert(format!("traits.{name}"), format!("{value} ({})", place_text(&register.at)));
    }
    for (purpose, register) in core.consents.iter().filter_map(|(name, slot)| Some((name, slot.as_ref()?))) {
        let decision = if register.value { "granted" } else { "denied" };
        fields.insert(format!("consents.{purpose}"), format!("{decision} ({})", place_text(&register.at)));
    }
    for (name, value) in view::metrics(state) {
        add(&mut fields, format!("metrics.{name}"), &value);
    }
    fields
}

/// The fields in which two sides differ, by name.
pub fn differing(left: &Fields, right: &Fields) -> Vec<FieldDifference> {
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let differs = names.into_iter().filter(|name| left.get(*name) != right.get(*name));
    let difference = |name: &String| FieldDifference {
        field: name.clone(),
        left: left.get(name).cloned(),
        right: right.get(name).cloned(),
    };
    differs.map(difference).collect()
}

fn add(fields: &mut Fields, name: String, value: &Value) {
    let text = match value {
        Value::Count(count) => count.to_string(),
        Value::Decimal(sum) => sum.to_text(),
        Value::Seconds(sum) => format!("{} s", sum.to_text()),
        Value::Money(amounts) => amounts_text(amounts),
        Value::Instant(at) => at.to_string(),
        Value::Text(text) => text.clone(),
        Value::Breakdown(entries) => {
            return entries.iter().for_each(|(key, value)| add(fields, format!("{name}.{key}"), value));
        }
    };
    fields.insert(name, text);
}

fn amounts_text(amounts: &Amounts) -> String {
    let shown = amounts.0.iter().map(|(currency, sum)| format!("{} {}", sum.to_text(), currency.code()));
    shown.collect::<Vec<_>>().join(", ")
}

fn place_text(place: &TotalOrder) -> String {
    format!("{} {}/{}", place.occurred_at, place.source, place.message_id)
}

fn trait_text(encoded: &[u8]) -> String {
    use prost_types::value::Kind;
    match <prost_types::Value as prost::Message>::decode(encoded).ok().and_then(|value| value.kind) {
        Some(Kind::StringValue(text)) => text,
        Some(Kind::NumberValue(number)) => number.to_string(),
        Some(Kind::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_one_side_lacks_differ() {
        let side = |pairs: &[(&str, &str)]| -> Fields {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        let (left, right) = (side(&[("a", "1"), ("b", "2"), ("c", "3")]), side(&[("a", "1"), ("b", "4"), ("d", "5")]));
        let found: Vec<_> = differing(&left, &right).into_iter().map(|one| (one.field, one.left, one.right)).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            [
                ("b".to_owned(), text("2"), text("4")),
                ("c".to_owned(), text("3"), None),
                ("d".to_owned(), None, text("5"))
            ]
        );
    }
}
