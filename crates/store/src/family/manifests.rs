//! `manifest`: the one row that says what the state is and whose journal it was folded from.

use super::{Family, from_postcard, to_postcard};
use crate::manifest::{FORMAT_VERSION, Manifest};

/// The family of the manifest; its only key is empty.
#[derive(Debug)]
pub struct Manifests;

impl Family for Manifests {
    const NAME: &'static str = "manifest";
    const PREFIX_BYTES: usize = 0;
    type Key = ();
    type Value = Manifest;

    fn encode_key((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn decode_key(bytes: &[u8]) -> Option<()> {
        bytes.is_empty().then_some(())
    }

    fn encode_value(value: &Manifest) -> Vec<u8> {
        to_postcard(value)
    }

    fn decode_value(bytes: &[u8]) -> Result<Manifest, String> {
        // Of another format, only its number can be read.
        let (format_version, _) = postcard::take_from_bytes(bytes).map_err(|error| error.to_string())?;
        if format_version != FORMAT_VERSION {
            return Ok(Manifest { format_version, ..Manifest::default() });
        }
        from_postcard(bytes)
    }
}
