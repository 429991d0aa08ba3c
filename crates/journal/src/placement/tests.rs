//! Kafka's own test vectors.

use super::*;

#[test]
fn murmur2_gives_the_values_of_kafkas_own_test() {
    // Source: org.apache.kafka.common.utils.UtilsTest.testMurmur2.
    let vectors = [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ];
    for (key, hash) in vectors {
        assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
    }
}

#[test]
fn a_negative_hash_is_made_positive_as_kafka_does() {
    assert_eq!(partition_of(b"21", 7), ((-973_932_308_i32 & 0x7fff_ffff) % 7) as u32);
    assert_eq!(partition_of(b"abc", 7), 479_470_107 % 7);
}

#[test]
fn every_key_has_a_partition() {
    assert_eq!(partition_of(b"anything", 1), 0);
    assert_eq!(partition_of(b"anything", 0), 0);
    assert!((0..1000_u32).all(|n| partition_of(&n.to_le_bytes(), 12) < 12));
    assert!(partition_of(b"", 12) < 12);
}
