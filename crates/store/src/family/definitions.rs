//! `definitions`: (kind, name, version) → what the name means in that version, and the set that it came with.
//!
//! Names are an operator's, not a person's: they stand in the key, so that rows lie in the order of lists.

use std::sync::Arc;

use definition::{About, Kind, Version};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use types::{Micros, record::Definition};

use super::{Family, from_postcard, to_postcard};

/// The family of versions.
#[derive(Debug)]
pub struct Definitions;

/// Place of a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionKey {
    /// Kind.
    pub kind: Kind,
    /// Name; without a zero byte.
    pub name: String,
    /// 1, 2, 3, ... within the name.
    pub number: u32,
}

/// A version without what its key says.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRow {
    /// What the name means; `None` where it was deleted.
    pub body: Option<definition::Body>,
    /// The set that it came with.
    pub about: Arc<About>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    /// A `patron.journal.v1.Definition` with nothing but the body; `None` where it was deleted.
    body: Option<Vec<u8>>,
    set_id: String,
    author: String,
    reason: String,
    defined_at: Micros,
    received_at: Micros,
    offset: u64,
}

/// Parts name and number of a key.
const END: u8 = 0;

impl VersionKey {
    /// First bytes of all keys of a kind.
    pub fn kind_prefix(kind: Kind) -> Vec<u8> {
        vec![code(kind)]
    }

    /// First bytes of all keys of a name.
    pub fn name_prefix(kind: Kind, name: &str) -> Vec<u8> {
        [&[code(kind)], name.as_bytes(), &[END]].concat()
    }
}

fn code(kind: Kind) -> u8 {
    u8::try_from(i32::from(kind.to_proto())).unwrap_or(u8::MAX)
}

impl From<Arc<Version>> for VersionRow {
    fn from(version: Arc<Version>) -> Self {
        Self { body: version.body.clone(), about: Arc::clone(&version.about) }
    }
}

impl VersionRow {
    /// The whole version.
    pub fn at(self, VersionKey { kind, name, number }: VersionKey) -> Version {
        Version { kind, name, number, body: self.body, about: self.about }
    }
}

impl Family for Definitions {
    const NAME: &'static str = "definitions";
    const PREFIX_BYTES: usize = 0;
    type Key = VersionKey;
    type Value = VersionRow;

    fn encode_key(VersionKey { kind, name, number }: &VersionKey) -> Vec<u8> {
        let mut bytes = VersionKey::name_prefix(*kind, name);
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes
    }

    fn decode_key(bytes: &[u8]) -> Option<VersionKey> {
        let (code, rest) = bytes.split_first()?;
        let (name, number) = rest.split_last_chunk::<4>()?;
        let (end, name) = name.split_last()?;
        let name = std::str::from_utf8(name).ok().filter(|name| *end == END && !name.as_bytes().contains(&END))?;
        Some(VersionKey {
            kind: Kind::of(i32::from(*code))?,
            name: name.to_owned(),
            number: u32::from_be_bytes(*number),
        })
    }

    fn encode_value(VersionRow { body, about }: &VersionRow) -> Vec<u8> {
        let About { set_id, author, reason, defined_at, received_at, offset } = about.as_ref().clone();
        let body = body.clone().map(|body| Definition { body: Some(body), ..Definition::default() }.encode_to_vec());
        to_postcard(&Stored { body, set_id, author, reason, defined_at, received_at, offset })
    }

    fn decode_value(bytes: &[u8]) -> Result<VersionRow, String> {
        let Stored { body, set_id, author, reason, defined_at, received_at, offset } = from_postcard(bytes)?;
        let body = body.map(|bytes| {
            let definition = Definition::decode(bytes.as_slice()).map_err(|error| error.to_string())?;
            definition.body.ok_or_else(|| "a version without content".to_owned())
        });
        let about = Arc::new(About { set_id, author, reason, defined_at, received_at, offset });
        Ok(VersionRow { body: body.transpose()?, about })
    }
}
