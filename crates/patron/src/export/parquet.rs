//! Tables as Parquet: flat columns with exact types, in row groups of bounded size.
//!
//! Owns how rows become files. What the tables are stands in `customers` and `timelines`, the types of columns in `column`.

use std::sync::Arc;

use parquet::{
    basic::Compression,
    errors::ParquetError,
    file::{
        properties::{WriterProperties, WriterPropertiesPtr},
        writer::SerializedFileWriter,
    },
    schema::types::TypePtr,
};

use super::{ExportError, ExportedFile, dir::Dir, partial::Partial, series::Series};

mod buffer;
mod column;
mod customers;
mod read;
mod timelines;

pub(super) use customers::Customers;
pub(super) use timelines::Timelines;

use buffer::Buffer;
use column::{Column, schema};

/// Most bytes of the rows that wait for their row group, as they lie in memory. Each table has as many.
const GROUP_BYTES_MAX: u64 = 32 << 20;

/// Writes the rows of a table, file after file.
struct Table<R: 'static> {
    series: Series,
    columns: &'static [Column<R>],
    schema: TypePtr,
    properties: WriterPropertiesPtr,
    file_bytes_max: u64,
    group: Vec<Buffer>,
    group_rows: u64,
    group_bytes: u64,
    open: Option<Open>,
}

/// A file under way.
struct Open {
    writer: SerializedFileWriter<Partial>,
    rows: u64,
}

impl<R: 'static> Table<R> {
    /// No file yet.
    fn new(dir: &Dir, name: &'static str, columns: &'static [Column<R>], file_bytes_max: u64) -> Self {
        let created_by = format!("patron version {}", env!("CARGO_PKG_VERSION"));
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_created_by(created_by);
        Self {
            series: Series::new(dir, name, "parquet"),
            columns,
            schema: schema(name, columns),
            properties: Arc::new(properties.build()),
            file_bytes_max,
            group: columns.iter().map(Column::buffer).collect(),
            group_rows: 0,
            group_bytes: 0,
            open: None,
        }
    }

    fn push(&mut self, row: &R) -> Result<(), ExportError> {
        for (column, buffer) in self.columns.iter().zip(&mut self.group) {
            self.group_bytes += column.read_into(row, buffer);
        }
        self.group_rows += 1;
        if self.group_bytes >= GROUP_BYTES_MAX.min(self.file_bytes_max / 2) { self.end_group() } else { Ok(()) }
    }

    /// Ends the last file; a table without rows is a file with columns alone.
    fn finish(mut self) -> Result<Vec<ExportedFile>, ExportError> {
        if self.group_rows > 0 || self.open.is_none() {
            self.end_group()?;
        }
        self.open.take().map_or(Ok(()), |file| self.end(file))?;
        Ok(self.series.into_files())
    }

    /// Writes the rows that wait; into a new file where this one could become too large.
    fn end_group(&mut self) -> Result<(), ExportError> {
        let mut file = match self.open.take() {
            Some(full) if full.writer.bytes_written() as u64 + self.group_bytes > self.file_bytes_max => {
                self.end(full)?;
                self.begin()?
            }
            Some(file) => file,
            None => self.begin()?,
        };
        if self.group_rows > 0 {
            let written = file.write(&mut self.group);
            written.map_err(|error| failed(file.writer.inner(), error))?;
        }
        file.rows += self.group_rows;
        (self.group_rows, self.group_bytes) = (0, 0);
        self.open = Some(file);
        Ok(())
    }

    fn begin(&self) -> Result<Open, ExportError> {
        let partial = self.series.begin()?;
        let name = partial.name().to_owned();
        let writer = SerializedFileWriter::new(partial, Arc::clone(&self.schema), Arc::clone(&self.properties));
        let writer = writer.map_err(|error| ExportError::io(&name, std::io::Error::other(error)))?;
        Ok(Open { writer, rows: 0 })
    }

    fn end(&mut self, file: Open) -> Result<(), ExportError> {
        let name = file.writer.inner().name().to_owned();
        let partial = file.writer.into_inner();
        let partial = partial.map_err(|error| ExportError::io(&name, std::io::Error::other(error)))?;
        self.series.end(partial, file.rows)
    }
}

impl Open {
    /// Writes a row group and empties its buffers.
    fn write(&mut self, group: &mut [Buffer]) -> Result<(), ParquetError> {
        let mut rows = self.writer.next_row_group()?;
        for buffer in group {
            let mut column = rows.next_column()?.ok_or_else(|| ParquetError::General("too few columns".to_owned()))?;
            buffer.write(&mut column)?;
            column.close()?;
            buffer.clear();
        }
        rows.close().map(drop)
    }
}

fn failed(partial: &Partial, error: ParquetError) -> ExportError {
    ExportError::io(partial.name(), std::io::Error::other(error))
}
