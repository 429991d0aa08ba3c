//! Reads files row by row, and makes batches of what the rows become.

use std::{
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use prost::Message as _;
use tokio::sync::mpsc;
use types::record::Touchpoint;

use super::{
    file::{self, BytesRead},
    mapping::{Mapped, Mapping, Occurrences},
    rows::{Lines, Raw, Row, Rows},
};
use crate::client::publish::Batch;

/// Most bytes of one batch's touchpoints, encoded; one larger than that travels alone.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// Where a row came from.
#[derive(Debug)]
pub struct Origin {
    file: Arc<str>,
    line: u64,
    raw: Raw,
}

impl Origin {
    /// Name of the file, as it was given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Line on which the row begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The row as it stands in the file; of CSV, an equal row.
    pub fn raw(&self) -> String {
        self.raw.text()
    }
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {error}")]
pub struct ReadError {
    file: String,
    error: io::Error,
}

/// What a batch's sender knows of its rows.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// Rows read, whatever became of them.
    pub(super) rows: u64,
    /// Where each touchpoint of the batch came from, in order.
    pub(super) origins: Vec<Origin>,
    /// Reasons of rules that passed a row over.
    pub(super) skipped: Vec<String>,
    /// Rows that are no touchpoints, and why.
    pub(super) unfit: Vec<(Origin, String)>,
    /// Bytes read of all files when the batch was closed.
    pub(super) bytes: u64,
}

/// Reads all rows of files and hands on what each becomes; without a mapping, lines of canonical JSON. Equal rows are
/// counted in each file by itself.
///
/// # Errors
/// The first file that cannot be read, or whose columns are not those of the mapping; or what `each` answers.
pub fn read(
    files: &[PathBuf],
    mapping: Option<&Mapping>,
    mut each: impl FnMut(Origin, Mapped) -> io::Result<()>,
) -> Result<(), ReadError> {
    read_counted(files, mapping, &BytesRead::default(), &mut each)
}

/// Reads files, and sends what they become in batches; ends early without an error where nobody takes them any more.
pub(super) fn feed(
    files: &[PathBuf],
    mapping: Option<&Mapping>,
    batch_rows: usize,
    sender: &mpsc::Sender<Batch<Chunk>>,
) -> Result<(), ReadError> {
    let bytes = BytesRead::default();
    let mut filling = Filling { batch_rows: batch_rows as u64, ..Filling::default() };
    let mut gone = false;
    let result = read_counted(files, mapping, &bytes, &mut |origin, mapped| {
        filling.add(origin, mapped);
        if filling.is_full() && sender.blocking_send(filling.close(&bytes)).is_err() {
            gone = true;
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(())
    });
    if gone {
        return Ok(());
    }
    // What was read before an error still counts.
    let _gone = sender.blocking_send(filling.close(&bytes));
    result
}

fn read_counted(
    files: &[PathBuf],
    mapping: Option<&Mapping>,
    bytes: &BytesRead,
    each: &mut dyn FnMut(Origin, Mapped) -> io::Result<()>,
) -> Result<(), ReadError> {
    for path in files {
        let file: Arc<str> = path.display().to_string().into();
        let each_row =
            &mut |row: Row, mapped| each(Origin { file: file.clone(), line: row.line, raw: row.raw }, mapped);
        let read = file::open(path, bytes).and_then(|reader| match mapping {
            Some(mapping) => read_mapped(reader, mapping, each_row),
            None => read_touchpoints(reader, each_row),
        });
        read.map_err(|error| ReadError { file: name(path), error })?;
    }
    Ok(())
}

fn read_mapped(
    reader: Box<dyn Read + Send>,
    mapping: &Mapping,
    each: &mut dyn FnMut(Row, Mapped) -> io::Result<()>,
) -> io::Result<()> {
    let mut rows = Rows::open(reader, &mapping.format, mapping.columns())?;
    let mut seen = Occurrences::default();
    while let Some(row) = rows.next()? {
        let mapped = match &row.cells {
            Ok(cells) => mapping.map(cells, &mut seen),
            Err(what) => Mapped::Unfit(what.clone()),
        };
        each(row, mapped)?;
    }
    Ok(())
}

fn read_touchpoints(
    reader: Box<dyn Read + Send>,
    each: &mut dyn FnMut(Row, Mapped) -> io::Result<()>,
) -> io::Result<()> {
    let mut lines = Lines::new(BufReader::new(reader));
    while let Some((line, text)) = lines.next_line()? {
        let (mapped, text) = match text {
            Ok(text) => (touchpoint(&text), text),
            Err((what, shown)) => (Mapped::Unfit(what), shown),
        };
        each(Row { line, cells: Ok(Vec::new()), raw: Raw::Line(text) }, mapped)?;
    }
    Ok(())
}

fn touchpoint(line: &str) -> Mapped {
    match proto::json::from_str::<Touchpoint>(line) {
        Ok(touchpoint) => Mapped::Touchpoint(Box::new(touchpoint)),
        Err(error) => Mapped::Unfit(format!("the line is no touchpoint in protobuf's JSON: {error}")),
    }
}

fn name(path: &Path) -> String {
    if path == Path::new(file::STDIN) { "standard input".to_owned() } else { path.display().to_string() }
}

/// A batch while it is being filled.
#[derive(Default)]
struct Filling {
    batch_rows: u64,
    touchpoints: Vec<Touchpoint>,
    encoded_bytes: usize,
    chunk: Chunk,
}

impl Filling {
    fn add(&mut self, origin: Origin, mapped: Mapped) {
        self.chunk.rows += 1;
        match mapped {
            Mapped::Touchpoint(touchpoint) => {
                self.encoded_bytes += touchpoint.encoded_len();
                self.touchpoints.push(*touchpoint);
                self.chunk.origins.push(origin);
            }
            Mapped::Skipped(reason) => self.chunk.skipped.push(reason),
            Mapped::Unfit(what) => self.chunk.unfit.push((origin, what)),
        }
    }

    fn is_full(&self) -> bool {
        self.chunk.rows >= self.batch_rows || self.encoded_bytes >= BATCH_BYTES_MAX
    }

    fn close(&mut self, bytes: &BytesRead) -> Batch<Chunk> {
        self.encoded_bytes = 0;
        let mut tag = std::mem::take(&mut self.chunk);
        tag.bytes = bytes.get();
        Batch { touchpoints: std::mem::take(&mut self.touchpoints), tag }
    }
}
