//! The numbered files of one table: `TABLE-00001.EXTENSION` and on.

use super::{ExportError, ExportedFile, dir::Dir, partial::Partial};

/// Names files and keeps what they came to.
pub(super) struct Series {
    dir: Dir,
    table: &'static str,
    extension: &'static str,
    files: Vec<ExportedFile>,
}

impl Series {
    /// No file yet.
    pub(super) fn new(dir: &Dir, table: &'static str, extension: &'static str) -> Self {
        Self { dir: dir.clone(), table, extension, files: Vec::new() }
    }

    /// Begins the next file.
    pub(super) fn begin(&self) -> Result<Partial, ExportError> {
        Partial::create(&self.dir.path().join(self.name()))
    }

    /// Ends the file that was begun last.
    pub(super) fn end(&mut self, partial: Partial, rows: u64) -> Result<(), ExportError> {
        let (name, table) = (self.name(), self.table.to_owned());
        let whole = partial.finish()?;
        self.files.push(ExportedFile { name, table, rows, bytes: whole.bytes, blake3: whole.blake3 });
        Ok(())
    }

    /// All files, in order.
    pub(super) fn into_files(self) -> Vec<ExportedFile> {
        self.files
    }

    fn name(&self) -> String {
        format!("{}-{:05}.{}", self.table, self.files.len() + 1, self.extension)
    }
}
