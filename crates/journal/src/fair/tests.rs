//! The turns of a reader, over lanes that fail or are large on purpose.

use super::*;

/// A lane of records of given sizes; a size of `usize::MAX` cannot be read.
struct Sizes {
    partition: u32,
    left: Vec<usize>,
    next: u64,
}

impl Lane for Sizes {
    type Scratch = ();

    fn behind(&mut self) -> bool {
        !self.left.is_empty()
    }

    fn take(&mut self, _: &mut (), batch: &mut Batch) -> Result<(), ReadError> {
        while let Some(size) = self.left.first().copied() {
            if size == usize::MAX {
                return Err(ReadError::NoSuchPartition { partition: self.partition, partitions: 0 });
            }
            if !batch.takes(size) {
                return Ok(());
            }
            let position = Position { partition: self.partition, offset: self.next };
            batch.push(Record {
                position,
                timestamp_us: 0,
                key: Vec::new(),
                value: vec![0; size],
                headers: Vec::new(),
            });
            self.left.remove(0);
            self.next += 1;
        }
        Ok(())
    }
}

fn reader<const N: usize>(lanes: [&[usize]; N]) -> FairReader<Sizes> {
    let lane = |(n, sizes): (usize, &&[usize])| Sizes { partition: n as u32, left: sizes.to_vec(), next: 0 };
    FairReader::new(lanes.iter().enumerate().map(lane).collect(), Arc::default())
}

fn partitions(records: &[Record]) -> Vec<u32> {
    records.iter().map(|record| record.position.partition).collect()
}

const LIMITS: PollLimits = PollLimits { records_max: 6, bytes_max: 100 };

#[test]
fn each_lane_gets_its_share_and_the_rest_is_filled() {
    let mut reader = reader([&[1; 10], &[1; 2], &[], &[1; 10]]);
    let records = reader.poll(LIMITS, Duration::ZERO).unwrap();
    assert_eq!(partitions(&records), [0, 0, 1, 1, 3, 3]);
    let records = reader.poll(LIMITS, Duration::ZERO).unwrap();
    assert_eq!(partitions(&records), [0, 0, 0, 3, 3, 3]);
}

#[test]
fn a_large_record_is_not_passed_over_for_ever() {
    let mut reader = reader([&[30; 50], &[90; 3]]);
    let polls: Vec<_> = (0..4).map(|_| partitions(&reader.poll(LIMITS, Duration::ZERO).unwrap())).collect();
    assert!(polls.iter().take(2).flatten().any(|partition| *partition == 1), "{polls:?}");
    assert!(polls.iter().flatten().any(|partition| *partition == 0), "{polls:?}");
}

#[test]
fn an_error_does_not_take_records_with_it_and_stays() {
    let mut reader = reader([&[1; 2], &[1, usize::MAX, 1]]);
    assert_eq!(partitions(&reader.poll(LIMITS, Duration::ZERO).unwrap()), [0, 0, 1]);
    for _ in 0..3 {
        assert!(reader.poll(LIMITS, Duration::ZERO).is_err());
    }
}

#[test]
fn a_reader_over_nothing_waits() {
    let began = Instant::now();
    assert!(reader([]).poll(LIMITS, Duration::from_millis(20)).unwrap().is_empty());
    assert!(began.elapsed() >= Duration::from_millis(20));
}
