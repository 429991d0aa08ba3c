//! A template: which fields of a touchpoint are filled, and from what.

use std::collections::BTreeMap;

use toml::{Table, Value};
use types::{
    Currency,
    record::{Money, Touchpoint},
};

use super::{
    field::{FIELDS, Slot, field, is_group},
    instant::DurationUnit,
    keys::{Keys, MappingError, suggestion},
    value::{Cell, Columns, Source, Text},
};

/// Fields by path, and the kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    pub(super) kind: Option<Text>,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    slot: EntrySlot,
    value: Text,
    /// For money; empty elsewhere.
    currency: Text,
    unit: DurationUnit,
    /// A minus sign in front of the value is left out.
    absolute: bool,
}

#[derive(Clone, Debug)]
enum EntrySlot {
    Field(Slot),
    Trait(String),
    Property(String),
}

impl Template {
    /// Reads `kind` and all keys that nobody else took.
    pub(super) fn parse(mut keys: Keys<'_>, columns: &mut Columns) -> Result<Self, MappingError> {
        let kind = keys.value("kind").map(|value| Text::parse(&keys, "kind", value, columns)).transpose()?;
        let mut template = Self { kind, entries: BTreeMap::new() };
        template.collect(keys, "", columns)?;
        Ok(template)
    }

    /// This with the fields of `other` in place of its own.
    pub(super) fn overlaid_with(mut self, other: Self) -> Self {
        self.kind = other.kind.or(self.kind);
        self.entries.extend(other.entries);
        self
    }

    /// Takes a field out; false where it is not filled.
    pub(super) fn unset(&mut self, path: &str) -> bool {
        self.entries.remove(path).is_some()
    }

    /// Leaves minus signs out of a field; false where it is not filled, or holds no number.
    pub(super) fn make_absolute(&mut self, path: &str) -> bool {
        let entry = self.entries.get_mut(path);
        let number = entry
            .filter(|entry| matches!(entry.slot, EntrySlot::Field(Slot::Decimal(_) | Slot::Money(_) | Slot::Points)));
        number.map(|entry| entry.absolute = true).is_some()
    }

    /// The paths that are filled.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Fills a touchpoint from a row.
    pub(super) fn fill(&self, touchpoint: &mut Touchpoint, source: &Source<'_>) -> Result<(), String> {
        for (path, entry) in &self.entries {
            entry.fill(touchpoint, source).map_err(|error| format!("{path}: {error}"))?;
        }
        Ok(())
    }

    fn collect(&mut self, mut keys: Keys<'_>, prefix: &str, columns: &mut Columns) -> Result<(), MappingError> {
        for (key, value) in keys.rest() {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match (field(&path), value) {
                (Some(slot), value) => {
                    self.entries.insert(path, Entry::parse(&keys, &key, slot, value, columns)?);
                }
                (None, Value::Table(names)) if path == "traits" || path == "properties" => {
                    self.collect_named(&keys.of(keys.path_of(&key), names.clone()), &path, names, columns)?;
                }
                (None, Value::Table(table)) if is_group(&path) => {
                    self.collect(keys.of(keys.path_of(&key), table), &path, columns)?;
                }
                _ => return Err(unknown(&keys, &key, &path)),
            }
        }
        Ok(())
    }

    fn collect_named(
        &mut self,
        keys: &Keys<'_>,
        group: &str,
        names: Table,
        columns: &mut Columns,
    ) -> Result<(), MappingError> {
        for (name, value) in names {
            let value = Text::parse(keys, &name, value, columns)?;
            let path = format!("{group}.{name}");
            let slot = if group == "traits" { EntrySlot::Trait(name) } else { EntrySlot::Property(name) };
            self.entries.insert(path, Entry::of(slot, value));
        }
        Ok(())
    }
}

impl Entry {
    fn of(slot: EntrySlot, value: Text) -> Self {
        Self { slot, value, currency: Text::Constant(String::new()), unit: DurationUnit::Seconds, absolute: false }
    }

