//! Checks of readers: order, beginnings, independence, verbatim bytes.

use super::*;
use crate::{Header, ReadError};

pub(super) async fn partitions_are_read_in_order_and_verbatim(journal: Arc<dyn Journal>) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let odd = [(vec![], vec![]), (every_byte.clone(), vec![]), (vec![], every_byte), (vec![0; 9], vec![255; 70_000])];
    let appended: Vec<_> = (0..200)
        .map(|n: u32| (n % 3, odd[n as usize % odd.len()].clone()))
        .map(|(p, (k, v))| record(p, k, v))
        .zip((0..3).cycle())
        .map(|(record, headers)| NewRecord { headers: some_headers(headers), ..record })
        .collect();
    for call in appended.chunks(7) {
        journal.append(call.to_vec()).await.expect("accepted");
    }
    let read = read(&journal, beginning(), appended.len()).await;
    for partition in 0..PARTITIONS {
        let expected: Vec<_> = appended.iter().filter(|record| record.partition == partition).collect();
        let found = of(&read, partition);
        assert_eq!(found.len(), expected.len());
        for (offset, (found, expected)) in found.into_iter().zip(expected).enumerate() {
            assert_eq!(found.position.offset, offset as u64);
            assert_eq!((&found.key, &found.value), (&expected.key, &expected.value), "bytes are kept verbatim");
            assert_eq!(found.headers, expected.headers, "headers are kept verbatim and in order");
            assert!(found.timestamp_us > 1_600_000_000_000_000, "the append time is in microseconds");
        }
    }
}

/// None, or several: of one name twice, and one without a value.
fn some_headers(count: usize) -> Vec<Header> {
    let all = [("reason", &b"first"[..]), ("reason", b"second"), ("empty", b"")];
    let header = |(name, value): (&str, &[u8])| Header { name: name.to_owned(), value: value.to_vec() };
    all.into_iter().take(if count == 1 { 3 } else { 0 }).map(header).collect()
}

pub(super) async fn a_reader_begins_at_any_offset(journal: Arc<dyn Journal>) {
    fill(&journal, 1, 50).await;
    fill(&journal, 2, 10).await;
    for offset in 0..50 {
        let from = vec![Position { partition: 1, offset }, Position { partition: 2, offset: offset.min(10) }];
        let expected = (50 - offset) + (10 - offset.min(10));
        let read = read(&journal, from, expected as usize).await;
        assert_eq!(of(&read, 1)[0].position.offset, offset);
        assert_eq!(of(&read, 1)[0].value, offset.to_string().into_bytes());
    }
    let reader = journal.reader(vec![Position { partition: 1, offset: 50 }]).expect("the end is a beginning");
    let (reader, none) = poll(reader, PLENTY, Duration::ZERO).await;
    assert!(none.is_empty());
    fill(&journal, 1, 1).await;
    let (_, one) = poll(reader, PLENTY, PATIENCE).await;
    assert_eq!(one[0].position, Position { partition: 1, offset: 50 });
}

pub(super) async fn a_reader_reads_only_its_partitions(journal: Arc<dyn Journal>) {
    for partition in 0..PARTITIONS {
        fill(&journal, partition, 5).await;
    }
    let read = read(&journal, vec![Position { partition: 3, offset: 2 }], 3).await;
    assert!(read.iter().all(|record| record.position.partition == 3));
    let nothing = journal.reader(Vec::new()).expect("a reader over no partition is one");
    assert!(poll(nothing, PLENTY, Duration::ZERO).await.1.is_empty());
}

pub(super) async fn readers_are_independent(journal: Arc<dyn Journal>) {
    fill(&journal, 0, 20).await;
    let (one, other) = (journal.reader(beginning()), journal.reader(beginning()));
    let (one, other) = (one.expect("a reader"), other.expect("another reader"));
    let half = PollLimits { records_max: 10, ..PLENTY };
    let (one, first_half) = poll(one, half, PATIENCE).await;
    assert_eq!(first_half.len(), 10);
    let (_, all) = poll(other, PLENTY, PATIENCE).await;
    assert_eq!(all[0].position.offset, 0, "what one reader read, another still reads");
    let (_, second_half) = poll(one, half, PATIENCE).await;
    assert_eq!(second_half[0].position.offset, 10);
}

pub(super) async fn large_records_come_back_whole(journal: Arc<dyn Journal>) {
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let records = vec![record(0, "before", "small"), record(0, "large", large.clone()), record(0, "after", "small")];
    let positions = journal.append(records).await.expect("a record of 1 MiB is accepted");
    assert_eq!(positions, [0, 1, 2].map(|offset| Position { partition: 0, offset }), "each lies where it was told");
    let read = read(&journal, beginning(), 3).await;
    assert!(read[1].value == large, "a large value is kept verbatim");
    assert_eq!(read[2].key, b"after");
}

pub(super) async fn what_is_not_there_is_refused(journal: Arc<dyn Journal>) {
    fill(&journal, 1, 3).await;
    let beyond = first_error(&journal, vec![Position { partition: 1, offset: 4 }]).await;
    assert!(
        matches!(beyond, ReadError::OffsetOutOfRange { partition: 1, asked: 4, start: 0, end: 3 }),
        "an offset beyond the end is refused, got {beyond:?}"
    );
    let nowhere = first_error(&journal, vec![Position { partition: PARTITIONS, offset: 0 }]).await;
    assert!(
        matches!(nowhere, ReadError::NoSuchPartition { partition: PARTITIONS, .. }),
        "an unknown partition is refused, got {nowhere:?}"
    );
    let twice = first_error(&journal, vec![Position { partition: 1, offset: 0 }; 2]).await;
    assert!(
        matches!(twice, ReadError::PartitionTwice { partition: 1 }),
        "a partition named twice is refused, got {twice:?}"
    );
}

/// The error of making the reader or, for journals that learn it from a server, of its first poll.
async fn first_error(journal: &Arc<dyn Journal>, from: Vec<Position>) -> ReadError {
    let mut reader = match journal.reader(from) {
        Ok(reader) => reader,
        Err(error) => return error,
    };
    let polling = tokio::task::spawn_blocking(move || reader.poll(PLENTY, PATIENCE));
    polling.await.expect("polling does not panic").expect_err("what is not there cannot be read")
}
