//! Exports all customers and timelines to files that analysts' tools read: Parquet or NDJSON.
//!
//! Owns the directory of an export: each file is written under another name and renamed once it is whole and on disk, the manifest
//! last. So a directory with a manifest is a whole export, and one without is none. Never changes a file that is there.

use std::{
    io,
    path::{Path, PathBuf},
};

use ingest::{Clock as _, WallClock};
use proto::customer::{ExportEnded, ExportPart, ExportRequest, ExportResponse, ExportedEntry, export_response::Step};
use tokio::runtime::Handle;
use tonic::Streaming;

use crate::{
    client::{Server, ServerError},
    output::progress::{Progress, Unit},
};

mod dir;
mod manifest;
mod ndjson;
mod parquet;
mod partial;
mod series;
mod writer;

pub use manifest::{ExportedFile, Manifest};

use dir::Dir;
use writer::Writer;

/// Smallest `file_bytes_max`.
pub const FILE_BYTES_LEAST: u64 = 1 << 20;
/// `file_bytes_max` where nothing else is said.
pub const FILE_BYTES_DEFAULT: u64 = 1 << 30;

/// The form of an export's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Flat tables with exact types.
    Parquet,
    /// Canonical protobuf JSON, one message a line.
    Ndjson,
}

/// What to export, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// Form of the files.
    pub format: ExportFormat,
    /// Directory for them; created if absent, refused unless empty.
    pub dir: PathBuf,
    /// Which parts; empty means all.
    pub parts: Vec<ExportPart>,
    /// Leave out customers known by nothing but a receipt or a visit.
    pub known_only: bool,
    /// Most bytes of one file.
    pub file_bytes_max: u64,
}

/// Why an export failed. There is no manifest then.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The directory holds something.
    #[error(
        "{dir} is not empty, and an export never writes beside or over other files; name a directory that is empty or not there \
         yet",
        dir = .0.display()
    )]
    NotEmpty(PathBuf),
    /// The directory holds what a broken-off export left.
    #[error(
        "{dir} holds an export that was broken off: it has no {manifest}; delete the directory, or name another",
        dir = .0.display(),
        manifest = manifest::NAME
    )]
    BrokenOff(PathBuf),
    /// The disk.
    #[error("{path}: {cause}; make it writable, with room on its disk, then delete what is there and export again", path = path.display())]
    Io {
        /// File or directory.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
    /// The server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// Something did not arrive.
    #[error("the export is not whole: {0}; delete {dir} and export again", dir = .1.display())]
    Incomplete(String, PathBuf),
}

impl ExportError {
    fn io(path: &Path, cause: io::Error) -> Self {
        Self::Io { path: path.to_owned(), cause }
    }
}

/// Exports, and says what came of it.
///
/// # Errors
/// `ExportError`; what was written stays, without a manifest.
pub async fn export(server: &Server, options: Options) -> Result<Manifest, ExportError> {
    let dir = Dir::create(&options.dir)?;
    let parts = options.parts.iter().map(|part| i32::from(*part)).collect();
    let request = ExportRequest { parts, known_only: options.known_only, min_position: Vec::new() };
    let answer = server.export().export(request).await.map_err(|status| server.error(&status))?;
    let export = Export { server: server.clone(), steps: answer.into_inner(), handle: Handle::current(), options };
    let written = tokio::task::spawn_blocking(move || export.write(&dir)).await;
    written.map_err(|error| ExportError::io(Path::new("export"), io::Error::other(error)))?
}

/// An export under way, on a thread where it may block.
struct Export {
    server: Server,
    steps: Streaming<ExportResponse>,
    handle: Handle,
    options: Options,
}

impl Export {
    fn write(mut self, dir: &Dir) -> Result<Manifest, ExportError> {
        let begun = match self.next()? {
            Some(Step::Begun(begun)) => begun,
            _ => return Err(self.incomplete("the server did not say what it covers")),
        };
        let created_at = WallClock.now();
        let mut writer = Writer::new(dir, &self.options);
        let ended = self.rows(&mut writer)?;
        self.check(&writer, &ended)?;
        let files = writer.finish()?;
        let manifest = Manifest::of(&begun, created_at, &self.options, files);
        dir.seal(&manifest)?;
        Ok(manifest)
    }

    /// Writes rows as they come, until the server says that it was all.
    fn rows(&mut self, writer: &mut Writer) -> Result<ExportEnded, ExportError> {
        let mut progress = Progress::new(None, Unit::Touchpoints);
        let ended = loop {
            match self.next()? {
                Some(Step::Customer(customer)) => writer.customer(customer)?,
                Some(Step::Entries(piece)) => {
                    progress.advance(0, piece.entries.len() as u64);
                    for entry in piece.entries {
                        writer.entry(ExportedEntry { customer_id: piece.customer_id.clone(), entry: Some(entry) })?;
                    }
                }
                Some(Step::Ended(ended)) => break ended,
                Some(Step::Begun(_)) => return Err(self.incomplete("the server began twice")),
                None => return Err(self.incomplete("the server ended before it said that nothing is missing")),
            }
        };
        progress.finish();
        Ok(ended)
    }

    fn next(&mut self) -> Result<Option<Step>, ExportError> {
        let step = self.handle.block_on(self.steps.message()).map_err(|status| self.server.error(&status))?;
        Ok(step.and_then(|step| step.step))
    }

    fn check(&self, writer: &Writer, ended: &ExportEnded) -> Result<(), ExportError> {
        let written = writer.written();
        if written == ended {
            return Ok(());
        }
        Err(self.incomplete(&format!("the server sent {ended:?}, and {written:?} came")))
    }

    fn incomplete(&self, what: &str) -> ExportError {
        ExportError::Incomplete(what.to_owned(), self.options.dir.clone())
    }
}
