//! Scanning a partition's last segment, and judging what follows its last whole record.
//!
//! Owns: the judgement. A commit is written only after the one before it is durable. So whatever follows a broken
//! record decides:
//! - nothing valid: the write was interrupted, or it is the last record that was damaged – torn;
//! - any record of a later commit: the broken one had been acknowledged – damaged;
//! - only records of the same commit: the disk may have written the commit's sectors out of order before the power
//!   failed, which leaves a sector of zeros – torn; without one – damaged.
//!
//! Never: holds more of the file than a [`Window`], never changes it.

use std::fs::File;
use std::io;

use crate::embedded::frame::{self, Broken, HEAD_BYTES, Head};
use crate::embedded::header::HEADER_BYTES;
use crate::embedded::partition::Segment;
use crate::embedded::window::{AHEAD_BYTES_MAX, Window};

/// What disks write at once, in bytes, at the least.
const SECTOR_BYTES: u64 = 512;

/// Fewer zeros than this at the edge of a sector are ordinary data.
const HOLE_BYTES_MIN: u64 = 16;

/// What was found in a segment.
pub(super) struct Scan {
    /// The offset after its last whole record.
    pub(super) end: u64,
    /// The size up to there, in bytes.
    pub(super) bytes: u64,
    /// What follows.
    pub(super) tail: Tail,
}

/// What follows the last whole record.
pub(super) enum Tail {
    /// Nothing.
    Clean,
    /// A write that was interrupted.
    Torn(&'static str),
    /// A record that was acknowledged and cannot be read.
    Damaged(String),
}

/// Reads `segment` up to byte `limit` and marks its records in its index.
pub(super) fn scan(file: &File, segment: &Segment, limit: u64, seed: u32) -> io::Result<Scan> {
    let mut scanner = Scanner { window: Window::default(), file, limit, seed };
    scanner.window.reset(AHEAD_BYTES_MAX);
    let (mut end, mut bytes) = (segment.base, HEADER_BYTES as u64);
    while bytes < limit {
        match scanner.window.frame(file, bytes, limit, seed)? {
            Ok(frame) if frame.head.offset == end => {
                segment.note(end, bytes);
                bytes += frame.head.bytes as u64;
                end += 1;
            }
            Ok(frame) => {
                let what = format!("a record of offset {} was found", frame.head.offset);
                return Ok(Scan { end, bytes, tail: Tail::Damaged(what) });
            }
            Err(broken) => {
                let tail = scanner.judge(end, bytes, broken)?;
                return Ok(Scan { end, bytes, tail });
            }
        }
    }
    Ok(Scan { end, bytes, tail: Tail::Clean })
}

struct Scanner<'f> {
    window: Window,
    file: &'f File,
    limit: u64,
    seed: u32,
}

impl Scanner<'_> {
    /// What to make of the broken record of offset `end` at byte `at`.
    fn judge(&mut self, end: u64, at: u64, broken: Broken) -> io::Result<Tail> {
        let Some((byte, later)) = self.later_record(end, at, |_| true)? else {
            return Ok(Tail::Torn("the file ends with part of a record"));
        };
        let of_later_commit = |head: &Head| head.commit() > end;
        if self.has_hole(at, byte)? && self.later_record(end, at, of_later_commit)?.is_none() {
            return Ok(Tail::Torn("the disk had written the last commit in part"));
        }
        Ok(Tail::Damaged(format!("{broken}, and the record of offset {} follows at byte {byte}", later.offset)))
    }

    /// The first whole record behind byte `at` with an offset that may lie there, and as `wanted`; and its byte.
    fn later_record(&mut self, end: u64, at: u64, wanted: impl Fn(&Head) -> bool) -> io::Result<Option<(u64, Head)>> {
        let records_max = (self.limit - at) / HEAD_BYTES as u64;
        for byte in at + 1..self.limit.saturating_sub(HEAD_BYTES as u64 - 1) {
            let head = frame::head(self.window.peek(self.file, byte, HEAD_BYTES, self.limit)?);
            let likely = |head: &Head| head.offset > end && head.offset - end <= records_max && wanted(head);
            if head.as_ref().is_ok_and(likely)
                && let Ok(frame) = self.window.frame(self.file, byte, self.limit, self.seed)?
            {
                return Ok(Some((byte, frame.head)));
            }
        }
        Ok(None)
    }

    /// Whether a sector of zeros lies between two bytes.
    fn has_hole(&mut self, from: u64, to: u64) -> io::Result<bool> {
        let mut at = from;
        while at < to {
            let next = ((at / SECTOR_BYTES + 1) * SECTOR_BYTES).min(to);
            let sector = self.window.peek(self.file, at, (next - at) as usize, to)?;
            if next - at >= HOLE_BYTES_MIN && sector.iter().take((next - at) as usize).all(|byte| *byte == 0) {
                return Ok(true);
            }
            at = next;
        }
        Ok(false)
    }
}
