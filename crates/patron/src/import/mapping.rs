//! A mapping: how the rows of a file become touchpoints. `docs/import.md` describes the file.
//!
//! Owns what a mapping means as a whole. Never opens the files that it maps.

use std::{collections::HashMap, path::Path};

use types::{
    kind::is_name,
    record::{Identifier, Touchpoint},
};

use super::{
    format::Format,
    instant::Instant,
    keys::{Keys, MappingError},
    rule::{Rule, Then},
    template::Template,
    value::{Cell, Columns, Source, Text},
};

/// Longest name of a mapping: it is part of each message id.
const NAME_BYTES_MAX: usize = 64;

/// A checked mapping.
#[derive(Debug)]
pub struct Mapping {
    name: String,
    source: String,
    pub(super) format: Format,
    columns: Columns,
    message_id: Option<Cell>,
    occurred_at: Instant,
    identifiers: Vec<(String, Text)>,
    base: Template,
    rules: Vec<Rule>,
}

/// What a row became.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    /// A touchpoint.
    Touchpoint(Box<Touchpoint>),
    /// Passed over by a rule, for this reason.
    Skipped(String),
    /// Not readable: what is wrong, in words.
    Unfit(String),
}

/// How often each row was seen in one file.
#[derive(Default)]
pub struct Occurrences(HashMap<[u8; 16], u32>);

