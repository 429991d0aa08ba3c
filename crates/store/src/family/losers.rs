//! `losers`: (fragment id, copy key, content hash) → nothing: which conflicting touchpoints carry a fragment's identifiers, so that
//! an earlier instant, at which one of them counted, can be answered from the fragment.

use types::{ContentHash, CopyKey, FragmentId};

use super::Family;

/// The family of losers.
#[derive(Debug)]
pub struct Losers;

impl Family for Losers {
    const NAME: &'static str = "losers";
    const PREFIX_BYTES: usize = 16;
    type Key = (FragmentId, CopyKey, ContentHash);
    type Value = ();

    fn encode_key((fragment, copy, content): &Self::Key) -> Vec<u8> {
        [fragment.0.as_slice(), &copy.0, &content.0].concat()
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        let (fragment, rest) = bytes.split_first_chunk::<16>()?;
        let (copy, content) = rest.split_first_chunk::<16>()?;
        Some((FragmentId(*fragment), CopyKey(*copy), ContentHash(content.try_into().ok()?)))
    }

    fn encode_value((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn decode_value(_: &[u8]) -> Result<(), String> {
        Ok(())
    }
}
