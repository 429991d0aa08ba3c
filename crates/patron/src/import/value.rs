//! Values of a mapping: constants, columns, the row's message id. What comes out is text; no number is ever read on the way.

use std::collections::BTreeMap;

use toml::Value;

use super::keys::{Keys, MappingError};

/// Stands for the row's message id wherever a text may stand.
pub(super) const MESSAGE_ID: &str = "$message_id";

/// Names of the columns that a mapping uses; each has a number, from 0, in the order in which it was first named.
#[derive(Debug, Default)]
pub(super) struct Columns {
    names: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl Columns {
    pub(super) fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), self.names.len() - 1);
        self.names.len() - 1
    }

    /// The names by number.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The numbers in the names' order.
    pub(super) fn by_name(&self) -> impl Iterator<Item = (&str, usize)> {
        self.numbers.iter().map(|(name, number)| (name.as_str(), *number))
    }
}

/// What a value can be made of.
pub(super) struct Source<'r> {
    /// The columns' texts by number, as they stand in the file.
    pub(super) cells: &'r [String],
    pub(super) message_id: &'r str,
}

/// A text: the same for all rows, or from a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Text {
    Constant(String),
    MessageId,
    Column(Cell),
}

/// A column, and what is not part of the value in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cell {
    pub(super) column: usize,
    pub(super) strip_prefix: String,
    pub(super) strip_suffix: String,
    /// Texts that mean "not given".
    pub(super) empty_if: Vec<String>,
}

impl Text {
    /// A text in quotes, or a table that names a column.
    pub(super) fn parse(keys: &Keys<'_>, key: &str, value: Value, columns: &mut Columns) -> Result<Self, MappingError> {
        match value {
            Value::String(text) if text == MESSAGE_ID => Ok(Self::MessageId),
            Value::String(text) if text.starts_with('$') => {
                Err(keys.error(key, format_args!("is `{text}`; only `{MESSAGE_ID}` begins with `$`")))
            }
            Value::String(text) => Ok(Self::Constant(text)),
            Value::Table(table) => {
                let mut inner = keys.of(keys.path_of(key), table);
                let cell = Cell::take(&mut inner, "column", columns)?;
                inner.finish()?;
                Ok(Self::Column(cell))
            }
            _ => Err(keys.error(key, "must be a text in quotes, or { column = \"NAME\" }")),
        }
    }

    pub(super) fn read<'r>(&'r self, source: &Source<'r>) -> &'r str {
        match self {
            Self::Constant(text) => text,
            Self::MessageId => source.message_id,
            Self::Column(cell) => cell.read(source),
        }
    }
}

impl Cell {
    /// Takes the column's name under `key`, and the keys that go with it.
    pub(super) fn take(keys: &mut Keys<'_>, key: &'static str, columns: &mut Columns) -> Result<Self, MappingError> {
        let name = keys.required_text(key, "name a column of the file")?;
        Ok(Self {
            column: columns.number(&name),
            strip_prefix: keys.text("strip_prefix")?.unwrap_or_default(),
            strip_suffix: keys.text("strip_suffix")?.unwrap_or_default(),
            empty_if: keys.texts("empty_if")?,
        })
    }

    /// The text without white space around it.
    pub(super) fn read<'r>(&self, source: &Source<'r>) -> &'r str {
        let text = source.cells.get(self.column).map_or("", |cell| cell.trim());
        if self.empty_if.iter().any(|empty| empty == text) {
            return "";
        }
        let text = text.strip_prefix(self.strip_prefix.as_str()).unwrap_or(text);
        text.strip_suffix(self.strip_suffix.as_str()).unwrap_or(text)
    }
}