impl Mapping {
    /// Reads a mapping's file.
    ///
    /// # Errors
    /// Names file, key and remedy.
    pub fn open(path: &Path) -> Result<Self, MappingError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path);
        let text =
            text.map_err(|error| MappingError { file: file.clone(), what: format!("cannot be read: {error}") })?;
        Self::parse(&file, &text)
    }

    /// Reads a mapping's text; `file` is its name in errors.
    ///
    /// # Errors
    /// Names file, key and remedy.
    pub fn parse(file: &str, text: &str) -> Result<Self, MappingError> {
        let mut keys = Keys::top(file, text)?;
        let name = keys.required_text("name", "name the mapping; the name is part of each message id")?;
        if name.len() > NAME_BYTES_MAX || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(keys.error("name", format_args!("must be at most {NAME_BYTES_MAX} visible ASCII characters")));
        }
        let source = keys.required_text("source", "name the system that the file comes from")?;
        let format = keys
            .table("format")?
            .ok_or_else(|| keys.error("format", "is missing; write type = \"csv\" under [format]"))?;
        let format = Format::parse(format)?;
        let touchpoint = keys.table("touchpoint")?.ok_or_else(|| keys.error("touchpoint", "is missing"))?;
        let rules = keys.tables("rule")?;
        keys.finish()?;
        let mapping = Self::assemble(name, source, format, touchpoint, rules)?;
        mapping.check_columns(file)?;
        Ok(mapping)
    }

    fn assemble(
        name: String,
        source: String,
        format: Format,
        mut touchpoint: Keys<'_>,
        rules: Vec<Keys<'_>>,
    ) -> Result<Self, MappingError> {
        let mut columns = Columns::default();
        let occurred_at = touchpoint.table("occurred_at")?;
        let occurred_at =
            occurred_at.ok_or_else(|| touchpoint.error("occurred_at", "is missing; name the column of the time"))?;
        let occurred_at = Instant::parse(occurred_at, &mut columns)?;
        let message_id = touchpoint.table("message_id")?.map(|mut keys| {
            let cell = Cell::take(&mut keys, "column", &mut columns)?;
            keys.finish().map(|()| cell)
        });
        let message_id = message_id.transpose()?;
        let identifiers = touchpoint.tables("identifiers")?;
        let identifiers =
            identifiers.into_iter().map(|keys| identifier(keys, &mut columns)).collect::<Result<_, _>>()?;
        let without_kind = touchpoint.error("kind", "is missing, and there are no rules; say what happened");
        let base = Template::parse(touchpoint, &mut columns)?;
        if base.kind.is_none() && rules.is_empty() {
            return Err(without_kind);
        }
        let rules = rules.into_iter().map(|keys| Rule::parse(keys, &base, &mut columns)).collect::<Result<_, _>>()?;
        Ok(Self { name, source, format, columns, message_id, occurred_at, identifiers, base, rules })
    }

    fn check_columns(&self, file: &str) -> Result<(), MappingError> {
        let listed = self.format.columns();
        if listed.is_empty() {
            return Ok(());
        }
        super::format::positions(self.columns(), listed)
            .map(|_| ())
            .map_err(|what| MappingError { file: file.to_owned(), what: format!("`format.columns` {what}") })
    }

    /// The mapping's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns that the mapping uses; a row's cells come in this order.
    pub fn columns(&self) -> &[String] {
        self.columns.names()
    }

    /// Turns a row into what it becomes.
    pub fn map(&self, cells: &[String], seen: &mut Occurrences) -> Mapped {
        let message_id = self.message_id(cells, seen);
        let source = Source { cells, message_id: &message_id };
        let rule = self.rules.iter().find(|rule| rule.takes(&source));
        let template = match rule.map(|rule| &rule.then) {
            Some(Then::Skip(reason)) => return Mapped::Skipped(reason.clone()),
            Some(Then::Fill(template)) => template.as_ref(),
            None => &self.base,
        };
        match self.touchpoint(template, &source) {
            Ok(touchpoint) => Mapped::Touchpoint(Box::new(touchpoint)),
            Err(what) => Mapped::Unfit(what),
        }
    }

    fn touchpoint(&self, template: &Template, source: &Source<'_>) -> Result<Touchpoint, String> {
        let kind = template.kind.as_ref().ok_or("no rule takes this row, and [touchpoint] has no kind")?;
        let occurred_at = self.occurred_at.read(source).map_err(|error| format!("occurred_at: {error}"))?;
        let mut touchpoint = Touchpoint {
            source: self.source.clone(),
            message_id: source.message_id.to_owned(),
            kind: kind.read(source).to_owned(),
            identifiers: self.identifiers(source),
            occurred_at: Some(occurred_at.to_proto()),
            ..Touchpoint::default()
        };
        template.fill(&mut touchpoint, source)?;
        Ok(touchpoint)
    }

    fn identifiers(&self, source: &Source<'_>) -> Vec<Identifier> {
        let given = |(namespace, text): &(String, Text)| {
            let value = text.read(source);
            (!value.is_empty()).then(|| Identifier { namespace: namespace.clone(), value: value.to_owned() })
        };
        self.identifiers.iter().filter_map(given).collect()
    }

    /// The row's own id where a column has one, else name, digest of the cells as they stand, and which of the equal rows
    /// of this file it is.
    fn message_id(&self, cells: &[String], seen: &mut Occurrences) -> String {
        if let Some(cell) = &self.message_id {
            return cell.read(&Source { cells, message_id: "" }).to_owned();
        }
        let mut hasher = blake3::Hasher::new();
        for (name, number) in self.columns.by_name() {
            for part in [name, cells.get(number).map_or("", String::as_str)] {
                hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
            }
        }
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        let count = seen.0.entry(digest).or_default();
        *count += 1;
        format!("{}-{:032x}-{count}", self.name, u128::from_be_bytes(digest))
    }
}

fn identifier(mut keys: Keys<'_>, columns: &mut Columns) -> Result<(String, Text), MappingError> {
    let namespace = keys.required_text("namespace", "name the kind of identifier, e.g. user_id")?;
    if !is_name(&namespace) {
        return Err(keys.error("namespace", format_args!("is `{namespace}`; use lower-case letters, digits and `_`")));
    }
    let cell = Cell::take(&mut keys, "column", columns)?;
    keys.finish()?;
    Ok((namespace, Text::Column(cell)))
}
