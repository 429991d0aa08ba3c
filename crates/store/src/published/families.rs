//! The key kinds of what was told.

use std::path::Path;

use serde::{Deserialize, Serialize};
use types::IdentifierId;

use super::{
    history::MembershipHistory,
    memberships::families::{Deadlines, MembershipChanges, MembershipTolds, Memberships},
    relay::Relays,
    rows::{Holder, IdentityChange, Told},
};
use crate::{
    error::OpenError,
    family::{Family, Shape, from_postcard, shape, to_postcard},
};

/// All column families.
pub(super) const ALL: [Shape; 11] = [
    shape::<PublishedManifests>(4 << 10, false),
    shape::<Tolds>(4 << 10, false),
    shape::<Holders>(4 << 10, false),
    shape::<IdentityChanges>(16 << 10, true),
    shape::<MembershipTolds>(4 << 10, false),
    shape::<ToldSegmentRows>(4 << 10, false),
    shape::<Memberships>(4 << 10, true),
    shape::<Deadlines>(4 << 10, false),
    shape::<MembershipChanges>(16 << 10, true),
    shape::<MembershipHistory>(4 << 10, false),
    shape::<Relays>(4 << 10, false),
];

/// Version of the layout on disk that this code reads and writes.
pub const PUBLISHED_FORMAT_VERSION: u32 = 3;

const ANEW: &str = "delete the directory `published` and start again: the feed begins anew, and whoever follows it lists the customers \
                    anew; or undo what changed";

/// Whose feed it is; written once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedManifest {
    /// Version of the layout on disk.
    pub format_version: u32,
    /// Fingerprint of the hash key.
    pub hash_key: String,
    /// Cluster that holds the journal.
    pub cluster_id: String,
    /// Topic id of `touchpoints`.
    pub topic_id: String,
    /// Drawn when the feed begins: no two feeds have the same.
    pub feed: [u8; 16],
}

impl PublishedManifest {
    pub(super) fn check(&self, wanted: &Self, dir: &Path) -> Result<(), OpenError> {
        let (format, wanted_format) = (self.format_version.to_string(), wanted.format_version.to_string());
        for (what, held, wanted) in [
            ("format version", &format, &wanted_format),
            ("hash key", &self.hash_key, &wanted.hash_key),
            ("journal cluster", &self.cluster_id, &wanted.cluster_id),
            ("journal topic", &self.topic_id, &wanted.topic_id),
        ] {
            if held != wanted {
                let (dir, held, wanted) = (dir.to_owned(), held.clone(), wanted.clone());
                return Err(OpenError::Incompatible { dir, what, held, wanted, remedy: ANEW });
            }
        }
        Ok(())
    }
}

macro_rules! only_row {
    ($(#[$doc:meta])* $name:ident: $family:literal => $value:ty, $decode:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name;

        impl Family for $name {
            const NAME: &'static str = $family;
            const PREFIX_BYTES: usize = 0;
            type Key = ();
            type Value = $value;

            fn encode_key((): &()) -> Vec<u8> {
                Vec::new()
            }

            fn decode_key(bytes: &[u8]) -> Option<()> {
                bytes.is_empty().then_some(())
            }

            fn encode_value(value: &$value) -> Vec<u8> {
                to_postcard(value)
            }

            fn decode_value(bytes: &[u8]) -> Result<$value, String> {
                $decode(bytes)
            }
        }
    };
}

only_row!(
    /// `manifest`: the one row that says whose feed it is.
    PublishedManifests: "manifest" => PublishedManifest, read_manifest
);
only_row!(
    /// `told`: the one row that says how far was told.
    Tolds: "told" => Told, from_postcard
);

/// Of another format, only its number can be read.
fn read_manifest(bytes: &[u8]) -> Result<PublishedManifest, String> {
    let (format_version, _) = postcard::take_from_bytes(bytes).map_err(|error| error.to_string())?;
    if format_version != PUBLISHED_FORMAT_VERSION {
        return Ok(PublishedManifest { format_version, ..PublishedManifest::default() });
    }
    from_postcard(bytes)
}

/// `told_segments`: ordinal → a segment that was told.
#[derive(Debug)]
pub(super) struct ToldSegmentRows;

/// `holders`: identifier id → the customer who was last told to hold it.
#[derive(Debug)]
pub(super) struct Holders;

impl Family for Holders {
    const NAME: &'static str = "holders";
    const PREFIX_BYTES: usize = 0;
    type Key = IdentifierId;
    type Value = Holder;

    fn encode_key(key: &IdentifierId) -> Vec<u8> {
        key.0.to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<IdentifierId> {
        Some(IdentifierId(bytes.try_into().ok()?))
    }

    fn encode_value(holder: &Holder) -> Vec<u8> {
        [holder.customer.0.as_slice(), &[u8::from(holder.cut)]].concat()
    }

    fn decode_value(bytes: &[u8]) -> Result<Holder, String> {
        match bytes.split_last_chunk::<1>() {
            Some((customer, [cut])) if customer.len() == 16 => {
                let customer = customer.try_into().map_err(|_| "no id".to_owned())?;
                Ok(Holder { customer: IdentifierId(customer), cut: *cut != 0 })
            }
            _ => Err(format!("{} bytes instead of 17", bytes.len())),
        }
    }
}

/// `identity_changes`: sequence number, from 1 without gaps → the change.
#[derive(Debug)]
pub(super) struct IdentityChanges;

impl Family for IdentityChanges {
    const NAME: &'static str = "identity_changes";
    const PREFIX_BYTES: usize = 0;
    type Key = u64;
    type Value = IdentityChange;

    fn encode_key(key: &u64) -> Vec<u8> {
        key.to_be_bytes().to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<u64> {
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    }

    fn encode_value(change: &IdentityChange) -> Vec<u8> {
        to_postcard(change)
    }

    fn decode_value(bytes: &[u8]) -> Result<IdentityChange, String> {
        from_postcard(bytes)
    }
}
