//! Which partition a key belongs to: Kafka's default placement, so that every journal places a key alike.
//!
//! Owns: the hash and the choice. Never: places an empty key at random – an empty key is a key.

#[cfg(test)]
mod tests;

const SEED: u32 = 0x9747_b28c;
const MULTIPLIER: u32 = 0x5bd1_e995;

/// The partition of `key` among `partitions` (0 counts as 1): `(murmur2(key) & 0x7fffffff) % partitions`.
///
/// Source: `org.apache.kafka.clients.producer.internals.BuiltInPartitioner.partitionForKey`.
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) as u32 & 0x7fff_ffff) % partitions.max(1)
}

/// Kafka's 32-bit murmur2 of `key`. Source: `org.apache.kafka.common.utils.Utils.murmur2`.
pub fn murmur2(key: &[u8]) -> i32 {
    let (words, tail) = key.as_chunks::<4>();
    let length = key.len() as u32;
    let hash = words.iter().fold(SEED ^ length, |hash, word| mix_word(hash, u32::from_le_bytes(*word)));
    finish(mix_tail(hash, tail)) as i32
}

fn mix_word(hash: u32, word: u32) -> u32 {
    let word = word.wrapping_mul(MULTIPLIER);
    let word = (word ^ (word >> 24)).wrapping_mul(MULTIPLIER);
    hash.wrapping_mul(MULTIPLIER) ^ word
}

fn mix_tail(hash: u32, tail: &[u8]) -> u32 {
    if tail.is_empty() {
        return hash;
    }
    let word = tail.iter().rev().fold(0, |word, byte| (word << 8) | u32::from(*byte));
    (hash ^ word).wrapping_mul(MULTIPLIER)
}

fn finish(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 13)).wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}
