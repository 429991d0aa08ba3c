//! Reading: every record below the given offsets once, decoded and hashed by whichever thread is free, and kept by its fragment and by
//! its copy key.
//!
//! Reads partitions in whatever order the journal gives them. What is no touchpoint is counted or set aside.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use journal::{Journal, PollLimits, Position, ReadError, Reader, Record};

use super::{BulkError, BulkProgress, Load, Pieces, Unfit, entry::Scratch, pieces, spill::Spill, work::Work};
use crate::{
    incoming::{self, Arrivals, Read},
    replay::{SILENCE_MAX, Shards},
};

/// How long a poll waits for the first record, and so how soon a stop is heard.
const POLL_WAIT: Duration = Duration::from_millis(50);
/// How long a failed read waits before it is tried again.
const RETRY_WAIT: Duration = Duration::from_millis(500);
/// Most records of a poll.
const RECORDS_MAX: usize = 4_096;
/// Most and fewest bytes of a poll.
const POLL_BYTES: (usize, usize) = (64 << 10, 8 << 20);
/// What an entry by copy key takes of the memory, in eighths.
const COPIES_EIGHTHS: usize = 2;

/// What was read.
pub(super) struct Entries {
    pub(super) touchpoints: Pieces,
    pub(super) copies: Pieces,
}

impl Load<'_> {
    /// Reads everything below `until`.
    pub(super) fn read(
        &self,
        journal: &dyn Journal,
        patient: bool,
        until: &BTreeMap<u32, u64>,
        shards: &mut Shards,
        told: &mut dyn FnMut(&BulkProgress) -> bool,
    ) -> Result<Entries, BulkError> {
        let applied = until.keys().map(|partition| (*partition, 0)).collect();
        let heard = Instant::now();
        let feed = Mutex::new(Feed { journal, reader: None, applied, until, patient, heard });
        let numbers = Mutex::new(0..self.work.threads);
        let readers = self.work.on_all(told, || {
            let number = numbers.lock().unwrap_or_else(PoisonError::into_inner).next().unwrap_or_default();
            ReaderThread::new(self, number).run(&feed)
        })?;
        let (mut touchpoints, mut copies) = (Vec::new(), Vec::new());
        for reader in readers {
            gather(shards, reader.seen);
            touchpoints.push(reader.touchpoints);
            copies.push(reader.copies);
        }
        for (partition, offset) in until {
            shards.entry(*partition).or_default().applied = *offset;
        }
        Ok(Entries { touchpoints: pieces(touchpoints), copies: pieces(copies) })
    }
}

/// Adds what one thread counted.
pub(super) fn gather(shards: &mut Shards, seen: Shards) {
    for (partition, more) in seen {
        let shard = shards.entry(partition).or_default();
        shard.touchpoints += more.touchpoints;
        shard.copies += more.copies;
        shard.fragments += more.fragments;
        shard.newest_occurred_at = shard.newest_occurred_at.max(more.newest_occurred_at);
        more.skipped.into_iter().for_each(|(reason, count)| *shard.skipped.entry(reason).or_default() += count);
    }
}

struct ReaderThread<'a> {
    load: &'a Load<'a>,
    arrivals: Arrivals,
    scratch: Scratch,
    touchpoints: Spill,
    copies: Spill,
    seen: Shards,
}

impl<'a> ReaderThread<'a> {
    fn new(load: &'a Load<'a>, number: usize) -> Self {
        let (dir, plan) = (load.files.dir(), load.plan);
        let copies = plan.buffers / 8 * COPIES_EIGHTHS;
        Self {
            load,
            arrivals: Arrivals::default(),
            scratch: Scratch::default(),
            touchpoints: Spill::new(dir, &format!("touchpoints-{number}"), plan.bits, plan.buffers - copies),
            copies: Spill::new(dir, &format!("copies-{number}"), plan.bits, copies),
            seen: Shards::new(),
        }
    }

