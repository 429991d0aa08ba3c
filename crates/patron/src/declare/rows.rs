//! Reference data in CSV: products under `sku`, stores under `store_id`, a row each.

use std::sync::Arc;

use definition::Kind;
use types::record::Definition;

use super::{Declared, Problem, keys};
use crate::import::suggestion;

/// Reads the text of a file.
pub(super) fn parse(file: &Arc<str>, text: &str) -> Result<Vec<Declared>, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let problem = |line: u64, key: &str, what: String| Problem {
        file: file.to_string(),
        line: usize::try_from(line).unwrap_or(usize::MAX),
        key: key.to_owned(),
        what,
    };
    let header = reader.headers().map_err(|error| vec![problem(1, "", error.to_string())])?.clone();
    let (kind, columns) = columns(&header).map_err(|(key, what)| vec![problem(1, &key, what)])?;
    let (mut declared, mut problems) = (Vec::new(), Vec::new());
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                problems.push(problem(line, "", error.to_string()));
                continue;
            }
        };
        let line = row.position().map_or(0, csv::Position::line);
        if row.len() != columns.len() {
            let what = format!("the row has {} cells, the file has {} columns", row.len(), columns.len());
            problems.push(problem(line, "", what));
            continue;
        }
        let one = definition(kind, &columns, &row);
        if one.name.is_empty() {
            problems.push(problem(line, keys::name_key(kind), "is empty; each row has one".to_owned()));
        }
        let (file, line) = (Arc::clone(file), usize::try_from(line).unwrap_or(usize::MAX));
        declared.push(Declared { definition: one, kind, file, line, lines: Vec::new() });
    }
    if problems.is_empty() { Ok(declared) } else { Err(problems) }
}

fn definition(kind: Kind, columns: &[&'static str], row: &csv::StringRecord) -> Definition {
    let mut definition =
        Definition { kind: kind.to_proto().into(), body: Some(keys::empty(kind)), ..Definition::default() };
    for (column, cell) in columns.iter().zip(row) {
        keys::set(&mut definition, kind, column, cell.to_owned());
    }
    definition
}

/// Of which kind the rows are, and the key of each column.
fn columns(header: &csv::StringRecord) -> Result<(Kind, Vec<&'static str>), (String, String)> {
    let names = |kind: &Kind| header.iter().any(|column| column == keys::name_key(*kind));
    let Some(kind) = [Kind::Product, Kind::Store].into_iter().find(names) else {
        let what = "the first row names neither `sku` nor `store_id`; begin with sku,category,brand,name for products or \
                    store_id,region,name,format for stores";
        return Err((String::new(), what.to_owned()));
    };
    let mut known = vec![keys::name_key(kind)];
    known.extend(keys::content_keys(kind));
    let mut columns = Vec::with_capacity(header.len());
    for column in header {
        let Some(key) = known.iter().copied().find(|key| *key == column) else {
            let what = format!("is no column of a {kind}; {}", suggestion(column, known.iter().copied()));
            return Err((column.to_owned(), what));
        };
        if columns.contains(&key) {
            return Err((column.to_owned(), "is a column twice; name each once".to_owned()));
        }
        columns.push(key);
    }
    Ok((kind, columns))
}
