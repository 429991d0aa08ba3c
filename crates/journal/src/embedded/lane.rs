//! The write side of one partition.
//!
//! Owns: the open segment, the records staged for the next commit, the way back after a failed write. Never: publishes;
//! the writer does when all partitions of the commit are durable.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::disk::Disk;
use super::files;
use super::frame::{self, Body, Stamp};
use super::header::{HEADER_BYTES, Header, Sealed};
use super::headers;
use super::partition::{Partition, Segment};
use crate::{NewRecord, Position};

/// Memory kept for staging between commits, in bytes per partition.
const STAGE_BYTES_KEPT: usize = 256 << 10;

/// Why staged records could not be written.
#[derive(Debug)]
pub(super) enum WriteError {
    /// Nothing changed that [`Lane::undo`] does not undo.
    Refused(io::Error),
    /// A sync failed: what the disk holds is unknown.
    Unknown(io::Error),
}

/// A partition being written.
pub(super) struct Lane {
    partition: Arc<Partition>,
    dir: PathBuf,
    topic_id: uuid::Uuid,
    segment: Arc<Segment>,
    file: File,
    staged: Vec<u8>,
    staged_records: u32,
}

impl Lane {
    /// Opens the last segment of the partition for writing.
    pub(super) fn open(partition: Arc<Partition>, dir: PathBuf, topic_id: uuid::Uuid) -> io::Result<Self> {
        let segment = partition.last();
        let file = File::options().write(true).open(&segment.path)?;
        Ok(Self { partition, dir, topic_id, segment, file, staged: Vec::new(), staged_records: 0 })
    }

    /// Adds a record to the next commit and tells where it will lie.
    pub(super) fn stage(&mut self, record: &NewRecord, timestamp_us: i64) -> Position {
        let offset = self.partition.end() + u64::from(self.staged_records);
        let stamp = Stamp { offset, timestamp_us, place: self.staged_records };
        let headers = headers::encode(&record.headers);
        let body = Body { key: &record.key, headers: &headers, value: &record.value };
        frame::encode(&mut self.staged, self.partition.seed, stamp, body);
        self.staged_records += 1;
        Position { partition: self.partition.number, offset }
    }

    pub(super) fn is_staged(&self) -> bool {
        self.staged_records > 0
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn path(&self) -> String {
        self.segment.path.display().to_string()
    }

    /// Begins a new segment if the staged records would make this one too large. A commit is never split, so a segment
    /// is larger than `segment_bytes_max` only if a single commit is.
    pub(super) fn roll_if_full(&mut self, disk: &dyn Disk, segment_bytes_max: u64) -> Result<(), WriteError> {
        let bytes = self.segment.durable_bytes();
        if bytes == HEADER_BYTES as u64 || bytes + self.staged.len() as u64 <= segment_bytes_max {
            return Ok(());
        }
        // The next segment vouches for this one's size; without the `fsync` setting it may not be durable yet.
        disk.sync(&self.file).map_err(WriteError::Unknown)?;
        self.roll(disk, Sealed { base: self.segment.base, bytes })
    }

    fn roll(&mut self, disk: &dyn Disk, previous: Sealed) -> Result<(), WriteError> {
        let (partition, base) = (self.partition.number, self.partition.end());
        let header = Header { topic_id: self.topic_id, partition, base, previous: Some(previous) };
        let path = files::segment(&self.dir, base);
        let file = disk.create(&path, &header.encode()).map_err(WriteError::Refused)?;
        // From here on there is no way back: the old segment must not grow beneath a successor that vouches for it.
        disk.sync_dir(&self.dir).map_err(WriteError::Unknown)?;
        self.file = file;
        self.segment = Arc::new(Segment::new(base, path, HEADER_BYTES as u64));
        self.partition.push(self.segment.clone());
        Ok(())
    }

    /// Writes what is staged behind the durable end.
    pub(super) fn write(&self, disk: &dyn Disk) -> Result<(), WriteError> {
        disk.write_at(&self.file, &self.staged, self.segment.durable_bytes()).map_err(WriteError::Refused)
    }

    /// Lets readers see what was staged; it is durable now.
    pub(super) fn publish(&mut self) {
        let (end, bytes) = (self.partition.end(), self.segment.durable_bytes());
        self.segment.note(end, bytes);
        self.segment.publish(bytes + self.staged.len() as u64);
        self.partition.publish_end(end + u64::from(self.staged_records));
        self.forget();
    }

    /// Cuts off what was written since the last commit, durably.
    pub(super) fn undo(&mut self, disk: &dyn Disk) -> io::Result<()> {
        self.forget();
        disk.truncate(&self.file, self.segment.durable_bytes())?;
        disk.sync(&self.file)
    }

    fn forget(&mut self) {
        self.staged.clear();
        self.staged.shrink_to(STAGE_BYTES_KEPT);
        self.staged_records = 0;
    }
}
