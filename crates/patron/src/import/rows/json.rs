//! Cells of JSON lines: numbers stay the text that they are written in.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

type Object<'l> = BTreeMap<String, &'l RawValue>;

/// The cells at the paths of `columns`; one that is absent or null is empty.
pub(super) fn cells(line: &str, columns: &[String]) -> Result<Vec<String>, String> {
    let object: Object<'_> =
        serde_json::from_str(line).map_err(|error| format!("the line is no JSON object: {error}"))?;
    columns.iter().map(|column| cell(&object, column)).collect()
}

/// A name that has a dot in it goes before a path.
fn cell(object: &Object<'_>, path: &str) -> Result<String, String> {
    if let Some(value) = object.get(path) {
        return text(value.get());
    }
    let Some((first, rest)) = path.split_once('.') else { return Ok(String::new()) };
    let Some(inner) = object.get(first) else { return Ok(String::new()) };
    let inner: Option<Object<'_>> =
        serde_json::from_str(inner.get()).map_err(|_| format!("`{first}` is no object, but `{path}` looks into it"))?;
    inner.map_or_else(|| Ok(String::new()), |inner| cell(&inner, rest))
}

fn text(raw: &str) -> Result<String, String> {
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).map_err(|error| error.to_string()),
        _ if raw == "null" => Ok(String::new()),
        _ => Ok(raw.to_owned()),
    }
}