    fn run(mut self, feed: &Mutex<Feed<'_>>) -> Result<Self, BulkError> {
        let bytes_max = self.load.plan.polled.clamp(POLL_BYTES.0, POLL_BYTES.1);
        let limits = PollLimits { records_max: RECORDS_MAX, bytes_max };
        loop {
            self.load.work.go_on()?;
            let polled = feed.lock().unwrap_or_else(PoisonError::into_inner).poll(limits, &self.load.work)?;
            let Some(records) = polled else { return Ok(self) };
            let count = records.len();
            self.take(records)?;
            self.load.work.read(count);
        }
    }

    fn take(&mut self, records: Vec<Record>) -> Result<(), BulkError> {
        self.arrivals.clear();
        for record in records {
            let partition = record.position.partition;
            match incoming::read(record, self.load.hash_key, &mut self.arrivals) {
                Read::Touchpoint => {}
                Read::Decision(decision) => self.load.aside.put_decision(decision)?,
                Read::Skip(_, reason) => {
                    let shard = self.seen.entry(partition).or_default();
                    *shard.skipped.entry(reason.name().to_owned()).or_default() += 1;
                }
                Read::Newer(version) => return Err(Unfit::Newer(version).into()),
            }
        }
        for one in self.arrivals.all() {
            let newest = &mut self.seen.entry(one.partition).or_default().newest_occurred_at;
            *newest = (*newest).max(Some(one.touchpoint.occurred()));
            self.scratch.put_touchpoint(&mut self.touchpoints, one)?;
            self.scratch.put_copy(&mut self.copies, one)?;
        }
        Ok(())
    }
}

/// The journal, from which one thread at a time takes the next records.
struct Feed<'a> {
    journal: &'a dyn Journal,
    /// Of the partitions that are not at their end; it lives until the first one is.
    reader: Option<Box<dyn Reader>>,
    applied: BTreeMap<u32, u64>,
    until: &'a BTreeMap<u32, u64>,
    patient: bool,
    /// When the last records came.
    heard: Instant,
}

impl Feed<'_> {
    /// The next records below the end, which may be none; `None` once all were given.
    fn poll(&mut self, limits: PollLimits, work: &Work) -> Result<Option<Vec<Record>>, BulkError> {
        let open = self.open();
        if open.is_empty() {
            return Ok(None);
        }
        let mut records = match self.try_poll(&open, limits) {
            Ok(records) => records,
            Err(error) if self.patient => {
                work.set_halted(Some(error.to_string()));
                thread::park_timeout(RETRY_WAIT);
                return Ok(Some(Vec::new()));
            }
            Err(error) => return Err(error.into()),
        };
        if !records.is_empty() {
            self.heard = Instant::now();
            work.set_halted(None);
        } else if !self.patient && self.heard.elapsed() > SILENCE_MAX {
            return Err(BulkError::Silent(SILENCE_MAX));
        }
        records.retain(|record| self.is_wanted(record.position));
        if self.open().len() < open.len() {
            self.reader = None;
        }
        Ok(Some(records))
    }

    fn try_poll(&mut self, open: &[Position], limits: PollLimits) -> Result<Vec<Record>, ReadError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => self.reader.insert(self.journal.reader(open.to_vec())?),
        };
        reader.poll(limits, POLL_WAIT)
    }

    /// Whether a record is below the end and new; it is given out then.
    fn is_wanted(&mut self, Position { partition, offset }: Position) -> bool {
        let end = self.until.get(&partition).copied().unwrap_or_default();
        let Some(applied) = self.applied.get_mut(&partition) else { return false };
        let wanted = offset >= *applied && offset < end;
        if wanted {
            *applied = offset + 1;
        }
        wanted
    }

    fn open(&self) -> Vec<Position> {
        let open = self.applied.iter().filter(|(partition, applied)| self.until.get(partition) > Some(applied));
        open.map(|(partition, offset)| Position { partition: *partition, offset: *offset }).collect()
    }
}
