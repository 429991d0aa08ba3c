//! The file of rows that were not taken: NDJSON, one row a line, so that they can be mended and imported again.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
};

use super::{ImportError, feed::Origin};

/// The open file.
pub(super) struct Rejects {
    out: BufWriter<File>,
}

#[derive(serde::Serialize)]
struct Rejected<'r> {
    file: &'r str,
    line: u64,
    reason: &'r str,
    detail: &'r str,
    raw: String,
}

impl Rejects {
    /// Creates the file; an existing one is written over.
    pub(super) fn create(path: &Path) -> Result<Self, ImportError> {
        let file = File::create(path).map_err(|error| ImportError::Rejects(path.display().to_string(), error))?;
        Ok(Self { out: BufWriter::new(file) })
    }

    pub(super) fn write(&mut self, origin: &Origin, reason: &str, detail: &str) -> io::Result<()> {
        let rejected = Rejected { file: origin.file(), line: origin.line(), reason, detail, raw: origin.raw() };
        serde_json::to_writer(&mut self.out, &rejected)?;
        self.out.write_all(b"\n")
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
