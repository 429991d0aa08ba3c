//! Imports files: NDJSON of touchpoints, or whatever a mapping describes.
//!
//! Owns that a row counts once however often its file is imported: message ids come from the rows alone. Never names a file
//! or a line in what it sends.

use std::path::PathBuf;

use tokio::sync::mpsc;

use crate::{
    client::{
        Server,
        publish::{PublishError, publish},
    },
    output::progress::{Progress, Unit},
};

mod feed;
mod field;
mod file;
mod format;
mod instant;
mod keys;
mod mapping;
mod rejects;
mod rows;
mod rule;
mod summary;
mod template;
mod value;
mod watch;

#[cfg(test)]
mod tests;

pub use feed::{Origin, read};
pub use keys::MappingError;
pub(crate) use keys::{article, suggestion};
pub use mapping::{Mapped, Mapping, Occurrences};
pub use summary::Summary;

/// Batches that wait between reading and sending.
const BATCHES_WAITING_MAX: usize = 4;

/// What to import, and how.
#[derive(Debug)]
pub struct Options {
    /// How rows become touchpoints; without one, each line is a touchpoint in protobuf's canonical JSON.
    pub mapping: Option<Mapping>,
    /// Files in order; `-` is standard input.
    pub files: Vec<PathBuf>,
    /// Rows of one batch, 1 to `types::limits::BATCH_TOUCHPOINTS_MAX`.
    pub batch_rows: usize,
    /// Where the rows that were not taken are written, as NDJSON.
    pub rejects: Option<PathBuf>,
}

/// Why an import ended early. What was accepted before stays accepted; the same import again counts nothing twice.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The server, or the file of rejects.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A file could not be read.
    #[error(transparent)]
    Read(#[from] feed::ReadError),
    /// The file of rejects could not be written.
    #[error("{0}: cannot be written: {1}")]
    Rejects(String, std::io::Error),
}

/// Imports files into a server: reads and sends at the same time.
///
/// # Errors
/// See `ImportError`. Rows that were not taken are no error: they are counted.
pub async fn import(server: &Server, options: Options) -> Result<Summary, ImportError> {
    let Options { mapping, files, batch_rows, rejects } = options;
    let rejects = rejects.map(|path| rejects::Rejects::create(&path)).transpose()?;
    let progress = Progress::new(file::length(&files), Unit::Bytes);
    let mut watch = watch::Watch::new(progress, rejects);
    let (sender, source) = mpsc::channel(BATCHES_WAITING_MAX);
    let reading = tokio::task::spawn_blocking(move || feed::feed(&files, mapping.as_ref(), batch_rows, &sender));
    let published = publish(server, source, &mut watch).await;
    // Where the sending failed, the reading ended at the next batch, because nobody took it.
    let read = reading.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    let summary = watch.finish();
    published?;
    read?;
    summary.map_err(|error| ImportError::Publish(error.into()))
}
