//! The entries of one object of a message: taken one by one by their names, so that what is left over can be kept.
//!
//! Owns how a text, a number, an object and a list may be written, and the findings against other forms. Null, an empty text and
//! a name that is not there are the same: not given. Never knows where a value goes.

use std::collections::btree_map::Entry;

use proto::ingest::Reason;
use types::Decimal;

use super::json::{Json, Object};
use super::number;
use crate::check::Findings;

/// What is left of an object, and the way to it.
#[derive(Debug)]
pub(super) struct Fields<'m> {
    path: String,
    entries: Object<'m>,
}

impl<'m> Fields<'m> {
    /// The entries of the object at a path; the message itself is at the empty path.
    pub(super) fn new(path: String, entries: Object<'m>) -> Self {
        Self { path, entries }
    }

    /// The path of one of its entries.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether an entry is there and not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.get(name).is_some_and(|value| *value != Json::Null)
    }

    /// Takes an entry as it is.
    pub(super) fn take(&mut self, name: &str) -> Option<Json<'m>> {
        self.entries.remove(name).filter(|value| *value != Json::Null)
    }

    /// Takes a text or number as a text; empty where not given.
    pub(super) fn text(&mut self, name: &str, findings: &mut Findings) -> String {
        let value = self.entries.remove(name);
        self.read(name, value, findings)
    }

    /// The text, without taking it.
    pub(super) fn peek(&self, name: &str, findings: &mut Findings) -> String {
        self.read(name, self.entries.get(name).cloned(), findings)
    }

    /// Takes the first text that is given.
    pub(super) fn first_text(&mut self, names: &[&str], findings: &mut Findings) -> String {
        let mut texts = names.iter().map(|name| self.text(name, findings));
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Takes a decimal number, written as a number or as a text, as the exact text of it.
    pub(super) fn decimal(&mut self, name: &str, reason: Reason, findings: &mut Findings) -> Option<String> {
        let text = match self.take(name)? {
            Json::Text(text) => text.trim().to_owned(),
            Json::Number(number) => number::plain(number).unwrap_or_else(|| number.to_owned()),
            other => {
                wrong_type(&self.path_of(name), other.what(), "a number", findings);
                return None;
            }
        };
        if text.is_empty() {
            return None;
        }
        if let Err(error) = Decimal::parse(&text) {
            let remedy = "send digits with a point, without separators, unit or currency";
            findings.add(reason, format_args!("{}", self.path_of(name)), format!("{error}; {remedy}"));
        }
        Some(text)
    }

    /// Takes an object; one without entries where not given. So is the empty list that PHP writes for an empty object.
    pub(super) fn object(&mut self, name: &str, findings: &mut Findings) -> Fields<'m> {
        let entries = match self.entries.remove(name) {
            None | Some(Json::Null) => Object::new(),
            Some(Json::Object(entries)) => entries,
            Some(Json::List(list)) if list.is_empty() => Object::new(),
            Some(other) => {
                wrong_type(&self.path_of(name), other.what(), "an object", findings);
                Object::new()
            }
        };
        Fields::new(self.path_of(name), entries)
    }

    /// Takes a list of objects.
    pub(super) fn objects(&mut self, name: &str, findings: &mut Findings) -> Vec<Fields<'m>> {
        let path = self.path_of(name);
        match self.take(name) {
            None => Vec::new(),
            Some(Json::List(list)) => {
                let entry = |(index, value)| entry(format!("{path}[{index}]"), value, findings);
                list.into_iter().enumerate().filter_map(entry).collect()
            }
            Some(other) => {
                wrong_type(&path, other.what(), "a list", findings);
                Vec::new()
            }
        }
    }

    /// Puts a value where there is none of that name.
    pub(super) fn keep(&mut self, name: &str, value: Json<'m>) {
        match self.entries.entry(name.to_owned()) {
            Entry::Vacant(slot) => drop(slot.insert(value)),
            Entry::Occupied(_) => {}
        }
    }

    /// Puts a text that is not empty where there is none of that name.
    pub(super) fn keep_text(&mut self, name: &str, text: String) {
        if !text.is_empty() {
            self.keep(name, Json::Text(text));
        }
    }

    /// Takes all that is left.
    pub(super) fn take_all(&mut self) -> Object<'m> {
        std::mem::take(&mut self.entries)
    }

    /// What is left.
    pub(super) fn into_rest(self) -> Object<'m> {
        self.entries
    }

    fn read(&self, name: &str, value: Option<Json<'m>>, findings: &mut Findings) -> String {
        let text = match value {
            None | Some(Json::Null) => return String::new(),
            Some(Json::Text(text)) if text.trim().len() == text.len() => return text,
            Some(Json::Text(text)) => return text.trim().to_owned(),
            Some(Json::Number(number)) => number::id(number).ok_or("a number with such an exponent"),
            Some(other) => Err(other.what()),
        };
        text.unwrap_or_else(|what| {
            wrong_type(&self.path_of(name), what, "a text", findings);
            String::new()
        })
    }
}

fn entry<'m>(path: String, value: Json<'m>, findings: &mut Findings) -> Option<Fields<'m>> {
    match value {
        Json::Object(entries) => Some(Fields::new(path, entries)),
        other => {
            wrong_type(&path, other.what(), "an object", findings);
            None
        }
    }
}

/// Says what a value is; never shows it.
fn wrong_type(path: &str, what: &str, wanted: &str, findings: &mut Findings) {
    findings.add(Reason::Malformed, format_args!("{path}"), format!("it is {what}; send {wanted}, or leave it out"));
}
