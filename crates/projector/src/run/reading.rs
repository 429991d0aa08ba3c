//! Reading ahead: a thread of its own polls the journal, reads the records and derives their keys while the fold works on those before.
//!
//! Owns that the fold gets records in the journal's order, each once: all that came while it was busy, up to the limits of a batch. So
//! at most three batches are in memory: one that is folded, one that waits, one that is being read. Never writes or counts anything.

use std::{
    collections::BTreeMap,
    io, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use journal::{PollLimits, Position, Reader, Record};
use types::HashKey;

use super::{POLL_WAIT, RETRY_WAIT};
use crate::{
    incoming::{self, Arrivals, IncomingDecision, Read},
    skip::SkipReason,
};

/// Records that were read, in the order of each partition.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    /// Touchpoints.
    pub(super) arrivals: Arrivals,
    /// Records that are no touchpoints, and where they lie.
    pub(super) others: Vec<(Position, Other)>,
    /// By partition, the next offset behind them.
    pub(super) next: BTreeMap<u32, u64>,
    /// How many they are.
    pub(super) records: usize,
    /// Where a record lies, behind all of these, that a newer version wrote, and that version. Nothing is read after it.
    pub(super) newer: Option<(Position, u32)>,
    bytes: usize,
}

/// A record that is no touchpoint.
#[derive(Debug)]
pub(super) enum Other {
    /// An operator's decision.
    Decision(IncomingDecision),
    /// Nothing to fold.
    Skip(Record, SkipReason),
}

/// What there was to take.
#[derive(Debug)]
pub(super) enum Taken {
    /// Records, in what was handed in.
    Records,
    /// Nothing came; the journal answers.
    Nothing,
    /// Nothing came, and the journal has not answered since it failed.
    Silence,
    /// The journal does not answer, for this reason; it is asked again once this was taken.
    Failing(String),
}

/// The thread that reads. Dropping it ends the thread.
pub(super) struct Reading {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

/// Where what was read waits for the fold.
#[derive(Default)]
struct Desk {
    lies: Mutex<Lies>,
    /// Something was put there.
    put: Condvar,
    /// Something was taken, or nothing is wanted any more.
    taken: Condvar,
}

#[derive(Default)]
struct Lies {
    arrived: Arrived,
    failing: Option<String>,
    /// Whether the last poll succeeded.
    answers: bool,
    over: bool,
}

impl Reading {
    /// Starts the thread on a reader that stands at `next`.
    ///
    /// # Errors
    /// No thread.
    pub(super) fn start(
        reader: Box<dyn Reader>,
        next: BTreeMap<u32, u64>,
        limits: PollLimits,
        hash_key: HashKey,
    ) -> io::Result<Self> {
        let desk = Arc::new(Desk::default());
        let thread = Thread { desk: Arc::clone(&desk), reader, next, limits, hash_key };
        let thread = thread::Builder::new().name("projector-read".into()).spawn(move || thread.run())?;
        Ok(Self { desk, thread: Some(thread) })
    }

    /// Takes all that waits, into what was worked through before; waits a moment where there is nothing.
    pub(super) fn take(&self, arrived: &mut Arrived) -> Taken {
        arrived.clear();
        let mut lies = self.desk.lies();
        if lies.is_empty() {
            lies = self.desk.put.wait_timeout(lies, POLL_WAIT).unwrap_or_else(PoisonError::into_inner).0;
        }
        let taken = if !lies.arrived.is_empty() {
            mem::swap(&mut lies.arrived, arrived);
            Taken::Records
        } else {
            lies.failing.take().map_or_else(|| self.nothing(lies.answers), Taken::Failing)
        };
        drop(lies);
        self.desk.taken.notify_one();
        taken
    }
}

impl Reading {
    /// Nobody waits for ever for a thread that is no more.
    fn nothing(&self, answers: bool) -> Taken {
        match &self.thread {
            Some(thread) if thread.is_finished() => {
                Taken::Failing("nothing reads the journal any more; restart patron".to_owned())
            }
            _ if answers => Taken::Nothing,
            _ => Taken::Silence,
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.desk.lies().over = true;
        self.desk.taken.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that reads the journal broke off");
        }
    }
}

impl Desk {
    /// What lies there is whole between any two statements.
    fn lies(&self) -> MutexGuard<'_, Lies> {
        self.lies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts records there, once there is room; whether more is wanted.
    fn put_records(&self, arrived: &mut Arrived, limits: PollLimits) -> bool {
        let extent = arrived.extent();
        self.put(
            |lies| lies.arrived.takes(extent, limits),
            |lies| {
                lies.arrived.append(arrived);
                lies.answers = true;
            },
        )
    }