    fn parse(
        keys: &Keys<'_>,
        key: &str,
        slot: Slot,
        value: Value,
        columns: &mut Columns,
    ) -> Result<Self, MappingError> {
        match (slot, value) {
            (Slot::Money(_), Value::Table(table)) => Self::money(keys.of(keys.path_of(key), table), slot, columns),
            (Slot::Money(_), _) => {
                Err(keys.error(key, "is money; write { column = \"NAME\", currency = \"EUR\" }, or currency_column"))
            }
            (Slot::Duration, Value::Table(table)) => Self::duration(keys.of(keys.path_of(key), table), columns),
            (_, value) => Ok(Self::of(EntrySlot::Field(slot), Text::parse(keys, key, value, columns)?)),
        }
    }

    fn money(mut keys: Keys<'_>, slot: Slot, columns: &mut Columns) -> Result<Self, MappingError> {
        let value = match keys.text("amount")? {
            Some(amount) => Text::Constant(amount),
            None => Text::Column(Cell::take(&mut keys, "column", columns)?),
        };
        let currency = match keys.text("currency_column")? {
            Some(column) => Text::Column(Cell { column: columns.number(&column), ..Cell::default() }),
            None => {
                let code = keys.required_text("currency", "name the currency of ISO 4217, or currency_column")?;
                Currency::parse(&code).map_err(|error| keys.error("currency", format_args!("is wrong: {error}")))?;
                Text::Constant(code)
            }
        };
        keys.finish()?;
        Ok(Self { currency, ..Self::of(EntrySlot::Field(slot), value) })
    }

    fn duration(mut keys: Keys<'_>, columns: &mut Columns) -> Result<Self, MappingError> {
        let cell = Cell::take(&mut keys, "column", columns)?;
        let unit = DurationUnit::parse(keys.text("unit")?.as_deref()).map_err(|error| keys.error("unit", error))?;
        keys.finish()?;
        Ok(Self { unit, ..Self::of(EntrySlot::Field(Slot::Duration), Text::Column(cell)) })
    }

    /// An empty value leaves the field as it is.
    fn fill(&self, touchpoint: &mut Touchpoint, source: &Source<'_>) -> Result<(), String> {
        let text = self.value.read(source);
        if text.is_empty() {
            return Ok(());
        }
        let number = if self.absolute { text.strip_prefix('-').unwrap_or(text) } else { text };
        match &self.slot {
            EntrySlot::Field(Slot::Text(field)) => text.clone_into(field(touchpoint)),
            EntrySlot::Field(Slot::Decimal(field)) => number.clone_into(field(touchpoint)),
            EntrySlot::Field(Slot::Money(field)) => {
                let currency_code = self.currency.read(source).to_owned();
                *field(touchpoint) = Some(Money { amount: number.to_owned(), currency_code });
            }
            EntrySlot::Field(Slot::Duration) => touchpoint.duration = Some(self.unit.read(text)?),
            EntrySlot::Field(Slot::Points) => touchpoint.points = parse(number, "whole number")?,
            EntrySlot::Field(Slot::Score) => touchpoint.score.get_or_insert_default().value = parse(text, "number")?,
            EntrySlot::Trait(name) => put(&mut touchpoint.traits, name, text),
            EntrySlot::Property(name) => put(&mut touchpoint.properties, name, text),
        }
        Ok(())
    }
}

fn put(fields: &mut Option<prost_types::Struct>, name: &str, text: &str) {
    fields.get_or_insert_default().fields.insert(name.to_owned(), text.into());
}

fn parse<N: std::str::FromStr>(text: &str, what: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("`{text}` is no {what}"))
}

fn unknown(keys: &Keys<'_>, key: &str, path: &str) -> MappingError {
    let own = ["kind", "occurred_at", "identifiers", "message_id", "traits", "properties"];
    let known = FIELDS.iter().map(|(name, _)| *name).chain(own);
    keys.error(key, format_args!("is no field that a mapping fills; {}", suggestion(path, known)))
}
