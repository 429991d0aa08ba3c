//! Files to import: plain or gzip, by path or standard input, and how many of their bytes are read.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::read::MultiGzDecoder;

const BUFFER_BYTES: usize = 256 << 10;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Stands for standard input.
pub(super) const STDIN: &str = "-";

/// Bytes read so far, of all files together; as they lie on disk.
#[derive(Clone, Debug, Default)]
pub(super) struct BytesRead(Arc<AtomicU64>);

impl BytesRead {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The text of a file, unpacked where it is gzip (any number of members).
pub(super) fn open(path: &Path, bytes: &BytesRead) -> io::Result<Box<dyn Read + Send>> {
    let raw: Box<dyn Read + Send> =
        if path == Path::new(STDIN) { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, Counted { raw, bytes: bytes.clone() });
    if reader.fill_buf()?.starts_with(&GZIP_MAGIC) {
        return Ok(Box::new(MultiGzDecoder::new(reader)));
    }
    Ok(Box::new(reader))
}

/// Bytes of all files; `None` where one has no length, as standard input.
pub(super) fn length(paths: &[std::path::PathBuf]) -> Option<u64> {
    let length = |path: &std::path::PathBuf| {
        std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| file.len())
    };
    paths.iter().map(length).sum()
}

struct Counted {
    raw: Box<dyn Read + Send>,
    bytes: BytesRead,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.raw.read(buffer)?;
        self.bytes.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
