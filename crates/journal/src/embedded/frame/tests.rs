//! The frame's round trip, and that no single flipped bit goes unnoticed.

use proptest::prelude::*;

use super::*;

const STAMP: Stamp = Stamp { offset: 7, timestamp_us: -1, place: 3 };

fn encoded(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out, 99, STAMP, key, value);
    out
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(key: Vec<u8>, value: Vec<u8>, offset: u64, timestamp_us: i64, place: u32, seed: u32) {
        let mut out = Vec::new();
        encode(&mut out, seed, Stamp { offset, timestamp_us, place }, &key, &value);
        let size = out.len();
        out.extend_from_slice(b"the next frame");
        let frame = decode(&out, seed).unwrap();
        prop_assert_eq!((frame.key, frame.value), (key.as_slice(), value.as_slice()));
        prop_assert_eq!((frame.head.offset, frame.head.timestamp_us, frame.head.place), (offset, timestamp_us, place));
        prop_assert_eq!(frame.head.bytes, size);
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes: Vec<u8>, seed: u32) {
        let _ = decode(&bytes, seed);
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let frame = encoded(b"key", b"value");
    for bit in 0..frame.len() * 8 {
        let mut flipped = frame.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&flipped, 99).is_err(), "bit {bit}");
    }
}

#[test]
fn every_cut_is_noticed_and_another_place_is_refused() {
    let frame = encoded(b"key", b"value");
    assert!((0..frame.len()).all(|cut| decode(&frame[..cut], 99).is_err()));
    assert_eq!(decode(&frame, 98), Err(Broken::Checksum));
    assert_eq!(decode(&frame, 99).unwrap().head.commit(), 4);
}

#[test]
fn seeds_differ_by_journal_and_partition() {
    let (one, other) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
    assert_ne!(seed(&one, 0), seed(&one, 1));
    assert_ne!(seed(&one, 0), seed(&other, 0));
}
