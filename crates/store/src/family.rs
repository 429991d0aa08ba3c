//! Key kinds: one column family each, with its codec beside it.
//!
//! Keys are hashes, numbers or names of definitions, never personal data in the clear.

use serde::{Serialize, de::DeserializeOwned};

use crate::error::StoreError;

pub mod conflicts;
pub mod copies;
pub mod decisions;
pub mod definition_sets;
pub mod definitions;
pub mod fragments;
pub mod incidence;
pub mod losers;
pub mod manifests;
pub mod months;
pub mod orders;
pub mod shards;
pub mod timeline;
pub mod touched;

pub use conflicts::Conflicts;
pub use copies::Copies;
pub use decisions::Decisions;
pub use definition_sets::{DefinitionProgress, DefinitionSetIds, DefinitionSets};
pub use definitions::Definitions;
pub use fragments::Fragments;
pub use incidence::Incidence;
pub use losers::Losers;
pub use manifests::Manifests;
pub use months::Months;
pub use orders::Orders;
pub use shards::Shards;
pub use timeline::Timeline;
pub use touched::Touched;

/// A kind of key: its column family and how its rows are written.
pub trait Family {
    /// Name of the column family.
    const NAME: &'static str;
    /// Length of the prefix by which rows are scanned together; 0 where they are not.
    const PREFIX_BYTES: usize;
    /// Key of a row.
    type Key;
    /// Value of a row.
    type Value;

    /// Key to bytes; the order of bytes is the order of rows.
    fn encode_key(key: &Self::Key) -> Vec<u8>;

    /// The same behind bytes that are there; what is written for each touchpoint does it without bytes of its own.
    fn write_key(key: &Self::Key, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&Self::encode_key(key));
    }

    /// Bytes to key; `None` if they have another form.
    fn decode_key(bytes: &[u8]) -> Option<Self::Key>;

    /// Value to bytes.
    fn encode_value(value: &Self::Value) -> Vec<u8>;

    /// The same behind bytes that are there.
    fn write_value(value: &Self::Value, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&Self::encode_value(value));
    }

    /// Bytes to value.
    ///
    /// # Errors
    /// What does not fit, in words.
    fn decode_value(bytes: &[u8]) -> Result<Self::Value, String>;

    /// A whole row.
    ///
    /// # Errors
    /// `Damaged` if key or value have another form.
    fn decode(key: &[u8], value: &[u8]) -> Result<(Self::Key, Self::Value), StoreError> {
        let damaged = |what| StoreError::Damaged { family: Self::NAME, what };
        let key = Self::decode_key(key).ok_or_else(|| damaged(format!("a key of {} bytes", key.len())))?;
        Ok((key, Self::decode_value(value).map_err(damaged)?))
    }
}

/// What a column family's files are like; the figures behind it are in `docs/adr/0001-store-layout.md`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Name of the family.
    pub(crate) name: &'static str,
    /// Length of the scanned prefix; 0 where rows are asked for by whole keys alone.
    pub(crate) prefix_bytes: usize,
    /// Whether filters know whole keys beside prefixes.
    pub(crate) whole_keys: bool,
    /// Bytes of a block: small where single hot rows are read, large where rows are scanned or never read.
    pub(crate) block_bytes: usize,
    /// Whether blocks are compressed; hashes do not compress.
    pub(crate) compressed: bool,
}

pub(crate) const fn shape<F: Family>(block_bytes: usize, compressed: bool) -> Shape {
    Shape { name: F::NAME, prefix_bytes: F::PREFIX_BYTES, whole_keys: true, block_bytes, compressed }
}

/// Of a family that is scanned by prefix: what filters held of whole keys would be idle.
const fn scanned<F: Family>(block_bytes: usize, compressed: bool) -> Shape {
    Shape { whole_keys: false, ..shape::<F>(block_bytes, compressed) }
}

/// All column families.
pub(crate) const ALL: [Shape; 16] = [
    shape::<Manifests>(4 << 10, false),
    shape::<Shards>(4 << 10, false),
    shape::<Fragments>(4 << 10, true),
    shape::<Months>(4 << 10, true),
    shape::<Orders>(4 << 10, true),
    scanned::<Timeline>(16 << 10, true),
    shape::<Copies>(16 << 10, false),
    shape::<Conflicts>(16 << 10, true),
    scanned::<Incidence>(4 << 10, true),
    scanned::<Losers>(4 << 10, false),
    shape::<Decisions>(4 << 10, true),
    shape::<Definitions>(4 << 10, true),
    shape::<DefinitionSets>(4 << 10, true),
    shape::<DefinitionSetIds>(4 << 10, false),
    shape::<DefinitionProgress>(4 << 10, false),
    shape::<Touched>(4 << 10, false),
];

/// A value in postcard's form (stable wire format 1.0).
pub(crate) fn to_postcard<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("rows hold nothing that postcard cannot write")
}

/// The same behind bytes that are there.
pub(crate) fn write_postcard<T: Serialize>(value: &T, bytes: &mut Vec<u8>) {
    postcard::serialize_with_flavor(value, Behind(bytes)).expect("rows hold nothing that postcard cannot write");
}

/// Writes behind bytes that are there.
struct Behind<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Behind<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// What `write` puts behind nothing.
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes);
    bytes
}

pub(crate) fn from_postcard<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    postcard::from_bytes(bytes).map_err(|error| error.to_string())
}

/// Two 16-byte hashes, as several key kinds are made of.
pub(crate) fn pair(left: &[u8; 16], right: &[u8; 16]) -> [u8; 32] {
    let mut both = [0; 32];
    let (first, second) = both.split_at_mut(16);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    both
}

pub(crate) fn split_pair(bytes: &[u8]) -> Option<([u8; 16], [u8; 16])> {
    let (left, right) = bytes.split_at_checked(16)?;
    Some((left.try_into().ok()?, right.try_into().ok()?))
}

#[cfg(test)]
mod tests;
