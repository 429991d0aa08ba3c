//! Field masks on answers: keeps only the named fields.
//!
//! A path names fields by their proto names, joined by dots; a step below a map names a key (`metrics.net`).

use prost_reflect::{DynamicMessage, MapKey, MessageDescriptor, ReflectMessage, Value};
use prost_types::FieldMask;

use crate::json::{Named, descriptor, reflect};

/// A checked read mask; an absent or empty mask keeps everything.
#[derive(Clone, Debug, Default)]
pub struct ReadMask {
    paths: Vec<Vec<String>>,
}

impl ReadMask {
    /// Checks a mask against the message that it will be applied to.
    ///
    /// # Errors
    /// The first path that names no field, with the fields that there are.
    pub fn new<M: Named>(mask: Option<&FieldMask>) -> Result<Self, String> {
        let paths = mask.map_or(&[][..], |mask| &mask.paths);
        for path in paths {
            check_path(&descriptor::<M>(), path)?;
        }
        Ok(Self { paths: paths.iter().map(|path| path.split('.').map(str::to_owned).collect()).collect() })
    }

    /// Whether a top-level field is wanted at all, so that a server need not fill what nobody reads.
    pub fn wants(&self, field: &str) -> bool {
        self.paths.is_empty()
            || self.paths.iter().any(|path| path.first().is_some_and(|first| first == field || first == "*"))
    }

    /// Whether an entry of a top-level map, or of a struct, is wanted, so that a server need not fill the others.
    pub fn wants_entry(&self, field: &str, key: &str) -> bool {
        let names = |path: &Vec<String>| match path.first() {
            Some(first) if first == "*" => true,
            Some(first) => first == field && path.get(1).is_none_or(|second| second == key),
            None => false,
        };
        self.paths.is_empty() || self.paths.iter().any(names)
    }

    /// Whether no path goes below a top-level field, or below an entry of these maps: what was filled by `wants` and `wants_entry`
    /// is then what `apply` would keep.
    pub fn is_met_by_filling(&self, maps: &[&str]) -> bool {
        let shallow =
            |path: &Vec<String>| path.len() <= 1 || path.first().is_some_and(|first| maps.contains(&first.as_str()));
        self.paths.iter().all(shallow)
    }

    /// Whether a top-level field is named itself: for what is costly, and served only then.
    pub fn names(&self, field: &str) -> bool {
        self.paths.iter().any(|path| path.first().is_some_and(|first| first == field))
    }

    /// Keeps the named fields of a message.
    pub fn apply<M: Named>(&self, message: M) -> M {
        if self.paths.is_empty() || self.paths.iter().any(|path| path.first().is_some_and(|first| first == "*")) {
            return message;
        }
        let mut dynamic = reflect(&message);
        let paths: Vec<&[String]> = self.paths.iter().map(Vec::as_slice).collect();
        keep(&mut dynamic, &paths);
        dynamic.transcode_to().expect("a pruned message is still that message")
    }
}

fn check_path(message: &MessageDescriptor, path: &str) -> Result<(), String> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    if name == "*" && rest.is_none() {
        return Ok(());
    }
    let Some(field) = message.get_field_by_name(name) else {
        let names: Vec<String> = message.fields().map(|field| field.name().to_owned()).collect();
        return Err(format!("`{name}` is no field of {}; it has {}", message.name(), names.join(", ")));
    };
    let kind = field.kind();
    match (rest, kind.as_message()) {
        (None, _) => Ok(()),
        (Some(_), Some(_)) if field.is_map() => Ok(()),
        (Some(_), Some(inner)) if inner.full_name().starts_with("google.protobuf.") => Ok(()),
        (Some(rest), Some(inner)) if !field.is_list() => check_path(inner, rest),
        (Some(rest), _) => Err(format!("`{rest}` cannot follow `{name}`, which is no single message or map")),
    }
}

/// Clears every field that no path starts with, and goes down where paths go on.
fn keep(message: &mut DynamicMessage, paths: &[&[String]]) {
    let fields: Vec<_> = message.descriptor().fields().collect();
    for field in fields {
        let below: Vec<&[String]> = paths
            .iter()
            .filter_map(|path| path.split_first().filter(|(first, _)| *first == field.name()).map(|(_, rest)| rest))
            .collect();
        if below.is_empty() {
            message.clear_field(&field);
        } else if below.iter().all(|path| !path.is_empty()) && message.has_field(&field) {
            keep_below(message.get_field_mut(&field), &below);
        }
    }
}

fn keep_below(value: &mut Value, paths: &[&[String]]) {
    match value {
        Value::Message(inner) if inner.descriptor().full_name() == "google.protobuf.Struct" => {
            if let Some(fields) = inner.get_field_by_name_mut("fields") {
                keep_below(fields, paths);
            }
        }
        Value::Message(inner) => keep(inner, paths),
        Value::Map(entries) => entries.retain(|key, _| match key {
            MapKey::String(key) => paths.iter().any(|path| path.first() == Some(key)),
            _ => true,
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::{Customer, MetricValue, metric_value};

    fn customer() -> Customer {
        let metric = |count| MetricValue { value: Some(metric_value::Value::Count(count)) };
        Customer {
            customer_id: "id".into(),
            touchpoint_count: 3,
            metrics: [("orders".to_owned(), metric(2)), ("visits".to_owned(), metric(1))].into(),
            ..Customer::default()
        }
    }

    fn mask(paths: &[&str]) -> Result<ReadMask, String> {
        ReadMask::new::<Customer>(Some(&FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }))
    }

    #[test]
    fn keeps_only_what_is_named() {
        let pruned = mask(&["customer_id", "metrics.orders"]).unwrap().apply(customer());
        assert_eq!((pruned.customer_id.as_str(), pruned.touchpoint_count), ("id", 0));
        assert_eq!(pruned.metrics.keys().collect::<Vec<_>>(), ["orders"]);
    }

    #[test]
    fn what_is_filled_as_wanted_is_what_is_kept() {
        let maps = ["metrics", "traits"];
        let mask = |paths: &[&str]| mask(paths).unwrap();
        for (paths, filled) in [
            (&["customer_id", "metrics.orders"][..], true),
            (&["metrics.orders.count"], true),
            (&["*"], true),
            (&[], true),
            (&["first_touchpoint_at.seconds", "metrics"], false),
        ] {
            let mask = mask(paths);
            assert_eq!(mask.is_met_by_filling(&maps), filled, "{paths:?}");
            let mut by_hand = customer();
            by_hand.metrics.retain(|name, _| mask.wants_entry("metrics", name));
            assert_eq!(mask.apply(customer()).metrics, by_hand.metrics, "{paths:?}");
        }
    }

    #[test]
    fn an_empty_mask_keeps_everything() {
        assert_eq!(mask(&[]).unwrap().apply(customer()), customer());
    }

    #[test]
    fn unknown_fields_are_named() {
        let error = mask(&["metric"]).unwrap_err();
        assert!(error.contains("`metric`") && error.contains("metrics"), "{error}");
        assert!(mask(&["customer_id.x"]).is_err());
    }
}
