//! JSON as a tree in which numbers stay the text that they are written in.
//!
//! Owns what JSON is refused: broken, too large, too deep, a name twice. Never knows what a name means.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use proto::ingest::Reason;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use types::limits::{NESTING_MAX, TOUCHPOINT_BYTES_MAX};

use crate::check::Findings;
use crate::path::Path;

/// Deepest nesting of a message: properties as deep as the checks let them be, and the steps that lead to them.
const DEPTH_MAX: usize = NESTING_MAX + 2;

/// The entries of an object.
pub(super) type Object<'m> = BTreeMap<String, Json<'m>>;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json<'m> {
    Null,
    Bool(bool),
    /// As it is written, e.g. `12.30` or `1e3`.
    Number(&'m str),
    Text(String),
    List(Vec<Json<'m>>),
    Object(Object<'m>),
}

/// The entries of an object as they are written, a name twice included.
struct Entries<'m>(Vec<(String, &'m RawValue)>);

impl Json<'_> {
    /// What it is, in words.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// The whole of a message; `None` where its JSON is broken. Values that are refused further inside are null in it.
pub(super) fn read<'m>(bytes: &'m [u8], findings: &mut Findings) -> Option<Json<'m>> {
    let raw = match raw(bytes) {
        Ok(raw) => raw,
        Err((reason, description)) => {
            findings.add(reason, format_args!(""), description);
            return None;
        }
    };
    Some(value(raw, Path::Root(""), 0, findings))
}

/// After this step the syntax is known to be right. The messages of serde_json are fixed texts with line and column: a raw value
/// takes any type, so that none of them can cite a value.
fn raw(bytes: &[u8]) -> Result<&RawValue, (Reason, String)> {
    let size = bytes.len();
    if size > TOUCHPOINT_BYTES_MAX {
        let description = format!("the message has {size} bytes, the limit is {TOUCHPOINT_BYTES_MAX}; shorten it");
        return Err((Reason::TooLong, description));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let place = error.valid_up_to();
        (Reason::Malformed, format!("it is no UTF-8 from byte {place} on; send JSON in UTF-8"))
    })?;
    serde_json::from_str(text)
        .map_err(|error| (Reason::Malformed, format!("it is no JSON: {error}; send one JSON object")))
}

fn value<'m>(raw: &'m RawValue, path: Path<'_>, depth: usize, findings: &mut Findings) -> Json<'m> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str(text).map_or_else(|_| broken(path, findings), Json::Text),
        Some(b'{' | b'[') if depth > DEPTH_MAX => too_deep(path, findings),
        Some(b'{') => object(text, path, depth, findings),
        Some(b'[') => list(text, path, depth, findings),
        Some(b't' | b'f') => Json::Bool(text == "true"),
        Some(b'n') | None => Json::Null,
        Some(_) => Json::Number(text),
    }
}

fn object<'m>(text: &'m str, path: Path<'_>, depth: usize, findings: &mut Findings) -> Json<'m> {
    let Ok(Entries(entries)) = serde_json::from_str(text) else { return broken(path, findings) };
    let mut object = Object::new();
    for (name, raw) in entries {
        let inner = value(raw, Path::Name(&path, &name), depth + 1, findings);
        match object.entry(name) {
            Entry::Vacant(slot) => drop(slot.insert(inner)),
            Entry::Occupied(slot) => twice(Path::Name(&path, slot.key()), findings),
        }
    }
    Json::Object(object)
}

fn list<'m>(text: &'m str, path: Path<'_>, depth: usize, findings: &mut Findings) -> Json<'m> {
    let Ok(raws) = serde_json::from_str::<Vec<&'m RawValue>>(text) else { return broken(path, findings) };
    let inner = |(index, raw)| value(raw, Path::Index(&path, index), depth + 1, findings);
    Json::List(raws.into_iter().enumerate().map(inner).collect())
}

/// All that is left to be wrong once the syntax is right.
fn broken<'m>(path: Path<'_>, findings: &mut Findings) -> Json<'m> {
    let description = "it has half of a surrogate pair (`\\ud800` to `\\udfff` alone); send whole characters";
    findings.add(Reason::Malformed, format_args!("{path}"), description);
    Json::Null
}

fn too_deep<'m>(path: Path<'_>, findings: &mut Findings) -> Json<'m> {
    let description = format!("the message is nested more than {DEPTH_MAX} deep; flatten it");
    findings.add(Reason::TooLong, format_args!("{path}"), description);
    Json::Null
}

fn twice(path: Path<'_>, findings: &mut Findings) {
    let description = "the name occurs twice in one object, and it is not said which value counts; send it once";
    findings.add(Reason::Malformed, format_args!("{path}"), description);
}

impl<'m> Deserialize<'m> for Entries<'m> {
    fn deserialize<D: Deserializer<'m>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'m> Visitor<'m> for EntriesVisitor {
    type Value = Entries<'m>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'m>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
