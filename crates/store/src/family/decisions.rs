//! `decisions`: (identifier id, content hash) → an operator's decision about the identifier; each lies under both of its ends.

use types::{ContentHash, IdentifierId};

use super::{
    Family, pair, split_pair,
    timeline::{Timeline, TimelineRow},
};

/// The family of decisions; its values are envelopes with their positions, as those of the timeline.
#[derive(Debug)]
pub struct Decisions;

impl Family for Decisions {
    const NAME: &'static str = "decisions";
    const PREFIX_BYTES: usize = 16;
    type Key = (IdentifierId, ContentHash);
    type Value = TimelineRow;

    fn encode_key((identifier, content): &Self::Key) -> Vec<u8> {
        pair(&identifier.0, &content.0).to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        split_pair(bytes).map(|(identifier, content)| (IdentifierId(identifier), ContentHash(content)))
    }

    fn encode_value(value: &TimelineRow) -> Vec<u8> {
        Timeline::encode_value(value)
    }

    fn decode_value(bytes: &[u8]) -> Result<TimelineRow, String> {
        Timeline::decode_value(bytes)
    }
}
