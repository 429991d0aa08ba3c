//! Rows of CSV files: quoted cells, line ends inside quotes, any delimiter.

use std::io::{self, Read};

use super::{Raw, Row, invalid, positions};

/// A reader of records.
pub(crate) struct Delimited {
    reader: csv::Reader<Box<dyn Read + Send>>,
    delimiter: u8,
    positions: Vec<usize>,
    width: usize,
}

impl Delimited {
    /// Where `columns` is empty, the first record names them.
    pub(super) fn open(
        reader: Box<dyn Read + Send>,
        delimiter: u8,
        columns: &[String],
        wanted: &[String],
    ) -> io::Result<Self> {
        let mut builder = csv::ReaderBuilder::new();
        // Rows end at line feeds alone, so that line numbers are right in every file; `without_return` takes away what is left.
        builder
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(columns.is_empty())
            .terminator(csv::Terminator::Any(b'\n'));
        let mut reader = builder.from_reader(reader);
        let columns: Vec<String> = if columns.is_empty() {
            reader.headers().map_err(io::Error::from)?.iter().map(|name| name.trim().to_owned()).collect()
        } else {
            columns.to_vec()
        };
        let positions = positions(wanted, &columns).map_err(|what| invalid(format!("the file {what}")))?;
        Ok(Self { reader, delimiter, positions, width: columns.len() })
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        let mut record = csv::ByteRecord::new();
        loop {
            if !self.reader.read_byte_record(&mut record).map_err(io::Error::from)? {
                return Ok(None);
            }
            if !(record.len() == 1 && record.as_slice() == b"\r") {
                break;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        let cells = self.cells(&record);
        Ok(Some(Row { line, cells, raw: Raw::Record(record, self.delimiter) }))
    }

    fn cells(&self, record: &csv::ByteRecord) -> Result<Vec<String>, String> {
        if record.len() != self.width {
            return Err(format!("the row has {} cells, the file has {} columns", record.len(), self.width));
        }
        let cell = |position: &usize| {
            let bytes = record.get(*position).unwrap_or_default();
            let bytes = if *position + 1 == self.width { without_return(bytes) } else { bytes };
            std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| format!("the row is no UTF-8: {error}"))
        };
        self.positions.iter().map(cell).collect()
    }
}

/// A record as a line, with quotes where they are needed.
pub(super) fn text(record: &csv::ByteRecord, delimiter: u8) -> String {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    let last = record.len().saturating_sub(1);
    let cells = record.iter().enumerate().map(|(index, cell)| if index == last { without_return(cell) } else { cell });
    let written = writer.write_record(cells).map_err(io::Error::from).and_then(|()| writer.flush());
    let bytes = writer.into_inner().unwrap_or_default();
    written.map_or_else(|_| String::new(), |()| String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
}

/// The last cell of a row without the carriage return of the row's end.
fn without_return(cell: &[u8]) -> &[u8] {
    cell.strip_suffix(b"\r").unwrap_or(cell)
}
