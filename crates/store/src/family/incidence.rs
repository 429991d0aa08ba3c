//! `incidence`: (identifier id, fragment id) → nothing: which fragments carry an identifier. The identity graph lies in these
//! rows and in the fragments'.

use types::{FragmentId, IdentifierId};

use super::{Family, pair, split_pair};

/// The family of incidences.
#[derive(Debug)]
pub struct Incidence;

impl Family for Incidence {
    const NAME: &'static str = "incidence";
    const PREFIX_BYTES: usize = 16;
    type Key = (IdentifierId, FragmentId);
    type Value = ();

    fn encode_key((identifier, fragment): &Self::Key) -> Vec<u8> {
        pair(&identifier.0, &fragment.0).to_vec()
    }

    fn write_key((identifier, fragment): &Self::Key, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&pair(&identifier.0, &fragment.0));
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        split_pair(bytes).map(|(identifier, fragment)| (IdentifierId(identifier), FragmentId(fragment)))
    }

    fn encode_value((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn decode_value(_: &[u8]) -> Result<(), String> {
        Ok(())
    }
}
