//! A journal in memory, for tests: the behaviour of the others without a disk. What it holds ends with it.
//!
//! Owns: the records of a test. Never: serves production, where a record must outlive the process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::bell::Bell;
use crate::clock::now_us;
use crate::fair::{Batch, FairReader, Lane, check_positions};
use crate::{AppendError, Journal, NewRecord, Position, ReadError, Reader, Record, Topology};

/// The largest record taken, in bytes of key and value.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

/// A journal in memory.
#[derive(Debug)]
pub struct MemoryJournal {
    topology: Topology,
    partitions: Arc<Mutex<Vec<Vec<Record>>>>,
    bell: Arc<Bell>,
}

impl MemoryJournal {
    /// A new, empty journal with its own identity and `partitions` partitions (0 counts as 1).
    pub fn new(partitions: u32) -> Self {
        let topology = Topology {
            cluster_id: uuid::Uuid::new_v4().to_string(),
            topic_id: uuid::Uuid::new_v4().to_string(),
            partitions: partitions.max(1),
        };
        let partitions = vec![Vec::new(); topology.partitions as usize];
        Self { topology, partitions: Arc::new(Mutex::new(partitions)), bell: Arc::default() }
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    fn topology(&self) -> Topology {
        self.topology.clone()
    }

    fn record_bytes_max(&self) -> usize {
        RECORD_BYTES_MAX
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Position>, AppendError> {
        records.iter().try_for_each(|record| record.check(self.topology.partitions, RECORD_BYTES_MAX))?;
        let timestamp_us = now_us();
        let mut partitions = lock(&self.partitions);
        let positions = records.into_iter().map(|record| put(&mut partitions, record, timestamp_us)).collect();
        drop(partitions);
        self.bell.ring();
        Ok(positions)
    }

    fn reader(&self, from: Vec<Position>) -> Result<Box<dyn Reader>, ReadError> {
        let held: Vec<_> = self.ends()?.into_iter().map(|end| (0, end)).collect();
        check_positions(&from, &held)?;
        let lane = |next| MemoryLane { partitions: self.partitions.clone(), next };
        Ok(Box::new(FairReader::new(from.into_iter().map(lane).collect(), self.bell.clone())))
    }

    fn ends(&self) -> Result<Vec<u64>, ReadError> {
        Ok(lock(&self.partitions).iter().map(|partition| partition.len() as u64).collect())
    }

    fn starts(&self) -> Result<Vec<u64>, ReadError> {
        Ok(vec![0; self.topology.partitions as usize])
    }
}

struct MemoryLane {
    partitions: Arc<Mutex<Vec<Vec<Record>>>>,
    next: Position,
}

impl Lane for MemoryLane {
    type Scratch = ();

    fn behind(&mut self) -> bool {
        lock(&self.partitions)
            .get(self.next.partition as usize)
            .is_some_and(|records| self.next.offset < records.len() as u64)
    }

    fn take(&mut self, _: &mut (), batch: &mut Batch) -> Result<(), ReadError> {
        let partitions = lock(&self.partitions);
        let records = partitions.get(self.next.partition as usize).map(Vec::as_slice).unwrap_or_default();
        for record in records.iter().skip(self.next.offset as usize) {
            if !batch.takes(record.bytes()) {
                break;
            }
            batch.push(record.clone());
            self.next.offset += 1;
        }
        Ok(())
    }
}

fn put(partitions: &mut [Vec<Record>], record: NewRecord, timestamp_us: i64) -> Position {
    let NewRecord { partition, key, value, headers } = record;
    let records = partitions.get_mut(partition as usize).expect("the partition was checked");
    let position = Position { partition, offset: records.len() as u64 };
    records.push(Record { position, timestamp_us, key, value, headers });
    position
}

fn lock(partitions: &Mutex<Vec<Vec<Record>>>) -> MutexGuard<'_, Vec<Vec<Record>>> {
    partitions.lock().unwrap_or_else(PoisonError::into_inner)
}
