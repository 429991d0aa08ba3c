//! Definitions in TOML: `[[product]]`, `[[store]]`, `[[segment]]`, a table each.

use std::sync::Arc;

use definition::Kind;
use toml::de::{DeTable, DeValue};
use types::record::Definition;

use super::{Declared, Problem, keys};
use crate::import::{article, suggestion};

/// Reads the text of a file.
pub(super) fn parse(file: &Arc<str>, text: &str) -> Result<Vec<Declared>, Vec<Problem>> {
    let mut reader = Reader { file, lines: Lines::of(text), problems: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.problem(at, "", error.message().to_owned());
    }
    let mut declared: Vec<Declared> = Vec::new();
    // What cannot be parsed is told alone: what was recovered may not be what was meant.
    if reader.problems.is_empty() {
        for (key, value) in table.get_ref() {
            declared.extend(reader.kind(key.get_ref(), key.span().start, value.get_ref()));
        }
    }
    declared.sort_by_key(|one| one.line);
    reader.problems.sort_by_key(|problem| problem.line);
    if reader.problems.is_empty() { Ok(declared) } else { Err(reader.problems) }
}

struct Reader<'f> {
    file: &'f Arc<str>,
    lines: Lines,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, key: &str, what: String) {
        let (file, line) = (self.file.to_string(), self.lines.line(at));
        self.problems.push(Problem { file, line, key: key.to_owned(), what });
    }

    fn kind(&mut self, name: &str, at: usize, value: &DeValue<'_>) -> Vec<Declared> {
        let Some(kind) = Kind::parse(name) else {
            let known = suggestion(name, Kind::ALL.iter().map(|kind| kind.name()));
            self.problem(at, name, format!("is nothing that can be defined; {known}"));
            return Vec::new();
        };
        match value {
            DeValue::Array(list) => {
                let tables = list.iter();
                tables.filter_map(|one| self.one(kind, one.span().start, one.get_ref())).collect()
            }
            _ => {
                self.problem(at, name, format!("is no list of tables; write [[{name}]] above each {name}"));
                Vec::new()
            }
        }
    }

    fn one(&mut self, kind: Kind, at: usize, value: &DeValue<'_>) -> Option<Declared> {
        let DeValue::Table(table) = value else {
            self.problem(
                at,
                kind.name(),
                format!("is {}; write [[{kind}]] above each {kind}", article(value.type_str())),
            );
            return None;
        };
        let (mut lines, before) = (Vec::new(), self.problems.len());
        let mut definition = Definition { kind: kind.to_proto().into(), ..Definition::default() };
        for (key, value) in table {
            let (name, at): (&str, usize) = (key.get_ref(), key.span().start);
            match keys::all(kind).into_iter().find(|known| *known == name) {
                None => self.problem(at, name, keys::unknown(kind, name)),
                Some(known) => {
                    lines.push((known, self.lines.line(at)));
                    self.value(&mut definition, kind, known, at, value.get_ref());
                }
            }
        }
        if definition.name.trim().is_empty() && self.problems.len() == before {
            let key = keys::name_key(kind);
            self.problem(at, key, format!("is missing; each {kind} has one"));
        }
        let line = lines.iter().map(|(_, line)| *line).min().unwrap_or_else(|| self.lines.line(at));
        Some(Declared { definition, kind, file: Arc::clone(self.file), line, lines })
    }

    fn value(&mut self, definition: &mut Definition, kind: Kind, key: &'static str, at: usize, value: &DeValue<'_>) {
        match (key, value) {
            (keys::DELETED, DeValue::Boolean(deleted)) => definition.deleted = *deleted,
            (keys::DELETED, other) => {
                self.problem(at, key, format!("is {}; write true or false", article(other.type_str())));
            }
            (keys::EXPECTED_VERSION, value) => match value.as_integer().and_then(|number| number.as_str().parse().ok())
            {
                Some(version) => definition.expected_version = Some(version),
                None => self.problem(at, key, "must be a whole number, 0 for none ever".to_owned()),
            },
            (_, DeValue::String(text)) => keys::set(definition, kind, key, text.to_string()),
            (_, other) => self.problem(at, key, format!("is {}; write a text in quotes", article(other.type_str()))),
        }
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The line of a byte, from 1.
    fn line(&self, at: usize) -> usize {
        self.0.partition_point(|begin| *begin <= at)
    }
}
