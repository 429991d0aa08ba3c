//! The forms of files that mappings read.

use super::keys::{Keys, MappingError, suggestion};

/// How a file is cut into rows and cells.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Format {
    /// RFC 4180, with any delimiter; without `columns` the first line names them.
    Csv { delimiter: u8, columns: Vec<String> },
    /// Cells between runs of white space.
    Whitespace { skip_lines: u64, columns: Vec<String> },
    /// One JSON object a line; a column is a name, or a path of names joined by dots.
    Jsonl,
}

impl Format {
    pub(super) fn parse(mut keys: Keys<'_>) -> Result<Self, MappingError> {
        let kind = keys.required_text("type", "write csv, whitespace or jsonl")?;
        let format = match kind.as_str() {
            "csv" => Self::csv(&mut keys)?,
            "whitespace" => {
                let columns = keys.texts("columns")?;
                if columns.is_empty() {
                    return Err(keys.error("columns", "is missing; name the columns from left to right"));
                }
                Self::Whitespace { skip_lines: keys.count("skip_lines")?.unwrap_or(0), columns }
            }
            "jsonl" => Self::Jsonl,
            other => return Err(keys.error("type", format_args!("is `{other}`; write csv, whitespace or jsonl"))),
        };
        keys.finish()?;
        Ok(format)
    }

    fn csv(keys: &mut Keys<'_>) -> Result<Self, MappingError> {
        let delimiter = keys.text("delimiter")?.unwrap_or_else(|| ",".to_owned());
        let [delimiter] = delimiter.as_bytes() else {
            return Err(keys.error("delimiter", "must be one ASCII character, e.g. \";\" or \"\\t\""));
        };
        let header = keys.flag("header")?.unwrap_or(true);
        let columns = keys.texts("columns")?;
        match (header, columns.is_empty()) {
            (true, false) => {
                Err(keys.error("columns", "must not be given where the file has a header; set header = false"))
            }
            (false, true) => {
                Err(keys.error("columns", "is missing; name the columns from left to right, or set header = true"))
            }
            _ => Ok(Self::Csv { delimiter: *delimiter, columns }),
        }
    }

    /// The columns that the mapping lists; empty where the file names them.
    pub(super) fn columns(&self) -> &[String] {
        match self {
            Self::Csv { columns, .. } | Self::Whitespace { columns, .. } => columns,
            Self::Jsonl => &[],
        }
    }
}

/// Where each wanted column stands among those of a file.
pub(super) fn positions(wanted: &[String], there: &[String]) -> Result<Vec<usize>, String> {
    let position = |name: &String| {
        let position = there.iter().position(|column| column.trim() == name);
        position
            .ok_or_else(|| format!("has no column `{name}`; {}", suggestion(name, there.iter().map(String::as_str))))
    };
    wanted.iter().map(position).collect()
}