    /// Puts a failure there; whether more is wanted.
    fn put_failure(&self, reason: String) -> bool {
        self.put(|_| true, |lies| (lies.failing, lies.answers) = (Some(reason), false))
    }

    /// Puts something there, once it is wanted; whether more is.
    fn put(&self, wanted: impl Fn(&Lies) -> bool, put: impl FnOnce(&mut Lies)) -> bool {
        let waits = |lies: &mut Lies| !lies.over && !wanted(lies);
        let mut lies = self.taken.wait_while(self.lies(), waits).unwrap_or_else(PoisonError::into_inner);
        if lies.over {
            return false;
        }
        put(&mut lies);
        drop(lies);
        self.put.notify_one();
        true
    }

    /// Waits until what is failing was taken, and so long again; whether more is wanted.
    fn pause(&self, wait: Duration) -> bool {
        let failing = |lies: &mut Lies| !lies.over && lies.failing.is_some();
        let lies = self.taken.wait_while(self.lies(), failing).unwrap_or_else(PoisonError::into_inner);
        let lies = self.taken.wait_timeout_while(lies, wait, |lies| !lies.over);
        !lies.unwrap_or_else(PoisonError::into_inner).0.over
    }

    fn is_over(&self) -> bool {
        self.lies().over
    }
}

impl Lies {
    fn is_empty(&self) -> bool {
        self.arrived.is_empty() && self.failing.is_none()
    }
}

struct Thread {
    desk: Arc<Desk>,
    reader: Box<dyn Reader>,
    /// By partition, the next offset to read: below it everything was.
    next: BTreeMap<u32, u64>,
    limits: PollLimits,
    hash_key: HashKey,
}

impl Thread {
    fn run(mut self) {
        let (limits, mut arrived) = (self.limits, Arrived::default());
        let mut goes_on = true;
        while goes_on && !self.desk.is_over() {
            goes_on = match self.reader.poll(limits, POLL_WAIT) {
                Ok(records) => {
                    arrived.clear();
                    self.read(records, &mut arrived);
                    let ended = arrived.newer.is_some();
                    self.desk.put_records(&mut arrived, limits) && !ended
                }
                Err(error) => self.desk.put_failure(error.to_string()) && self.desk.pause(RETRY_WAIT),
            };
        }
    }

    /// Reads records up to the first that a newer version wrote.
    fn read(&mut self, records: Vec<Record>, arrived: &mut Arrived) {
        for record in records {
            let (position, bytes) = (record.position, record.value.len());
            let next = self.next.entry(position.partition).or_default();
            if position.offset < *next {
                continue;
            }
            match incoming::read(record, &self.hash_key, &mut arrived.arrivals) {
                Read::Touchpoint => {}
                Read::Decision(decision) => arrived.others.push((position, Other::Decision(decision))),
                Read::Skip(record, reason) => arrived.others.push((position, Other::Skip(record, reason))),
                Read::Newer(version) => {
                    arrived.newer = Some((position, version));
                    return;
                }
            }
            *next = position.offset + 1;
            arrived.next.insert(position.partition, *next);
            arrived.records += 1;
            arrived.bytes += bytes;
        }
    }
}

impl Arrived {
    fn is_empty(&self) -> bool {
        self.records == 0 && self.newer.is_none()
    }

    fn clear(&mut self) {
        self.arrivals.clear();
        self.others.clear();
        self.next.clear();
        (self.records, self.bytes, self.newer) = (0, 0, None);
    }

    /// Records and bytes.
    fn extent(&self) -> (usize, usize) {
        (self.records, self.bytes)
    }

    /// Whether so many records and bytes can come behind these within the limits of a batch.
    fn takes(&self, (records, bytes): (usize, usize), limits: PollLimits) -> bool {
        self.is_empty() || (self.records + records <= limits.records_max && self.bytes + bytes <= limits.bytes_max)
    }

    /// Puts others behind these.
    fn append(&mut self, others: &mut Self) {
        if self.is_empty() {
            mem::swap(self, others);
            return;
        }
        self.arrivals.append(&mut others.arrivals);
        self.others.append(&mut others.others);
        self.next.append(&mut others.next);
        self.records += others.records;
        self.bytes += others.bytes;
        self.newer = others.newer.take();
    }
}

#[cfg(test)]
mod tests;
