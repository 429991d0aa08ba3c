//! The suite that every journal must pass, whatever is behind the trait. For tests.
//!
//! Owns: what "a journal" means, as checks. Never: knows a kind of journal; what is special to one is tested beside it.
//!
//! A failed check panics and names itself. Run it on a Tokio runtime; it reads on blocking threads.

#![expect(clippy::indexing_slicing, reason = "checks of a test suite may panic")]

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{Journal, NewRecord, PollLimits, Position, Reader, Record};

mod appending;
mod polling;
mod reading;

/// The partitions that a journal under test must have.
pub const PARTITIONS: u32 = 4;

/// Longer than any journal needs to deliver what is there.
const PATIENCE: Duration = Duration::from_secs(30);

const PLENTY: PollLimits = PollLimits { records_max: 1000, bytes_max: 8 << 20 };

/// Runs every check, each on a journal of its own.
///
/// `make` gives a new, empty journal with [`PARTITIONS`] partitions that takes records of 1 MiB.
pub async fn run_all<F, J>(make: F)
where
    F: Fn() -> J,
    J: Future<Output = Arc<dyn Journal>>,
{
    appending::a_new_journal_is_empty(make().await).await;
    appending::positions_are_dense_and_in_the_order_of_the_call(make().await).await;
    appending::an_empty_append_changes_nothing(make().await).await;
    appending::concurrent_appends_get_their_own_positions_and_nothing_is_lost(make().await).await;
    appending::a_partition_that_does_not_exist_is_refused_whole(make().await).await;
    reading::partitions_are_read_in_order_and_verbatim(make().await).await;
    reading::a_reader_begins_at_any_offset(make().await).await;
    reading::a_reader_reads_only_its_partitions(make().await).await;
    reading::readers_are_independent(make().await).await;
    reading::large_records_come_back_whole(make().await).await;
    reading::what_is_not_there_is_refused(make().await).await;
    polling::limits_are_kept(make().await).await;
    polling::a_record_beyond_the_limit_is_returned_alone(make().await).await;
    polling::no_partition_starves(make().await).await;
    polling::a_poll_waits_its_time_and_returns_nothing(make().await).await;
    polling::a_waiting_poll_wakes_when_a_record_comes(make().await).await;
}

fn record(partition: u32, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> NewRecord {
    NewRecord { partition, key: key.into(), value: value.into(), headers: Vec::new() }
}

/// Appends `count` small records to a partition in one call; their values are their numbers.
async fn fill(journal: &Arc<dyn Journal>, partition: u32, count: u64) {
    let records = (0..count).map(|n| record(partition, "key", n.to_string())).collect();
    let ends = journal.ends().expect("ends are known");
    let positions = journal.append(records).await.expect("records within the limits are accepted");
    let expected = (ends[partition as usize]..).map(|offset| Position { partition, offset });
    assert!(expected.take(count as usize).eq(positions), "positions are dense");
}

fn beginning() -> Vec<Position> {
    (0..PARTITIONS).map(|partition| Position { partition, offset: 0 }).collect()
}

/// Polls on a blocking thread.
async fn poll(mut reader: Box<dyn Reader>, limits: PollLimits, wait: Duration) -> (Box<dyn Reader>, Vec<Record>) {
    let polling = tokio::task::spawn_blocking(move || {
        let records = reader.poll(limits, wait).expect("a journal without damage is readable");
        (reader, records)
    });
    polling.await.expect("polling does not panic")
}

/// Reads `count` records from `from` on.
async fn read(journal: &Arc<dyn Journal>, from: Vec<Position>, count: usize) -> Vec<Record> {
    let mut reader = journal.reader(from).expect("the positions are in the journal");
    let mut read = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while read.len() < count {
        let places: Vec<_> = read.iter().map(|record: &Record| record.position).collect();
        assert!(Instant::now() < deadline, "only {} of {count} records came: {places:?}", read.len());
        let (again, records) = poll(reader, PLENTY, Duration::from_secs(1)).await;
        read.extend(records);
        reader = again;
    }
    assert_eq!(read.len(), count, "more records came than were appended");
    read
}

/// The records of one partition, in the order they were read.
fn of(records: &[Record], partition: u32) -> Vec<&Record> {
    records.iter().filter(|record| record.position.partition == partition).collect()
}
