//! A bounded view into a file that is read front to back.
//!
//! Owns: the buffer. Never: holds more than the read-ahead or one frame, whichever is larger, and never looks beyond
//! the limit it is given – bytes behind it may be rewritten.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::frame::{self, Broken, Frame, HEAD_BYTES};

/// The most that is read ahead, in bytes.
pub(super) const AHEAD_BYTES_MAX: usize = 256 << 10;

/// The bytes of a file from `at` on.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    at: u64,
    ahead: usize,
}

impl Window {
    /// Forgets what was read – before another file – and sets how many bytes are read at a time.
    pub(super) fn reset(&mut self, ahead: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(AHEAD_BYTES_MAX);
        self.ahead = ahead.clamp(HEAD_BYTES, AHEAD_BYTES_MAX);
    }

    /// The frame at byte `at`; the file counts as ending at `limit`.
    pub(super) fn frame(
        &mut self,
        file: &File,
        at: u64,
        limit: u64,
        seed: u32,
    ) -> io::Result<Result<Frame<'_>, Broken>> {
        let bytes = match frame::head(self.peek(file, at, HEAD_BYTES, limit)?) {
            Ok(head) if head.bytes as u64 > limit - at => return Ok(Err(Broken::Incomplete)),
            Ok(head) => head.bytes,
            Err(broken) => return Ok(Err(broken)),
        };
        Ok(frame::decode(self.peek(file, at, bytes, limit)?, seed))
    }

    /// The bytes from `at` on: at least `want`, fewer only where the file or the limit ends.
    pub(super) fn peek(&mut self, file: &File, at: u64, want: usize, limit: u64) -> io::Result<&[u8]> {
        let available = usize::try_from(limit.saturating_sub(at)).unwrap_or(usize::MAX);
        let want = want.min(available);
        let covered = self.at <= at && at + want as u64 <= self.at + self.bytes.len() as u64;
        if !covered {
            self.fill(file, at, want.max(self.ahead).min(available))?;
        }
        Ok(self.bytes.get((at - self.at) as usize..).unwrap_or_default())
    }

    fn fill(&mut self, file: &File, at: u64, size: usize) -> io::Result<()> {
        self.bytes.resize(size, 0);
        self.at = at;
        let mut filled = 0;
        while let Some(rest) = self.bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, at + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.bytes.clear();
                    return Err(error);
                }
            }
        }
        self.bytes.truncate(filled);
        Ok(())
    }
}
