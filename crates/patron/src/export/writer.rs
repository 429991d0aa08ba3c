//! Hands what comes to the tables of the form that was asked for, and counts it.

use proto::customer::{Customer, ExportEnded, ExportPart, ExportedEntry};

use super::{ExportError, ExportFormat, ExportedFile, Options, dir::Dir, ndjson, parquet};

/// The tables that customers go to.
pub(super) trait CustomerTables {
    /// Writes a customer.
    fn add(&mut self, customer: Customer) -> Result<(), ExportError>;

    /// Ends all files.
    fn finish(self: Box<Self>) -> Result<Vec<ExportedFile>, ExportError>;
}

/// The tables that timelines go to.
pub(super) trait TimelineTables {
    /// Writes a touchpoint.
    fn add_touchpoint(&mut self, entry: ExportedEntry) -> Result<(), ExportError>;

    /// Writes an operator's decision.
    fn add_decision(&mut self, entry: ExportedEntry) -> Result<(), ExportError>;

    /// Ends all files.
    fn finish(self: Box<Self>) -> Result<Vec<ExportedFile>, ExportError>;
}

/// All tables of an export.
pub(super) struct Writer {
    customers: Option<Box<dyn CustomerTables>>,
    timelines: Option<Box<dyn TimelineTables>>,
    written: ExportEnded,
}

impl Writer {
    /// Those of the parts that are wanted; no file yet.
    pub(super) fn new(dir: &Dir, options: &Options) -> Self {
        let wants = |part| options.parts.is_empty() || options.parts.contains(&part);
        let (customers, timelines) = tables(dir, options);
        Self {
            customers: wants(ExportPart::Customers).then_some(customers),
            timelines: wants(ExportPart::Timelines).then_some(timelines),
            written: ExportEnded::default(),
        }
    }

    /// What was written so far.
    pub(super) fn written(&self) -> &ExportEnded {
        &self.written
    }

    pub(super) fn customer(&mut self, customer: Customer) -> Result<(), ExportError> {
        let Some(tables) = &mut self.customers else { return Ok(()) };
        self.written.customers += 1;
        tables.add(customer)
    }

    pub(super) fn entry(&mut self, entry: ExportedEntry) -> Result<(), ExportError> {
        let Some(tables) = &mut self.timelines else { return Ok(()) };
        if entry.entry.as_ref().is_some_and(|entry| entry.touchpoint.is_some()) {
            self.written.touchpoints += 1;
            tables.add_touchpoint(entry)
        } else {
            self.written.decisions += 1;
            tables.add_decision(entry)
        }
    }

    /// Ends all files.
    pub(super) fn finish(self) -> Result<Vec<ExportedFile>, ExportError> {
        let mut files = self.customers.map_or_else(|| Ok(Vec::new()), CustomerTables::finish)?;
        files.extend(self.timelines.map_or_else(|| Ok(Vec::new()), TimelineTables::finish)?);
        Ok(files)
    }
}

fn tables(dir: &Dir, options: &Options) -> (Box<dyn CustomerTables>, Box<dyn TimelineTables>) {
    let most = options.file_bytes_max;
    match options.format {
        ExportFormat::Parquet => {
            (Box::new(parquet::Customers::new(dir, most)), Box::new(parquet::Timelines::new(dir, most)))
        }
        ExportFormat::Ndjson => {
            (Box::new(ndjson::Customers::new(dir, most)), Box::new(ndjson::Timelines::new(dir, most)))
        }
    }
}
