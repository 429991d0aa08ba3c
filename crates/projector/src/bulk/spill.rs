//! Entries told apart by the first bits of their keys, in memory as long as there is room and in files beyond.
//!
//! Owns the form of an entry in a file: length of the value, key, value. A file is open only while something is written to it. Knows
//! nothing of what keys and values mean.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Read, Write as _},
    path::{Path, PathBuf},
};

/// Bytes read from a file at a time.
const READ_BYTES: usize = 256 << 10;

/// The entries of one worker.
#[derive(Debug)]
pub(super) struct Spill {
    parts: Vec<Part>,
    bits: u32,
    buffer_bytes_max: usize,
}

/// Entries whose keys begin with the same bits, of one worker.
#[derive(Debug)]
pub(super) struct Part {
    buffer: Vec<u8>,
    file: PathBuf,
    /// Bytes in the file; there is one once there are any.
    spilled: u64,
}

/// The same of all workers.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) parts: Vec<Part>,
}

impl Spill {
    /// Two to the `bits` parts, whose buffers together take so much memory; `name` tells its files from others in `dir`.
    pub(super) fn new(dir: &Path, name: &str, bits: u32, memory_bytes: usize) -> Self {
        let count = 1_usize << bits;
        let part = |number| Part { buffer: Vec::new(), file: dir.join(format!("{name}-{number}")), spilled: 0 };
        Self { parts: (0..count).map(part).collect(), bits, buffer_bytes_max: memory_bytes / count }
    }

    /// Puts an entry, whose value is given in parts.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn put(&mut self, key: &[u8], value: &[&[u8]]) -> io::Result<()> {
        let first = key.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let place = usize::try_from(first >> (u64::BITS - self.bits)).unwrap_or_default();
        let length: usize = value.iter().map(|part| part.len()).sum();
        let part = self.parts.get_mut(place).expect("there is a part for each of these bits");
        let bytes = length + key.len() + size_of::<u32>();
        if !part.buffer.is_empty() && part.buffer.len() + bytes > self.buffer_bytes_max {
            part.spill()?;
        }
        if part.buffer.capacity() < self.buffer_bytes_max && part.buffer.len() + bytes > part.buffer.capacity() {
            // Doubling it would go beyond its share.
            part.buffer.reserve_exact((part.buffer.len() + bytes).min(self.buffer_bytes_max - part.buffer.len()));
        }
        let length = u32::try_from(length).map_err(|_| io::Error::other("a record of more than 4 GiB"))?;
        part.buffer.extend_from_slice(&length.to_le_bytes());
        part.buffer.extend_from_slice(key);
        value.iter().for_each(|one| part.buffer.extend_from_slice(one));
        Ok(())
    }

    pub(super) fn into_parts(self) -> Vec<Part> {
        self.parts
    }
}

impl Part {
    fn spill(&mut self) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
        file.write_all(&self.buffer)?;
        self.spilled += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn each<E: From<io::Error>>(
        &self,
        key_bytes: usize,
        each: &mut impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.spilled > 0 {
            // A file that grew or shrank was written by somebody else.
            let file = File::open(&self.file)?;
            if file.metadata()?.len() != self.spilled {
                return Err(changed().into());
            }
            entries(BufReader::with_capacity(READ_BYTES, file), self.spilled, key_bytes, each)?;
        }
        entries(self.buffer.as_slice(), self.buffer.len() as u64, key_bytes, each)
    }
}

impl Drop for Part {
    /// Room on the disk is given back as soon as it is not needed any more.
    fn drop(&mut self) {
        if self.spilled > 0
            && let Err(error) = std::fs::remove_file(&self.file)
        {
            tracing::debug!(file = %self.file.display(), %error, "it goes with its folder");
        }
    }
}

impl Piece {
    /// Bytes of all entries.
    pub(super) fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.spilled + part.buffer.len() as u64).sum()
    }

    /// Calls `each` with key and value of every entry, in no order.
    ///
    /// # Errors
    /// The disk's, and those of `each`.
    pub(super) fn each<E: From<io::Error>>(
        &self,
        key_bytes: usize,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.parts.iter().try_for_each(|part| part.each(key_bytes, &mut each))
    }
}

fn entries<E: From<io::Error>>(
    mut from: impl Read,
    mut bytes: u64,
    key_bytes: usize,
    each: &mut impl FnMut(&[u8], &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let (mut length, mut entry) = ([0; size_of::<u32>()], Vec::new());
    while bytes > 0 {
        from.read_exact(&mut length)?;
        let rest = key_bytes + usize::try_from(u32::from_le_bytes(length)).map_err(|_| changed())?;
        bytes = bytes.checked_sub((length.len() + rest) as u64).ok_or_else(changed)?;
        entry.resize(rest, 0);
        from.read_exact(&mut entry)?;
        let (key, value) = entry.split_at_checked(key_bytes).ok_or_else(changed)?;
        each(key, value)?;
    }
    Ok(())
}

/// Somebody wrote to a file of ours.
pub(super) fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a file that records lie in meanwhile has changed")
}
