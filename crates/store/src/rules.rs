//! Identity rules as the canonical text that a manifest holds, and what differs between two, in words.
//!
//! Owns what is fold-relevant beside the fold version: two states may be mixed or swapped only where these rules are equal.
//! Never decides what a rule means.

use std::collections::BTreeMap;

use identity::Rules;
use toml::{Table, Value};

/// The rules as TOML, keys in order: equal rules have equal texts.
pub fn to_text(rules: &Rules) -> String {
    toml::to_string(&table(rules)).expect("a table has a TOML form")
}

/// Reads rules; what is not named has its default.
///
/// # Errors
/// The key that is unknown or has a value of another type.
pub fn from_text(text: &str) -> Result<Rules, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

/// What differs: dotted key, the value that is held, the value that is wanted; `none` where a key is absent.
pub fn difference(held: &str, wanted: &str) -> Vec<(String, String, String)> {
    let (held, wanted) = (leaves(held), leaves(wanted));
    let keys: std::collections::BTreeSet<&String> = held.keys().chain(wanted.keys()).collect();
    let value = |side: &BTreeMap<String, String>, key: &String| side.get(key).map_or("none", String::as_str).to_owned();
    keys.into_iter()
        .map(|key| (key.clone(), value(&held, key), value(&wanted, key)))
        .filter(|(_, held, wanted)| held != wanted)
        .collect()
}

fn table(rules: &Rules) -> Table {
    Table::try_from(rules).expect("rules have a TOML form")
}

/// Values by dotted key. Through `Rules`, so that a rule of a later version counts with its default where a text is older; as it
/// stands where the text knows rules that this version does not.
fn leaves(text: &str) -> BTreeMap<String, String> {
    let whole = from_text(text).map(|rules| table(&rules)).or_else(|_| text.parse::<Table>());
    let mut leaves = BTreeMap::new();
    add(&mut leaves, "identity", &Value::Table(whole.unwrap_or_default()));
    leaves
}

fn add(leaves: &mut BTreeMap<String, String>, key: &str, value: &Value) {
    match value {
        Value::Table(inner) => inner.iter().for_each(|(name, value)| add(leaves, &format!("{key}.{name}"), value)),
        value => drop(leaves.insert(key.to_owned(), value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_and_differences_are_named() {
        let mut other = Rules::default();
        other.limits.insert("email".into(), 1);
        other.limits.remove("phone");
        assert_eq!(from_text(&to_text(&other)).unwrap(), other);
        let found = difference(&to_text(&Rules::default()), &to_text(&other));
        let row = |key: &str, held: &str, wanted: &str| (key.to_owned(), held.to_owned(), wanted.to_owned());
        assert_eq!(found, [row("identity.limits.email", "5", "1"), row("identity.limits.phone", "5", "none")]);
        assert_eq!(difference("", &to_text(&Rules::default())), [], "what an older text does not name has its default");
    }
}
