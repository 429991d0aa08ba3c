//! Values of identifiers that stand for nobody in particular: `null`, `guest`, all zeros, `test@test.com`.
//!
//! One such value would make one customer of thousands of people. Owns the list; never blocks receipts, which Patron makes
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use types::identifier::RECEIPT;
use types::kind::is_name;

mod pattern;
#[cfg(test)]
mod tests;

use pattern::Pattern;

/// Stands for all namespaces in the list, and for any text in a pattern.
const ANY: &str = "*";

/// Values blocked in every namespace. Values made of zeros and separators alone are blocked too, the empty one included.
const EVERYWHERE: &[&str] = &[
    "null",
    "(null)",
    "<null>",
    "none",
    "nil",
    "undefined",
    "nan",
    "unknown",
    "anonymous",
    "anonym",
    "guest",
    "anon",
    "<nil>",
    "id",
    "email",
    "distinct_id",
    "distinctid",
    "not_authenticated",
    "test",
    "n/a",
    "na",
    "-1",
    "void",
    "true",
    "false",
    "default",
    "empty",
    "[object object]",
    "{}",
    "[]",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
];

const EMAILS: &[&str] = &[
    "test@test.com",
    "test@test.de",
    "a@a.com",
    "none@none.com",
    "noemail@*",
    "*@example.com",
    "*@example.org",
    "*@example.net",
    "*@test",
    "*@localhost",
];

const PHONES: &[&str] = &["123456", "1234567", "12345678", "123456789", "1234567890", "0123456789"];

/// The address that phones show in place of their own, and the id that a whole series of phones shared.
const DEVICES: &[&str] = &["02:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "9774d56d682e549c", "012345678912345"];

/// A list of blocked values, for one namespace or for all. Case does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedValues {
    /// By namespace; `*` for all.
    lists: BTreeMap<String, Patterns>,
}

/// Values of one list, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Patterns {
    exact: BTreeSet<String>,
    starts: BTreeSet<String>,
    ends: BTreeSet<String>,
    patterns: Vec<Pattern>,
}

impl BlockedValues {
    /// Nothing but zeros, separators and the empty value.
    pub fn nothing() -> Self {
        Self { lists: BTreeMap::new() }
    }

    /// The default list.
    pub fn standard() -> Self {
        let mut list = Self::nothing();
        let one_digit = ('1'..='9').flat_map(|digit| (7..=15).map(move |times| digit.to_string().repeat(times)));
        list.add_all(ANY, EVERYWHERE.iter().copied());
        list.add_all("email", EMAILS.iter().copied());
        list.add_all("phone", PHONES.iter().copied());
        list.add_all("phone", one_digit);
        list.add_all("device_id", DEVICES.iter().copied());
        for (namespace, text) in pattern::STANDARD {
            list.add_pattern(namespace, Pattern::new(text).expect("a test compiles all built-in patterns"));
        }
        list
    }

    /// This list and more values: namespace, or `*` for all, to values. A value may start or end with `*`, for any text.
    ///
    /// # Errors
    /// Says in words which namespace is no name, or which value would block everything.
    pub fn extended_with(mut self, more: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        for (namespace, values) in more {
            check_namespace(namespace)?;
            values.iter().try_for_each(|value| check_value(value))?;
            self.add_all(namespace, values);
        }
        Ok(self)
    }

    /// This list and more patterns: namespace, or `*` for all, to regular expressions. A pattern must match the whole value, in
    /// any case.
    ///
    /// # Errors
    /// The namespace that is no name; or namespace, pattern, the place in it and the problem.
    pub fn extended_with_patterns(mut self, more: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        for (namespace, patterns) in more {
            check_namespace(namespace)?;
            for text in patterns {
                let pattern = Pattern::new(text).map_err(|problem| format!("{namespace}: {problem}"))?;
                self.add_pattern(namespace, pattern);
            }
        }
        Ok(self)
    }

    /// Whether an identifier stands for nobody in particular.
    pub fn blocks(&self, namespace: &str, value: &str) -> bool {
        if namespace == RECEIPT {
            return false;
        }
        let value = value.trim().to_lowercase();
        let listed = |namespace| self.lists.get(namespace).is_some_and(|list| list.contain(&value));
        only_zeros(&value) || listed(ANY) || listed(namespace)
    }

    fn add_pattern(&mut self, namespace: &str, pattern: Pattern) {
        self.lists.entry(namespace.to_owned()).or_default().patterns.push(pattern);
    }

    fn add_all(&mut self, namespace: &str, values: impl IntoIterator<Item = impl AsRef<str>>) {
        let list = self.lists.entry(namespace.to_owned()).or_default();
        values.into_iter().for_each(|value| list.add(value.as_ref()));
    }
}

impl Default for BlockedValues {
    fn default() -> Self {
        Self::standard()
    }
}

impl Patterns {
    fn add(&mut self, value: &str) {
        let value = value.trim().to_lowercase();
        if let Some(end) = value.strip_prefix(ANY) {
            self.ends.insert(end.to_owned());
        } else if let Some(start) = value.strip_suffix(ANY) {
            self.starts.insert(start.to_owned());
        } else {
            self.exact.insert(value);
        }
    }

    fn contain(&self, value: &str) -> bool {
        self.exact.contains(value)
            || self.starts.iter().any(|start| value.starts_with(start.as_str()))
            || self.ends.iter().any(|end| value.ends_with(end.as_str()))
            || self.patterns.iter().any(|pattern| pattern.matches(value))
    }
}

fn only_zeros(value: &str) -> bool {
    value.bytes().all(|byte| b"0-:.+_ ()/".contains(&byte))
}

fn check_namespace(namespace: &str) -> Result<(), String> {
    if namespace == RECEIPT {
        return Err("receipts cannot be blocked: Patron makes them itself".to_owned());
    }
    let known = namespace == ANY || is_name(namespace);
    known
        .then_some(())
        .ok_or_else(|| format!("`{namespace}` is no namespace: write a name such as `email`, or `*` for all"))
}

fn check_value(value: &str) -> Result<(), String> {
    let inner = value.trim();
    let inner = inner.strip_prefix(ANY).or_else(|| inner.strip_suffix(ANY)).unwrap_or(inner);
    if inner.contains(ANY) || (inner.is_empty() && value.contains(ANY)) {
        return Err(format!("blocked value `{value}`: one `*` may stand first or last, beside other text"));
    }
    Ok(())
}
