//! Reading several partitions fairly: turn by turn, none starves another, within the limits of the poll.
//!
//! Owns: the turns, the limits and the waiting. Never: knows where the records come from; that is a [`Lane`]'s work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::bell::Bell;
use crate::{PollLimits, Position, ReadError, Reader, Record};

#[cfg(test)]
mod tests;

/// One partition being read.
pub(crate) trait Lane: Send {
    /// Working memory that the lanes of a reader share, turn by turn.
    type Scratch: Default + Send;

    /// Whether there is a durable record that was not taken yet.
    fn behind(&mut self) -> bool;

    /// Puts the next records into the batch until [`Batch::takes`] says no or none is left.
    fn take(&mut self, scratch: &mut Self::Scratch, batch: &mut Batch) -> Result<(), ReadError>;
}

/// The records of one poll, and what may still be added in the current turn.
#[derive(Debug)]
pub(crate) struct Batch {
    records: Vec<Record>,
    bytes: usize,
    limits: PollLimits,
    share: PollLimits,
    turn_records: usize,
    turn_bytes: usize,
    full: bool,
}

impl Batch {
    fn new(limits: PollLimits, lanes_behind: usize) -> Self {
        let limits = PollLimits { records_max: limits.records_max.max(1), ..limits };
        let lanes = lanes_behind.max(1);
        let share =
            PollLimits { records_max: limits.records_max.div_ceil(lanes), bytes_max: limits.bytes_max.div_ceil(lanes) };
        Self { records: Vec::new(), bytes: 0, limits, share, turn_records: 0, turn_bytes: 0, full: false }
    }

    fn begin_turn(&mut self) {
        (self.turn_records, self.turn_bytes) = (0, 0);
    }

    /// How many more records this turn may take.
    pub(crate) fn records_left(&self) -> usize {
        let turn = self.share.records_max.saturating_sub(self.turn_records);
        turn.min(self.limits.records_max.saturating_sub(self.records.len()))
    }

    /// Whether a record of `bytes` may be added in this turn. The first of a poll always may, however large.
    pub(crate) fn takes(&mut self, bytes: usize) -> bool {
        let first = self.records.is_empty();
        let fits = first || self.bytes.saturating_add(bytes) <= self.limits.bytes_max;
        self.full |= !fits;
        let first_of_turn = self.turn_records == 0;
        let in_share = first_of_turn || self.turn_bytes.saturating_add(bytes) <= self.share.bytes_max;
        fits && in_share && self.records_left() > 0
    }

    /// Adds a record that [`Batch::takes`].
    pub(crate) fn push(&mut self, record: Record) {
        self.bytes += record.bytes();
        self.turn_bytes += record.bytes();
        self.turn_records += 1;
        self.records.push(record);
        self.full |= self.records.len() >= self.limits.records_max || self.bytes >= self.limits.bytes_max;
    }
}

/// A reader over lanes.
pub(crate) struct FairReader<L: Lane> {
    lanes: Vec<L>,
    scratch: L::Scratch,
    bell: Arc<Bell>,
    first: usize,
    failed: Option<ReadError>,
}

impl<L: Lane> FairReader<L> {
    pub(crate) fn new(lanes: Vec<L>, bell: Arc<Bell>) -> Self {
        Self { lanes, scratch: L::Scratch::default(), bell, first: 0, failed: None }
    }

    /// Whatever is there now. An error behind records already taken is kept for the next poll, so that none is lost.
    fn gather(&mut self, limits: PollLimits) -> Result<Vec<Record>, ReadError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let behind = self.lanes.iter_mut().filter_map(|lane| lane.behind().then_some(())).count();
        let mut batch = Batch::new(limits, behind);
        let outcome = self.take_turns(&mut batch);
        match outcome {
            Err(error) if batch.records.is_empty() => return Err(error),
            Err(error) => self.failed = Some(error),
            Ok(()) => {}
        }
        Ok(batch.records)
    }

    fn take_turns(&mut self, batch: &mut Batch) -> Result<(), ReadError> {
        let mut idle = 0;
        while !batch.full && idle < self.lanes.len() {
            let lane = self.lanes.get_mut(self.first).expect("`first` is taken modulo the number of lanes");
            let before = batch.records.len();
            batch.begin_turn();
            if lane.behind() {
                lane.take(&mut self.scratch, batch)?;
            }
            idle = if batch.records.len() == before { idle + 1 } else { 0 };
            // A lane that found no room keeps its turn: otherwise its large record could be passed over for ever.
            if !batch.full || batch.records.len() > before {
                self.first = (self.first + 1) % self.lanes.len();
            }
        }
        Ok(())
    }
}

impl<L: Lane> Reader for FairReader<L> {
    fn poll(&mut self, limits: PollLimits, wait: Duration) -> Result<Vec<Record>, ReadError> {
        let deadline = Instant::now().checked_add(wait);
        loop {
            let seen = self.bell.rings();
            let records = self.gather(limits)?;
            if !records.is_empty() || !self.bell.wait_past(seen, deadline) {
                return Ok(records);
            }
        }
    }
}

/// Checks the starting positions of a reader against what each partition holds (`start`, `end` by index).
pub(crate) fn check_positions(from: &[Position], held: &[(u64, u64)]) -> Result<(), ReadError> {
    let mut named = BTreeSet::new();
    for Position { partition, offset } in from.iter().copied() {
        let partitions = held.len() as u32;
        let (start, end) = *held.get(partition as usize).ok_or(ReadError::NoSuchPartition { partition, partitions })?;
        if !(start..=end).contains(&offset) {
            return Err(ReadError::OffsetOutOfRange { partition, asked: offset, start, end });
        }
        if !named.insert(partition) {
            return Err(ReadError::PartitionTwice { partition });
        }
    }
    Ok(())
}
