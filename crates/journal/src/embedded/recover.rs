//! Opening a partition: its segments are put in order, the last one is scanned, a torn tail is cut off.
//!
//! Owns: the decision between a torn tail (a write that a crash interrupted, never acknowledged) and damage. Never:
//! drops a record that may have been acknowledged; then it refuses and changes nothing.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files;
use super::header::{HEADER_BYTES, Header, NoHeader, SEGMENT_VERSION, Sealed};
use super::partition::{Partition, Segment};
use crate::{Corruption, OpenError};

mod scan;

use scan::{Scan, Tail};

/// A segment file whose header was read.
struct Found {
    path: PathBuf,
    bytes: u64,
    header: Header,
}

/// Opens partition `number` in folder `dir` of the journal `topic_id`.
///
/// Only the last segment is read through. The earlier ones are checked by name, header and size now, and record by
/// record whenever they are read.
pub(super) fn open_partition(dir: &Path, topic_id: &uuid::Uuid, number: u32) -> Result<Partition, OpenError> {
    let found = segments(dir, topic_id, number)?;
    for pair in found.windows(2) {
        if let [before, after] = pair {
            check_succession(dir, before, after)?;
        }
    }
    let Some((last, earlier)) = found.split_last() else {
        let first = files::segment(dir, 0);
        return Err(Corruption::new(&first, 0, 0, "the partition has no segment").into());
    };
    if let Some(first) = found.first().filter(|first| first.header.previous.is_some()) {
        let (partition, start) = (number, first.header.base);
        tracing::warn!(partition, start, "the partition's first segments are gone; its records begin later than at 0");
    }
    let sealed = earlier.iter().map(|found| Arc::new(Segment::new(found.header.base, found.path.clone(), found.bytes)));
    let mut segments: Vec<_> = sealed.collect();
    let (segment, end) = open_last(last, topic_id, number)?;
    segments.push(Arc::new(segment));
    Ok(Partition::new(topic_id, number, segments, end))
}

/// The partition's segments in ascending order. Removes files whose creation was interrupted.
fn segments(dir: &Path, topic_id: &uuid::Uuid, number: u32) -> Result<Vec<Found>, OpenError> {
    let mut found = Vec::new();
    for path in paths(dir)? {
        if files::is_unfinished(&path) {
            fs::remove_file(&path).map_err(OpenError::io(&path))?;
        } else if let Some(base) = files::base_of(&path) {
            found.push(read_header(path, base, topic_id, number)?);
        }
    }
    found.sort_by_key(|segment| segment.header.base);
    Ok(found)
}

fn paths(dir: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(OpenError::io(dir))?,
    };
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(OpenError::io(dir))).collect()
}

fn read_header(path: PathBuf, base: u64, topic_id: &uuid::Uuid, partition: u32) -> Result<Found, OpenError> {
    let mut file = File::open(&path).map_err(OpenError::io(&path))?;
    let bytes = file.metadata().map_err(OpenError::io(&path))?.len();
    let mut start = Vec::with_capacity(HEADER_BYTES);
    file.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut start).map_err(OpenError::io(&path))?;
    let damaged = |what: &str| OpenError::from(Corruption::new(&path, 0, base, what));
    let header = match Header::decode(&start) {
        Ok(header) => header,
        Err(NoHeader::Newer(found)) => {
            return Err(OpenError::NewerFormat { file: path, found, known: SEGMENT_VERSION });
        }
        Err(error @ NoHeader::Damaged) => return Err(damaged(&error.to_string())),
    };
    if (header.topic_id, header.partition, header.base) != (*topic_id, partition, base) {
        return Err(damaged("the segment belongs to another journal, partition or offset than its name says"));
    }
    Ok(Found { path, bytes, header })
}

/// A segment that was lost, shortened or lengthened is noticed by the one after it.
fn check_succession(dir: &Path, before: &Found, after: &Found) -> Result<(), OpenError> {
    let Sealed { base, bytes } = after.header.previous.unwrap_or(Sealed { base: u64::MAX, bytes: 0 });
    if base != before.header.base {
        let missing = files::segment(dir, base);
        return Err(Corruption::new(&missing, 0, base, "the segment is missing").into());
    }
    if bytes != before.bytes {
        let what = format!("the segment has {} bytes, {bytes} were written", before.bytes);
        let next = after.header.base;
        return Err(Corruption::new(&before.path, bytes.min(before.bytes), next, what).into());
    }
    Ok(())
}

/// Scans the last segment and makes it end with its last whole record, durably.
fn open_last(found: &Found, topic_id: &uuid::Uuid, number: u32) -> Result<(Segment, u64), OpenError> {
    let path = found.path.as_path();
    let file = File::options().read(true).write(true).open(path).map_err(OpenError::io(path))?;
    let segment = Segment::new(found.header.base, found.path.clone(), found.bytes);
    let seed = super::frame::seed(topic_id, number);
    let Scan { end, bytes, tail } = scan::scan(&file, &segment, found.bytes, seed).map_err(OpenError::io(path))?;
    match tail {
        Tail::Clean => {}
        Tail::Torn(why) => {
            let cut_bytes = found.bytes - bytes;
            tracing::warn!(file = %path.display(), end, cut_bytes, why, "cut off a write that a crash had interrupted");
            file.set_len(bytes).map_err(OpenError::io(path))?;
        }
        Tail::Damaged(what) => return Err(Corruption::new(path, bytes, end, what).into()),
    }
    // After a crash of the process alone, records may be in the file and not yet on the disk.
    file.sync_all().map_err(OpenError::io(path))?;
    segment.publish(bytes);
    Ok((segment, end))
}
