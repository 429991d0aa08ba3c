//! Derived keys: keyed BLAKE3 hashes that stand for identifiers, fragments, partitions and copies wherever bytes lie on disk.
//!
//! One key a deployment (`HashKey`). Each purpose has its own domain byte, so that no two kinds of key can meet.

use serde::{Deserialize, Serialize};

use crate::{Identifier, IdentifierId};

macro_rules! key_of_16_bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub [u8; 16]);

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
            }
        }
    };
}

key_of_16_bytes! {
    /// What a fragment is known by: the hash of its set of identifiers.
    FragmentId
}
key_of_16_bytes! {
    /// What a record is placed by: the hash of its strongest identifier under the fixed priority.
    PartitionKey
}
key_of_16_bytes! {
    /// A touchpoint's identity: the hash of partition key, source and message id.
    CopyKey
}
key_of_16_bytes! {
    /// The hash of an order id.
    OrderKey
}
key_of_16_bytes! {
    /// Hash of a touchpoint's encoded bytes, without received_at.
    ContentHash
}

/// The deployment's secret from which all derived keys come.
#[derive(Clone)]
pub struct HashKey([u8; 32]);

#[derive(Clone, Copy)]
enum Domain {
    Identifier = 1,
    Fragment = 2,
    Partition = 3,
    Copy = 4,
    Order = 5,
    Content = 6,
    Fingerprint = 7,
}

impl HashKey {
    /// A key of 32 bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key made from a text (BLAKE3 key derivation).
    pub fn derive(text: &str) -> Self {
        Self(blake3::derive_key("patron hash key v1", text.as_bytes()))
    }

    /// Public name of the key: equal keys have equal fingerprints, and the key cannot be found from it.
    pub fn fingerprint(&self) -> String {
        self.hash(Domain::Fingerprint, &[]).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The id of an identifier.
    pub fn identifier_id(&self, identifier: &Identifier) -> IdentifierId {
        self.identifier_id_of(&identifier.namespace, &identifier.value)
    }

    /// The id of an identifier, given as two texts.
    pub fn identifier_id_of(&self, namespace: &str, value: &str) -> IdentifierId {
        IdentifierId::from_hash(self.hash(Domain::Identifier, &[namespace.as_bytes(), value.as_bytes()]))
    }

    /// The partition key of an identifier.
    pub fn partition_key(&self, strongest: &Identifier) -> PartitionKey {
        PartitionKey(self.hash(Domain::Partition, &[strongest.namespace.as_bytes(), strongest.value.as_bytes()]))
    }

    /// The fragment of a set of identifiers, given by their ids in ascending order without repeats.
    pub fn fragment_id(&self, sorted: &[IdentifierId]) -> FragmentId {
        FragmentId(self.hash_bytes(Domain::Fragment, sorted.iter().map(|id| id.0.as_slice())))
    }

    /// The identity of a touchpoint.
    pub fn copy_key(&self, partition_key: &[u8], source: &str, message_id: &str) -> CopyKey {
        CopyKey(self.hash(Domain::Copy, &[partition_key, source.as_bytes(), message_id.as_bytes()]))
    }

    /// The key of an order.
    pub fn order_key(&self, order_id: &str) -> OrderKey {
        OrderKey(self.hash(Domain::Order, &[order_id.as_bytes()]))
    }

    /// The hash of a touchpoint's encoded bytes.
    pub fn content_hash(&self, payload: &[u8]) -> ContentHash {
        ContentHash(self.hash(Domain::Content, &[payload]))
    }

    /// Each part is preceded by its length: no two lists of parts give the same bytes.
    fn hash<const PARTS: usize>(&self, domain: Domain, parts: &[&[u8]; PARTS]) -> [u8; 16] {
        let lengths = parts.map(|part| (part.len() as u64).to_le_bytes());
        self.hash_bytes(domain, lengths.iter().zip(parts).flat_map(|(length, part)| [length.as_slice(), *part]))
    }

    /// What is short, as nearly all of it is, is hashed in one go: a hasher that grows takes two kilobytes and twice the time.
    fn hash_bytes<'a>(&self, domain: Domain, parts: impl Iterator<Item = &'a [u8]> + Clone) -> [u8; 16] {
        let mut short = [0; SHORT_BYTES];
        match fill(&mut short, domain, parts.clone()) {
            Some(bytes) => first_half(blake3::keyed_hash(&self.0, bytes)),
            None => {
                let mut hasher = blake3::Hasher::new_keyed(&self.0);
                hasher.update(&[domain as u8]);
                for part in parts {
                    hasher.update(part);
                }
                first_half(hasher.finalize())
            }
        }
    }
}

/// Most bytes that are hashed in one go.
const SHORT_BYTES: usize = 512;

/// The domain and the parts, one after the other; `None` where they are too long.
fn fill<'a, 'b>(
    short: &'b mut [u8; SHORT_BYTES],
    domain: Domain,
    parts: impl Iterator<Item = &'a [u8]>,
) -> Option<&'b [u8]> {
    let (first, _) = short.split_first_mut()?;
    *first = domain as u8;
    let mut filled = 1;
    for part in parts {
        short.get_mut(filled..filled + part.len())?.copy_from_slice(part);
        filled += part.len();
    }
    short.get(..filled)
}

impl std::fmt::Debug for HashKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "HashKey({})", self.fingerprint())
    }
}

fn first_half(hash: blake3::Hash) -> [u8; 16] {
    let (half, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
    *half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let key = HashKey::derive("test");
        assert_ne!(key.copy_key(b"p", "ab", "c"), key.copy_key(b"p", "a", "bc"));
    }

    /// What is on disks already was hashed by a hasher that grows.
    #[test]
    fn short_and_long_are_hashed_alike() {
        let key = HashKey::derive("test");
        for length in [0, 1, 63, 64, 100, SHORT_BYTES - 10, SHORT_BYTES - 9, SHORT_BYTES - 8, 1_023, 1_024, 5_000] {
            let payload = vec![7; length];
            let mut hasher = blake3::Hasher::new_keyed(&key.0);
            hasher.update(&[Domain::Content as u8]).update(&(length as u64).to_le_bytes()).update(&payload);
            let mut half = [0; 16];
            hasher.finalize_xof().fill(&mut half);
            assert_eq!(key.content_hash(&payload).0, half, "{length} bytes");
        }
    }

    #[test]
    fn domains_and_keys_are_apart() {
        let (key, other) = (HashKey::derive("test"), HashKey::derive("other"));
        let identifier = Identifier::new("email", "a@b.c");
        assert_ne!(key.partition_key(&identifier).0, key.identifier_id(&identifier).0);
        assert_ne!(key.identifier_id(&identifier), other.identifier_id(&identifier));
        assert_ne!(key.fingerprint(), other.fingerprint());
    }
}
