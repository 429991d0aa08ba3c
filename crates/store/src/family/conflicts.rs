//! `conflicts`: (copy key, content hash) → touchpoints that share their identity with the one that counts, but not its content.

use types::{ContentHash, CopyKey};

use super::{
    Family, pair, split_pair,
    timeline::{Timeline, TimelineRow},
};

/// The family of conflicts; its values are those of the timeline.
#[derive(Debug)]
pub struct Conflicts;

impl Family for Conflicts {
    const NAME: &'static str = "conflicts";
    const PREFIX_BYTES: usize = 16;
    type Key = (CopyKey, ContentHash);
    type Value = TimelineRow;

    fn encode_key((copy, content): &Self::Key) -> Vec<u8> {
        pair(&copy.0, &content.0).to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        split_pair(bytes).map(|(copy, content)| (CopyKey(copy), ContentHash(content)))
    }

    fn encode_value(value: &TimelineRow) -> Vec<u8> {
        Timeline::encode_value(value)
    }

    fn decode_value(bytes: &[u8]) -> Result<TimelineRow, String> {
        Timeline::decode_value(bytes)
    }
}
