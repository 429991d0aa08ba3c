//! Reading a partition's segments, beginning anywhere.
//!
//! Owns: a cursor per partition. Never: looks beyond what is durable, never skips a record that it cannot read.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::frame::{Broken, Frame};
use super::headers;
use super::partition::{Partition, Segment};
use super::window::{AHEAD_BYTES_MAX, Window};
use crate::fair::{Batch, Lane};
use crate::{Corruption, Position, ReadError, Record};

/// What a record takes on disk, roughly, in bytes: sizes the read-ahead of small polls.
const RECORD_BYTES_GUESS: usize = 1 << 10;

/// A partition being read.
pub(super) struct Cursor {
    partition: Arc<Partition>,
    next: u64,
    open: Option<Open>,
}

/// The segment in which the cursor stands: the record `next` begins at byte `at`.
struct Open {
    segment: Arc<Segment>,
    file: File,
    at: u64,
}

impl Cursor {
    pub(super) fn new(partition: Arc<Partition>, next: u64) -> Self {
        Self { partition, next, open: None }
    }

    /// Opens the segment of the next record, the current one if it goes on there.
    fn locate(&mut self, window: &mut Window) -> Result<&mut Open, ReadError> {
        let segment = self.partition.segment_of(self.next).ok_or_else(|| self.out_of_range())?;
        let stays = self.open.as_ref().is_some_and(|open| open.segment.base == segment.base);
        if !stays {
            self.open = None;
            let found = Open::seek(&self.partition, segment, self.next, window)?;
            return Ok(self.open.insert(found));
        }
        Ok(self.open.as_mut().expect("it stays open"))
    }

    fn out_of_range(&self) -> ReadError {
        let (start, end) = (self.partition.start(), self.partition.end());
        ReadError::OffsetOutOfRange { partition: self.partition.number, asked: self.next, start, end }
    }
}

impl Lane for Cursor {
    type Scratch = Window;

    fn behind(&mut self) -> bool {
        self.next < self.partition.end()
    }

    fn take(&mut self, window: &mut Window, batch: &mut Batch) -> Result<(), ReadError> {
        while self.behind() && batch.records_left() > 0 {
            let open = self.locate(window)?;
            window.reset(batch.records_left().saturating_mul(RECORD_BYTES_GUESS));
            let (at, limit) = (open.at, open.segment.durable_bytes());
            let segment = open.segment.clone();
            segment.note(self.next, at);
            if !self.take_from(&segment, limit, window, batch)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Cursor {
    /// Takes records up to byte `limit`; false when the batch had no room for one.
    fn take_from(
        &mut self,
        segment: &Segment,
        limit: u64,
        window: &mut Window,
        batch: &mut Batch,
    ) -> Result<bool, ReadError> {
        let Some(open) = &mut self.open else { return Ok(false) };
        let before = self.next;
        while open.at < limit {
            let frame = read(window, &open.file, segment, &self.partition, open.at, limit, self.next)?;
            let bytes = frame.head.bytes as u64;
            let record = record(segment, &self.partition, open.at, &frame)?;
            if !batch.takes(record.bytes()) {
                return Ok(false);
            }
            batch.push(record);
            open.at += bytes;
            self.next += 1;
        }
        // Durable records are promised beyond this segment's last byte, yet the same segment is to hold them.
        if self.next == before {
            return Err(
                Corruption::new(&segment.path, limit, self.next, "the segment ends before its last record").into()
            );
        }
        Ok(true)
    }
}

impl Open {
    /// Finds the record `next` in its segment: from the nearest mark on, at most one segment is scanned.
    fn seek(partition: &Partition, segment: Arc<Segment>, next: u64, window: &mut Window) -> Result<Self, ReadError> {
        let file = File::open(&segment.path).map_err(|error| cannot_open(&segment, next, error))?;
        let (mut offset, mut at) = segment.floor(next);
        let limit = segment.durable_bytes();
        window.reset(AHEAD_BYTES_MAX);
        while offset < next {
            let frame = read(window, &file, &segment, partition, at, limit, offset)?;
            at += frame.head.bytes as u64;
            offset += 1;
            segment.note(offset, at);
        }
        Ok(Self { segment, file, at })
    }
}

fn read<'w>(
    window: &'w mut Window,
    file: &File,
    segment: &Segment,
    partition: &Partition,
    at: u64,
    limit: u64,
    expected: u64,
) -> Result<Frame<'w>, ReadError> {
    let damaged = |what: String| Corruption::new(&segment.path, at, expected, what).into();
    match window.frame(file, at, limit, partition.seed) {
        Ok(Ok(frame)) if frame.head.offset == expected => Ok(frame),
        Ok(Ok(frame)) => Err(damaged(format!("a record of offset {} was found", frame.head.offset))),
        Ok(Err(broken @ (Broken::Incomplete | Broken::Length | Broken::Checksum))) => Err(damaged(broken.to_string())),
        Err(source) => Err(ReadError::Io { place: segment.path.display().to_string(), source }),
    }
}

fn cannot_open(segment: &Segment, expected: u64, source: io::Error) -> ReadError {
    if source.kind() == io::ErrorKind::NotFound {
        return Corruption::new(&segment.path, 0, expected, "the segment is missing").into();
    }
    ReadError::Io { place: segment.path.display().to_string(), source }
}

fn record(segment: &Segment, partition: &Partition, at: u64, frame: &Frame<'_>) -> Result<Record, ReadError> {
    let headers = headers::decode(frame.headers)
        .ok_or_else(|| Corruption::new(&segment.path, at, frame.head.offset, "the record's headers are none"))?;
    Ok(Record {
        position: Position { partition: partition.number, offset: frame.head.offset },
        timestamp_us: frame.head.timestamp_us,
        key: frame.key.to_vec(),
        value: frame.value.to_vec(),
        headers,
    })
}
