//! `definition_sets`: offset of `definitions` → the set that lies there and what it did; `definition_set_ids`: name of a set → where
//! its first copy lies, so that other copies have no effect; `definition_progress`: how far `definitions` is folded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::Micros;

use super::{Family, from_postcard, to_postcard};

/// The family of sets, keyed by offset.
#[derive(Debug)]
pub struct DefinitionSets;

/// A set and what it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRow {
    /// Its name.
    pub set_id: String,
    /// Who applied it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When, by ingest's clock.
    pub defined_at: Micros,
    /// When ingest accepted it.
    pub received_at: Micros,
    /// Definitions in it.
    pub definitions: u64,
    /// Versions that it made.
    pub versions: u64,
    /// Why it did nothing; `None` where it is not void.
    pub void: Option<String>,
}

impl Family for DefinitionSets {
    const NAME: &'static str = "definition_sets";
    const PREFIX_BYTES: usize = 0;
    type Key = u64;
    type Value = SetRow;

    fn encode_key(key: &u64) -> Vec<u8> {
        key.to_be_bytes().to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<u64> {
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    }

    fn encode_value(value: &SetRow) -> Vec<u8> {
        to_postcard(value)
    }

    fn decode_value(bytes: &[u8]) -> Result<SetRow, String> {
        from_postcard(bytes)
    }
}

/// The family of names of sets.
#[derive(Debug)]
pub struct DefinitionSetIds;

impl Family for DefinitionSetIds {
    const NAME: &'static str = "definition_set_ids";
    const PREFIX_BYTES: usize = 0;
    type Key = types::ContentHash;
    type Value = u64;

    fn encode_key(key: &Self::Key) -> Vec<u8> {
        key.0.to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        Some(types::ContentHash(bytes.try_into().ok()?))
    }

    fn encode_value(value: &u64) -> Vec<u8> {
        value.to_be_bytes().to_vec()
    }

    fn decode_value(bytes: &[u8]) -> Result<u64, String> {
        bytes.try_into().map(u64::from_be_bytes).map_err(|_| format!("{} bytes instead of 8", bytes.len()))
    }
}

/// The family of the one row that says how far `definitions` is folded; its only key is empty.
#[derive(Debug)]
pub struct DefinitionProgress;

/// How far `definitions` is folded, and what was seen on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionProgressRow {
    /// The next offset to fold.
    pub applied: u64,
    /// Topic id of `definitions`; empty until something is folded.
    pub topic_id: String,
    /// Records passed over, by reason; manifests of the journal are none of them.
    pub skipped: BTreeMap<String, u64>,
}

impl Family for DefinitionProgress {
    const NAME: &'static str = "definition_progress";
    const PREFIX_BYTES: usize = 0;
    type Key = ();
    type Value = DefinitionProgressRow;

    fn encode_key((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn decode_key(bytes: &[u8]) -> Option<()> {
        bytes.is_empty().then_some(())
    }

    fn encode_value(value: &DefinitionProgressRow) -> Vec<u8> {
        to_postcard(value)
    }

    fn decode_value(bytes: &[u8]) -> Result<DefinitionProgressRow, String> {
        from_postcard(bytes)
    }
}
