//! Letters and settlements read back whole, whatever the original bytes; foreign records are none.

use proptest::prelude::*;

use super::*;

fn letter() -> impl Strategy<Value = DeadLetter> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let origin = ("[a-z]{1,8}", "[A-Za-z0-9_-]{22}", any::<u32>(), any::<u64>());
    let cause = ("[a-z_]{1,12}", any::<String>(), any::<bool>(), "[a-z-]{1,12}");
    let original =
        (prop::option::of(bytes()), prop::option::of(bytes()), prop::collection::vec(("[a-z]{1,6}", bytes()), 0..3));
    (origin, cause, any::<i64>(), original, any::<bool>()).prop_map(
        |(origin, cause, at, (key, value, headers), left_out)| DeadLetter {
            origin: Origin { topic: origin.0, topic_id: origin.1, partition: origin.2, offset: origin.3 },
            cause: Cause {
                reason: cause.0,
                description: cause.1,
                stage: if cause.2 { Stage::Decoding } else { Stage::Admission },
                by: cause.3,
            },
            received_at: Micros(at),
            key,
            value_left_out: left_out && value.is_none(),
            value,
            headers,
        },
    )
}

proptest! {
    #[test]
    fn letters_read_back(letter in letter()) {
        let record = DeadLetterRecord::Letter(Box::new(letter));
        prop_assert_eq!(DeadLetterRecord::decode(record.clone().encode()), Some(record));
    }

    /// Its headers of then do not hide those of now, and are told as they were.
    #[test]
    fn a_letter_that_was_one_before_reads_as_of_now(first in letter(), second in letter()) {
        let (_, _, headers) = DeadLetterRecord::Letter(Box::new(first)).encode();
        let again = DeadLetter { headers: headers.clone(), ..second.clone() };
        let read = DeadLetterRecord::decode(DeadLetterRecord::Letter(Box::new(again)).encode());
        let Some(DeadLetterRecord::Letter(read)) = read else { panic!("no letter") };
        prop_assert_eq!((&read.origin, &read.cause, read.received_at), (&second.origin, &second.cause, second.received_at));
        prop_assert_eq!(read.headers, headers);
    }
}

#[test]
fn settlements_read_back_and_foreign_records_are_none() {
    for settlement in [Settlement::Redriven, Settlement::Dropped] {
        let record = DeadLetterRecord::Settled("id/0/1".into(), settlement);
        assert_eq!(DeadLetterRecord::decode(record.clone().encode()), Some(record));
    }
    assert_eq!(DeadLetterRecord::decode((b"key".to_vec(), b"value".to_vec(), Vec::new())), None);
    let unknown = vec![(format!("{PATRON}settlement"), b"lost".to_vec())];
    assert_eq!(DeadLetterRecord::decode((b"key".to_vec(), Vec::new(), unknown)), None);
}

#[test]
fn headers_that_look_like_ours_hide_nothing() {
    let names =
        ["patron.dead_letter.settlement", "patron.dead_letter.value", "patron.original.x", "__connect.errors.topic"];
    let mut letter = large(10, 10, 10);
    letter.headers = names.map(|name| (name.to_owned(), b"dropped".to_vec())).to_vec();
    let record = DeadLetterRecord::Letter(Box::new(letter));
    assert_eq!(DeadLetterRecord::decode(record.clone().encode()), Some(record));
}

#[test]
fn what_is_too_large_is_left_out_and_the_rest_kept() {
    let read = |letter: DeadLetter| {
        let parts = letter.encode_within(2_000);
        assert!(size(&parts) <= 2_000);
        match DeadLetterRecord::decode(parts) {
            Some(DeadLetterRecord::Letter(letter)) => *letter,
            other => panic!("{other:?}"),
        }
    };
    let whole = large(100, 100, 100);
    assert_eq!(read(whole.clone()), whole);
    let without_value = read(large(100, 5_000, 100));
    assert!(without_value.value.is_none() && without_value.value_left_out && without_value.key.is_some());
    for letter in [large(5_000, 5_000, 100), large(5_000, 0, 100), large(10, 10, 5_000)] {
        let read = read(letter);
        assert!(read.value_left_out && read.key.is_none() && read.headers.is_empty());
    }
}

fn large(key: usize, value: usize, header: usize) -> DeadLetter {
    DeadLetter {
        origin: Origin { topic: "t".into(), topic_id: "id".into(), partition: 0, offset: 1 },
        cause: Cause { reason: "r".into(), description: "d".into(), stage: Stage::Decoding, by: "b".into() },
        received_at: Micros(1),
        key: Some(vec![0; key]),
        value: Some(vec![0; value]),
        headers: vec![("h".into(), vec![0; header])],
        value_left_out: false,
    }
}
