//! The keys of each kind, in TOML and as columns of CSV, and the fields of the message that they stand for.

use definition::{Body, Kind};
use types::record::{Definition, ProductReference, SegmentDefinition, StoreReference};

use crate::import::suggestion;

/// Keys of every kind, beside its own.
pub(super) const DELETED: &str = "deleted";
pub(super) const EXPECTED_VERSION: &str = "expected_version";

/// The key that names a definition.
pub(super) fn name_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Product => "sku",
        Kind::Store => "store_id",
        Kind::Segment => "name",
    }
}

/// The keys of its content.
pub(super) fn content_keys(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Product => &["category", "brand", "name"],
        Kind::Store => &["region", "name", "format"],
        Kind::Segment => &["expression", "description", "display_name"],
    }
}

/// All keys.
pub(super) fn all(kind: Kind) -> Vec<&'static str> {
    let mut keys = vec![name_key(kind)];
    keys.extend(content_keys(kind));
    keys.extend([DELETED, EXPECTED_VERSION]);
    keys
}

/// The key that stands for a field of the message; `None` for the definition as a whole.
pub(super) fn key_of(kind: Kind, field: &str) -> Option<&'static str> {
    match field.split_once('.') {
        None if field == "name" => Some(name_key(kind)),
        None => [DELETED, EXPECTED_VERSION].into_iter().find(|key| *key == field),
        Some((_, part)) => content_keys(kind).iter().copied().find(|key| *key == part),
    }
}

/// Why a key is none, with the nearest.
pub(super) fn unknown(kind: Kind, key: &str) -> String {
    format!("is no key of a {kind}; {}", suggestion(key, all(kind).into_iter()))
}

/// An empty content of a kind.
pub(super) fn empty(kind: Kind) -> Body {
    match kind {
        Kind::Product => Body::Product(ProductReference::default()),
        Kind::Store => Body::Store(StoreReference::default()),
        Kind::Segment => Body::Segment(SegmentDefinition::default()),
    }
}

/// Sets a text by its key: the name, or a part of the content.
pub(super) fn set(definition: &mut Definition, kind: Kind, key: &str, text: String) {
    if key == name_key(kind) {
        definition.name = text;
        return;
    }
    match definition.body.get_or_insert_with(|| empty(kind)) {
        Body::Product(body) => match key {
            "category" => body.category = text,
            "brand" => body.brand = text,
            _ => body.name = text,
        },
        Body::Store(body) => match key {
            "region" => body.region = text,
            "format" => body.format = text,
            _ => body.name = text,
        },
        Body::Segment(body) => match key {
            "expression" => body.expression = text,
            "description" => body.description = text,
            _ => body.display_name = text,
        },
    }
}
