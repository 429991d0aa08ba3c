//! `shards`: partition → how far it is folded, and what was seen on the way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::Micros;

use super::{Family, from_postcard, to_postcard};

/// The family of shards, keyed by partition.
#[derive(Debug)]
pub struct Shards;

/// State of one shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRow {
    /// The next offset to fold.
    pub applied: u64,
    /// Distinct touchpoints that count.
    pub touchpoints: u64,
    /// Copies of what was there already.
    pub copies: u64,
    /// Touchpoints that share their identity with another but differ in content.
    pub conflicts: u64,
    /// Operators' decisions, copies left out.
    pub decisions: u64,
    /// Fragments held.
    pub fragments: u64,
    /// Records passed over, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// The latest occurred_at folded.
    pub newest_occurred_at: Option<Micros>,
}

impl Family for Shards {
    const NAME: &'static str = "shards";
    const PREFIX_BYTES: usize = 0;
    type Key = u32;
    type Value = ShardRow;

    fn encode_key(key: &u32) -> Vec<u8> {
        key.to_be_bytes().to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<u32> {
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    }

    fn encode_value(value: &ShardRow) -> Vec<u8> {
        to_postcard(value)
    }

    fn decode_value(bytes: &[u8]) -> Result<ShardRow, String> {
        from_postcard(bytes)
    }
}
