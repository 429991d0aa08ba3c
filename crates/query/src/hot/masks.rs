//! Read masks as they came over the wire, checked once: callers ask with the same few again and again.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use proto::{customer::Customer, encoded, mask::ReadMask};
use quick_cache::sync::Cache;
use tonic::Status;

use crate::status;

/// Most masks that are remembered.
const MASKS_MAX: usize = 1_024;
/// Most bytes of one that is.
const MASK_BYTES_MAX: usize = 4 << 10;

/// A checked mask.
#[derive(Debug)]
pub(crate) struct Mask {
    /// Which fields are read.
    pub(crate) read: ReadMask,
    /// Its name among answers that are kept; `None` where an answer by it depends on the clock, it is not remembered, or numbers ran out.
    pub(crate) number: Option<u32>,
}

/// Masks by their bytes.
pub(crate) struct Masks {
    known: Cache<Bytes, Arc<Mask>>,
    next: AtomicU64,
}

impl Default for Masks {
    fn default() -> Self {
        Self { known: Cache::new(MASKS_MAX), next: AtomicU64::new(0) }
    }
}

impl Masks {
    /// The mask of a request, in the pieces in which it came.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where it cannot be read or names a field that there is not.
    pub(crate) fn read(&self, pieces: &[Bytes]) -> Result<Arc<Mask>, Status> {
        let bytes = encoded::whole(pieces);
        if let Some(known) = self.known.get(&bytes) {
            return Ok(known);
        }
        let paths = encoded::field_mask(&bytes)?;
        let read = ReadMask::new::<Customer>(Some(&paths)).map_err(|why| status::invalid("read_mask", why))?;
        let remembered = bytes.len() <= MASK_BYTES_MAX;
        let number = (remembered && !read.names("contact")).then(|| self.next.fetch_add(1, Ordering::Relaxed));
        let number = number.and_then(|number| u32::try_from(number).ok());
        let mask = Arc::new(Mask { read, number });
        if remembered {
            // Not a part of the request's memory, which would stay as a whole.
            self.known.insert(Bytes::copy_from_slice(&bytes), Arc::clone(&mask));
        }
        Ok(mask)
    }
}
