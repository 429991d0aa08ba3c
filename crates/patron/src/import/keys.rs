//! Reads TOML tables key by key, so that every error names file, key and remedy, and no key is overlooked.

use toml::{Table, Value};

/// What is wrong with a mapping.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {what}")]
pub struct MappingError {
    /// The mapping's file.
    pub file: String,
    /// Key, what is wrong, what to do.
    pub what: String,
}

/// A table of which each key is taken once.
pub(super) struct Keys<'f> {
    file: &'f str,
    /// Path of this table; empty at the top.
    path: String,
    table: Table,
    taken: Vec<&'static str>,
}

impl<'f> Keys<'f> {
    /// The top of a file.
    pub(super) fn top(file: &'f str, text: &str) -> Result<Self, MappingError> {
        let table = text
            .parse()
            .map_err(|error: toml::de::Error| MappingError { file: file.to_owned(), what: error.to_string() })?;
        Ok(Self { file, path: String::new(), table, taken: Vec::new() })
    }

    /// A table that lies at `path`.
    pub(super) fn of(&self, path: String, table: Table) -> Self {
        Self { file: self.file, path, table, taken: Vec::new() }
    }

    /// Where `key` lies, e.g. `touchpoint.occurred_at`.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn error(&self, key: &str, what: impl std::fmt::Display) -> MappingError {
        MappingError { file: self.file.to_owned(), what: format!("`{}` {what}", self.path_of(key)) }
    }

    /// Takes a value of any type.
    pub(super) fn value(&mut self, key: &'static str) -> Option<Value> {
        self.taken.push(key);
        self.table.remove(key)
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, MappingError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => {
                Err(self.error(key, format_args!("is {}; write a text in quotes", article(other.type_str()))))
            }
        }
    }

    pub(super) fn required_text(&mut self, key: &'static str, remedy: &str) -> Result<String, MappingError> {
        let text = self.text(key)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| self.error(key, format_args!("is missing; {remedy}")))
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, MappingError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Boolean(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.error(key, format_args!("is {}; write true or false", article(other.type_str())))),
        }
    }

    pub(super) fn count(&mut self, key: &'static str) -> Result<Option<u64>, MappingError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Integer(count)) if count >= 0 => Ok(Some(count.unsigned_abs())),
            Some(_) => Err(self.error(key, "must be a whole number, 0 or more")),
        }
    }

    /// A list of texts; empty where absent.
    pub(super) fn texts(&mut self, key: &'static str) -> Result<Vec<String>, MappingError> {
        let list = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(other) => {
                return Err(self.error(key, format_args!("is {}; write a list of texts", article(other.type_str()))));
            }
        };
        let text = |value: Value| if let Value::String(text) = value { Some(text) } else { None };
        let texts: Option<Vec<String>> = list.into_iter().map(text).collect();
        texts.ok_or_else(|| self.error(key, "must hold texts in quotes alone"))
    }

    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Self>, MappingError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(self.of(self.path_of(key), table))),
            Some(other) => Err(self.error(key, format_args!("is {}; write a table", article(other.type_str())))),
        }
    }

    /// A list of tables, or one table; empty where absent.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, MappingError> {
        let list = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(one) => vec![one],
        };
        list.into_iter().enumerate().map(|(index, value)| self.member(key, index, value)).collect()
    }

    fn member(&self, key: &str, index: usize, value: Value) -> Result<Self, MappingError> {
        match value {
            Value::Table(table) => Ok(self.of(format!("{}[{index}]", self.path_of(key)), table)),
            other => Err(self.error(key, format_args!("[{index}] is {}; write a table", article(other.type_str())))),
        }
    }

    /// All keys that are left, for tables whose keys are names of their own.
    pub(super) fn rest(&mut self) -> Table {
        std::mem::take(&mut self.table)
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) -> Result<(), MappingError> {
        let Some(key) = self.table.keys().next() else { return Ok(()) };
        Err(self.error(key, format_args!("is no key here; {}", suggestion(key, self.taken.iter().copied()))))
    }
}

/// The nearest known name, or all of them.
pub(crate) fn suggestion<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    let nearest = known
        .iter()
        .map(|other| (strsim::jaro_winkler(name, other), *other))
        .max_by(|one, other| one.0.total_cmp(&other.0));
    match nearest {
        Some((similarity, nearest)) if similarity > 0.8 => format!("did you mean `{nearest}`?"),
        _ => format!("there are {}", known.join(", ")),
    }
}

/// A type's name with its article.
pub(crate) fn article(name: &str) -> String {
    if name.starts_with(['a', 'i']) { format!("an {name}") } else { format!("a {name}") }
}
