//! The header's round trip and its guards.

use super::*;

fn header(previous: Option<Sealed>) -> Header {
    Header { topic_id: uuid::Uuid::from_u128(5), partition: 3, base: 1000, previous }
}

#[test]
fn what_is_encoded_is_decoded() {
    for previous in [None, Some(Sealed { base: 10, bytes: 4096 })] {
        assert_eq!(Header::decode(&header(previous).encode()), Ok(header(previous)));
    }
}

#[test]
fn damage_and_newer_versions_are_told_apart() {
    let good = header(None).encode();
    for byte in 0..60 {
        let mut bad = good;
        bad[byte] ^= 0x10;
        let newer = (8..12).contains(&byte);
        let expected = if newer {
            NoHeader::Newer(u32::from_le_bytes([bad[8], bad[9], bad[10], bad[11]]))
        } else {
            NoHeader::Damaged
        };
        assert_eq!(Header::decode(&bad), Err(expected), "byte {byte}");
    }
    assert_eq!(Header::decode(&good[..40]), Err(NoHeader::Damaged));
}
