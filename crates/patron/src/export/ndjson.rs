//! Tables as NDJSON: canonical JSON of a message on each line.

use std::io::{BufWriter, Write as _};

use proto::{
    customer::{Customer, ExportedEntry},
    json::{self, Named},
};

use super::{
    ExportError, ExportedFile,
    dir::Dir,
    partial::Partial,
    series::Series,
    writer::{CustomerTables, TimelineTables},
};

/// `customers`, of `Customer`.
pub(super) struct Customers {
    customers: Lines,
}

/// `touchpoints` and `decisions`, of `ExportedEntry`.
pub(super) struct Timelines {
    touchpoints: Lines,
    decisions: Lines,
}

impl Customers {
    pub(super) fn new(dir: &Dir, file_bytes_max: u64) -> Self {
        Self { customers: Lines::new(dir, "customers", file_bytes_max) }
    }
}

impl CustomerTables for Customers {
    fn add(&mut self, customer: Customer) -> Result<(), ExportError> {
        self.customers.push(&customer)
    }

    fn finish(self: Box<Self>) -> Result<Vec<ExportedFile>, ExportError> {
        self.customers.finish()
    }
}

impl Timelines {
    pub(super) fn new(dir: &Dir, file_bytes_max: u64) -> Self {
        let lines = |table| Lines::new(dir, table, file_bytes_max);
        Self { touchpoints: lines("touchpoints"), decisions: lines("decisions") }
    }
}

impl TimelineTables for Timelines {
    fn add_touchpoint(&mut self, entry: ExportedEntry) -> Result<(), ExportError> {
        self.touchpoints.push(&entry)
    }

    fn add_decision(&mut self, entry: ExportedEntry) -> Result<(), ExportError> {
        self.decisions.push(&entry)
    }

    fn finish(self: Box<Self>) -> Result<Vec<ExportedFile>, ExportError> {
        Ok([self.touchpoints.finish()?, self.decisions.finish()?].concat())
    }
}

/// Writes the lines of a table, file after file.
struct Lines {
    series: Series,
    file_bytes_max: u64,
    open: Option<Open>,
}

/// A file under way.
struct Open {
    out: BufWriter<Partial>,
    rows: u64,
    bytes: u64,
}

impl Lines {
    fn new(dir: &Dir, table: &'static str, file_bytes_max: u64) -> Self {
        Self { series: Series::new(dir, table, "ndjson"), file_bytes_max, open: None }
    }

    /// Writes a line; into a new file where this one would become too large.
    fn push<M: Named>(&mut self, message: &M) -> Result<(), ExportError> {
        let line = json::to_line(message) + "\n";
        let mut file = match self.open.take() {
            Some(full) if full.bytes + line.len() as u64 > self.file_bytes_max => {
                self.end(full)?;
                self.begin()?
            }
            Some(file) => file,
            None => self.begin()?,
        };
        file.push(&line)?;
        self.open = Some(file);
        Ok(())
    }

    /// Ends the last file; a table without rows is an empty file.
    fn finish(mut self) -> Result<Vec<ExportedFile>, ExportError> {
        let last = match self.open.take() {
            Some(file) => file,
            None => self.begin()?,
        };
        self.end(last)?;
        Ok(self.series.into_files())
    }

    fn begin(&self) -> Result<Open, ExportError> {
        Ok(Open { out: BufWriter::new(self.series.begin()?), rows: 0, bytes: 0 })
    }

    fn end(&mut self, file: Open) -> Result<(), ExportError> {
        let name = file.out.get_ref().name().to_owned();
        let partial = file.out.into_inner().map_err(|error| ExportError::io(&name, error.into_error()))?;
        self.series.end(partial, file.rows)
    }
}

impl Open {
    fn push(&mut self, line: &str) -> Result<(), ExportError> {
        self.out.write_all(line.as_bytes()).map_err(|error| ExportError::io(self.out.get_ref().name(), error))?;
        self.rows += 1;
        self.bytes += line.len() as u64;
        Ok(())
    }
}
