//! Definitions as files declare them: TOML tables, or CSV for reference data.
//!
//! Owns their declared form, where each key stands, and how a long list is cut into sets. Never decides what a definition must be:
//! the server does, and its findings are led back to file, line and key.

use std::{fmt, path::Path, sync::Arc};

use definition::Kind;
use types::record::Definition;

mod keys;
mod rows;
mod sets;
mod tables;

pub use sets::{Set, check_twice, sets};

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Most problems that are told.
const PROBLEMS_MAX: usize = 100;

/// A definition of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// What it says.
    pub definition: Definition,
    /// Kind of the definition.
    pub kind: Kind,
    file: Arc<str>,
    line: usize,
    /// Keys and their lines.
    lines: Vec<(&'static str, usize)>,
}

/// What is wrong at one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Its line, from 1; 0 where it is the file itself.
    pub line: usize,
    /// The key, or empty.
    pub key: String,
    /// What is wrong, and the remedy.
    pub what: String,
}

/// Everything that is wrong with some files.
#[derive(Debug, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file)?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(out, ": `{}`", self.key)?;
        }
        write!(out, ": {}", self.what)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().take(PROBLEMS_MAX).enumerate() {
            write!(out, "{}{problem}", if index > 0 { "\n" } else { "" })?;
        }
        match self.0.len().saturating_sub(PROBLEMS_MAX) {
            0 => Ok(()),
            more => write!(out, "\nand {more} more"),
        }
    }
}

impl Declared {
    /// What is wrong with a field of the message, told of the key that stands for it.
    pub fn problem(&self, field: &str, what: &str) -> Problem {
        let key = keys::key_of(self.kind, field);
        let line = self.lines.iter().find(|(name, _)| Some(*name) == key).map_or(self.line, |(_, line)| *line);
        let name = format!("{}/{}", self.kind, self.definition.name);
        let what = if self.definition.name.is_empty() { what.to_owned() } else { format!("{name}: {what}") };
        Problem { file: self.file.to_string(), line, key: key.unwrap_or_default().to_owned(), what }
    }
}

/// The definitions of files, in their order.
///
/// # Errors
/// Everything that is wrong, each with file, line and key.
pub fn read(files: &[std::path::PathBuf]) -> Result<Vec<Declared>, Problems> {
    let (mut declared, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        match read_one(file) {
            Ok(some) => declared.extend(some),
            Err(some) => problems.extend(some),
        }
    }
    problems.extend(check_twice(&declared));
    if problems.is_empty() { Ok(declared) } else { Err(Problems(problems)) }
}

fn read_one(path: &Path) -> Result<Vec<Declared>, Vec<Problem>> {
    let file: Arc<str> = path.display().to_string().into();
    let whole = |what: String| vec![Problem { file: file.to_string(), line: 0, key: String::new(), what }];
    let bytes = std::fs::metadata(path).map_err(|error| whole(format!("cannot be read: {error}")))?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(whole(format!("has {bytes} bytes, the limit is {FILE_BYTES_MAX}; split it")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| whole(format!("cannot be read: {error}")))?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => rows::parse(&file, &text),
        Some("toml") => tables::parse(&file, &text),
        _ => Err(whole("is neither .toml nor .csv by its name; name it after what it holds".to_owned())),
    }
}

#[cfg(test)]
mod tests;
