//! The frame's round trip, and that no single flipped bit goes unnoticed.

use proptest::prelude::*;

use super::*;
use crate::Header;

const STAMP: Stamp = Stamp { offset: 7, timestamp_us: -1, place: 3 };

fn encoded(key: &[u8], value: &[u8]) -> Vec<u8> {
    let header = Header { name: "reason".to_owned(), value: b"broken".to_vec() };
    let mut out = Vec::new();
    encode(&mut out, 99, STAMP, Body { key, headers: &headers::encode(&[header]), value });
    out
}

fn header() -> impl Strategy<Value = Header> {
    (any::<String>(), any::<Vec<u8>>()).prop_map(|(name, value)| Header { name, value })
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        (key, value) in any::<(Vec<u8>, Vec<u8>)>(),
        given in prop::collection::vec(header(), 0..4),
        (offset, timestamp_us, place) in any::<(u64, i64, u32)>(),
        seed in any::<u32>(),
    ) {
        let mut out = Vec::new();
        let body = Body { key: &key, headers: &headers::encode(&given), value: &value };
        encode(&mut out, seed, Stamp { offset, timestamp_us, place }, body);
        let size = out.len();
        out.extend_from_slice(b"the next frame");
        let frame = decode(&out, seed).unwrap();
        prop_assert_eq!((frame.key, frame.value), (key.as_slice(), value.as_slice()));
        prop_assert_eq!(headers::decode(frame.headers), Some(given));
        prop_assert_eq!((frame.head.offset, frame.head.timestamp_us, frame.head.place), (offset, timestamp_us, place));
        prop_assert_eq!(frame.head.bytes, size);
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes: Vec<u8>, seed: u32) {
        let _ = decode(&bytes, seed);
        let _ = headers::split(&bytes);
        let _ = headers::decode(&bytes);
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
