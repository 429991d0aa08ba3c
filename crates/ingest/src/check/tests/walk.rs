//! Walks every text of a touchpoint with every field, so that no field is forgotten by trimming or by the bounds.

use serde_json::Value as Json;
use types::record::Touchpoint;

use super::{findings_of, full};
use crate::normalise;

/// Pointers to all texts but times, e.g. `/items/0/price/amount`.
fn texts(json: &Json, pointer: &str, found: &mut Vec<String>) {
    match json {
        Json::String(_) if !["/occurredAt", "/duration", "/points"].contains(&pointer) => {
            found.push(pointer.to_owned())
        }
        Json::Array(list) => {
            list.iter().enumerate().for_each(|(index, inner)| texts(inner, &format!("{pointer}/{index}"), found));
        }
        Json::Object(fields) => {
            fields.iter().for_each(|(name, inner)| texts(inner, &format!("{pointer}/{name}"), found));
        }
        _ => {}
    }
}

/// All texts of `full()`, and `full()` with one of them replaced.
fn each_replaced(replace: impl Fn(&str) -> String, mut visit: impl FnMut(&str, Touchpoint)) {
    let json = proto::json::to_value(&full());
    let mut pointers = Vec::new();
    texts(&json, "", &mut pointers);
    assert!(pointers.len() > 40, "{pointers:?}");
    for pointer in pointers.iter().filter(|pointer| !pointer.ends_with("/status")) {
        let mut json = json.clone();
        let text = json.pointer_mut(pointer).unwrap();
        *text = replace(text.as_str().unwrap()).into();
        visit(pointer, proto::json::from_str(&json.to_string()).unwrap());
    }
}

#[test]
fn every_text_is_trimmed() {
    each_replaced(
        |text| format!(" \u{3000}\t{text}\r\n"),
        |pointer, mut touchpoint| {
            normalise::trim(&mut touchpoint, &types::Normaliser::default());
            assert_eq!(touchpoint, full(), "{pointer}");
        },
    );
}

#[test]
fn every_text_is_bounded() {
    each_replaced(
        |_| "x".repeat(600),
        |pointer, touchpoint| {
            let properties = pointer.starts_with("/properties");
            assert_eq!(findings_of(&touchpoint).is_empty(), properties, "{pointer}");
        },
    );
}

#[test]
fn no_finding_shows_a_long_value() {
    let secret = "4711-".repeat(120);
    each_replaced(
        |_| secret.clone(),
        |pointer, touchpoint| {
            let limit = if pointer.starts_with("/identifiers") && pointer.ends_with("/value") { 5 } else { 46 };
            for finding in findings_of(&touchpoint) {
                assert!(!finding.description.contains(&secret[..limit]), "{pointer}: {finding:?}");
            }
        },
    );
}
