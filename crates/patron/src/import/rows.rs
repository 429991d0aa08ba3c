//! Rows of a file: where they begin, what their cells are, and what they looked like.
//!
//! Never judges a row beyond whether it can be cut into cells.

use std::io::{self, BufReader, Read};

use super::format::{Format, positions};

mod delimited;
mod json;
mod lines;

#[cfg(test)]
mod tests;

pub(super) use lines::Lines;

/// One row.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// Line on which it begins, from 1.
    pub(super) line: u64,
    /// The cells of the mapping's columns, or why there are none.
    pub(super) cells: Result<Vec<String>, String>,
    /// The row as text, for whoever must look at it.
    pub(super) raw: Raw,
}

/// A row's text, made only if somebody wants it.
#[derive(Debug, PartialEq)]
pub(super) enum Raw {
    Line(String),
    Record(csv::ByteRecord, u8),
}

impl Raw {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Line(line) => line.clone(),
            Self::Record(record, delimiter) => delimited::text(record, *delimiter),
        }
    }
}

/// The rows of one file under a mapping.
pub(super) enum Rows {
    Delimited(delimited::Delimited),
    Words { lines: Lines, positions: Vec<usize>, width: usize },
    Json { lines: Lines, columns: Vec<String> },
}

impl Rows {
    /// Begins a file; reads its header.
    ///
    /// # Errors
    /// Of the file, or `InvalidData` where a column is not there.
    pub(super) fn open(reader: Box<dyn Read + Send>, format: &Format, wanted: &[String]) -> io::Result<Self> {
        match format {
            Format::Csv { delimiter, columns } => {
                delimited::Delimited::open(reader, *delimiter, columns, wanted).map(Self::Delimited)
            }
            Format::Whitespace { skip_lines, columns } => {
                let mut lines = Lines::new(BufReader::new(reader));
                lines.skip(*skip_lines)?;
                let positions = positions(wanted, columns).map_err(invalid)?;
                Ok(Self::Words { lines, positions, width: columns.len() })
            }
            Format::Jsonl => Ok(Self::Json { lines: Lines::new(BufReader::new(reader)), columns: wanted.to_vec() }),
        }
    }

    /// The next row; empty lines are passed over.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        match self {
            Self::Delimited(delimited) => delimited.next(),
            Self::Words { lines, positions, width } => lines.next_row(|line| words(line, positions, *width)),
            Self::Json { lines, columns } => lines.next_row(|line| json::cells(line, columns)),
        }
    }
}

fn words(line: &str, positions: &[usize], width: usize) -> Result<Vec<String>, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.len() != width {
        return Err(format!("the row has {} cells, the mapping names {width} columns", words.len()));
    }
    Ok(positions
        .iter()
        .map(|position| words.get(*position).map_or_else(String::new, |word| (*word).to_owned()))
        .collect())
}

pub(super) fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}
