//! `fragments`: fragment id → its identifiers and its core record.

use profile::Core;
use serde::{Deserialize, Serialize};
use types::{FragmentId, Identifier, TotalOrder};

use super::{Family, from_postcard, write_postcard, written};

/// The family of fragments.
#[derive(Debug)]
pub struct Fragments;

/// A fragment without its months, orders and timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FragmentRow {
    /// The set of identifiers, in the order of their ids.
    pub identifiers: Vec<Identifier>,
    /// The core record; empty where no touchpoint counts.
    pub core: Core,
    /// The first touchpoint that lost against another of the same name; its identifiers were seen all the same.
    pub lost: Option<TotalOrder>,
}

impl Family for Fragments {
    const NAME: &'static str = "fragments";
    const PREFIX_BYTES: usize = 0;
    type Key = FragmentId;
    type Value = FragmentRow;

    fn encode_key(key: &FragmentId) -> Vec<u8> {
        key.0.to_vec()
    }

    fn write_key(key: &FragmentId, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&key.0);
    }

    fn decode_key(bytes: &[u8]) -> Option<FragmentId> {
        Some(FragmentId(bytes.try_into().ok()?))
    }

    fn encode_value(value: &FragmentRow) -> Vec<u8> {
        written(|bytes| Self::write_value(value, bytes))
    }

    fn write_value(value: &Self::Value, bytes: &mut Vec<u8>) {
        write_postcard(value, bytes);
    }

    fn decode_value(bytes: &[u8]) -> Result<FragmentRow, String> {
        from_postcard(bytes)
    }
}
