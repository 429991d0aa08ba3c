//! The thread that reads raw topics: poll, take, append, commit – in this order.
//!
//! Owns the order. An append that fails is tried again until it succeeds: the journal's trouble stalls the raw topics, which
//! keep their records meanwhile, and loses nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use journal::kafka::{GroupReader, GroupRecord};
use journal::{Journal, NewRecord, PollLimits, Position};
use types::Micros;
use types::dead_letter::{DeadLetter, Origin};

use super::{RawTopics, read};
use crate::dead_letters;
use crate::service::IngestSettings;
use crate::{meter, raw::Refused};

const LIMITS: PollLimits = PollLimits { records_max: 2_000, bytes_max: 8 << 20 };
/// How long a poll waits for the first record, and so how soon a stop is heard.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// The first and the longest wait before a failed step is tried again.
const RETRY_WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A running reader of raw topics. Dropping it stops it.
#[derive(Debug)]
pub struct RawReader {
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    alive: Arc<AtomicBool>,
}

/// Says that the thread has ended, however it did.
struct Alive(Arc<AtomicBool>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl RawReader {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread.
    pub fn start(
        reader: GroupReader,
        topics: RawTopics,
        touchpoints: Arc<dyn Journal>,
        dead_letters: Arc<dyn Journal>,
        settings: IngestSettings,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let partitions = touchpoints.topology().partitions;
        let work = Work { topics, touchpoints, dead_letters, settings, partitions, stop: Arc::clone(&stop) };
        let alive = Arc::new(AtomicBool::new(true));
        let guard = Alive(Arc::clone(&alive));
        let run = move || {
            let _guard = guard;
            work.run(reader);
        };
        let thread = thread::Builder::new().name("raw-topics".into()).spawn(run)?;
        Ok(Self { thread: Some(thread), stop, alive })
    }

    /// Whether the thread still reads: `false` after it broke off.
    pub fn alive(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.alive)
    }

    /// Finishes the batch under way, leaves the group and ends the thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("the reader of raw topics broke off; what it had not committed is read again");
            }
        }
    }
}

impl Drop for RawReader {
    fn drop(&mut self) {
        self.end();
    }
}

struct Work {
    topics: RawTopics,
    touchpoints: Arc<dyn Journal>,
    dead_letters: Arc<dyn Journal>,
    settings: IngestSettings,
    partitions: u32,
    stop: Arc<AtomicBool>,
}

/// A batch, taken.
#[derive(Default)]
struct Taken {
    touchpoints: Vec<NewRecord>,
    letters: Vec<DeadLetter>,
    /// By topic and partition: the topic's id, and the next offset.
    next: BTreeMap<(Arc<str>, u32), (Arc<str>, u64)>,
}

impl Work {
    fn run(self, mut reader: GroupReader) {
        let mut wait = RETRY_WAITS.0;
        while !self.stopped() {
            match reader.poll(LIMITS, POLL_WAIT) {
                Ok(records) => {
                    wait = RETRY_WAITS.0;
                    self.take(records, &reader);
                }
                Err(error) => {
                    tracing::warn!(%error, "raw topics cannot be read now; joining the group anew");
                    self.pause(&mut wait);
                }
            }
        }
        reader.leave();
    }

    fn take(&self, records: Vec<GroupRecord>, reader: &GroupReader) {
        if records.is_empty() {
            return;
        }
        let mut taken = Taken::default();
        records.into_iter().for_each(|record| self.take_one(record, &mut taken));
        let Taken { touchpoints, letters, next } = taken;
        let letters = letters.into_iter().map(|letter| dead_letters::record(letter, self.dead_letters.as_ref()));
        let letters = letters.collect();
        if self.append(self.touchpoints.as_ref(), touchpoints) && self.append(self.dead_letters.as_ref(), letters) {
            commit(reader, next);
        }
    }

    fn take_one(&self, record: GroupRecord, taken: &mut Taken) {
        let Position { partition, offset } = record.position;
        let origin =
            Origin { topic: record.topic.to_string(), topic_id: record.topic_id.to_string(), partition, offset };
        taken.next.insert((record.topic.clone(), partition), (record.topic_id.clone(), offset + 1));
        let Some(topic) = self.topics.get(&origin.topic) else { return };
        let received_at = Micros(record.timestamp_us);
        let read = read(record.value.as_deref(), received_at, &origin, topic, &self.settings, self.partitions);
        meter::raw(&origin.topic, read.is_ok());
        match read {
            Ok(touchpoint) => taken.touchpoints.push(touchpoint),
            Err(refused) => taken.letters.push(letter(record, origin, refused)),
        }
    }

    /// Appends, again and again; false when a stop came first.
    fn append(&self, journal: &dyn Journal, records: Vec<NewRecord>) -> bool {
        let mut wait = RETRY_WAITS.0;
        while !records.is_empty() {
            match journal::wait(journal.append(records.clone())) {
                Ok(_) => return true,
                Err(error) => tracing::warn!(%error, records = records.len(), "raw records wait for the journal"),
            }
            if self.stopped() {
                return false;
            }
            self.pause(&mut wait);
        }
        true
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn pause(&self, wait: &mut Duration) {
        let until = Instant::now() + *wait;
        while !self.stopped() && Instant::now() < until {
            thread::park_timeout(until.saturating_duration_since(Instant::now()));
        }
        *wait = (*wait * 2).min(RETRY_WAITS.1);
    }
}

fn commit(reader: &GroupReader, next: BTreeMap<(Arc<str>, u32), (Arc<str>, u64)>) {
    let positions =
        next.into_iter().map(|((topic, partition), (id, offset))| (topic, id, Position { partition, offset }));
    if let Err(error) = reader.commit(&positions.collect::<Vec<_>>()) {
        // Another member reads them again; they count once.
        tracing::info!(%error, "offsets of raw topics were not noted");
    }
}

fn letter(record: GroupRecord, origin: Origin, cause: Refused) -> DeadLetter {
    DeadLetter {
        origin,
        cause,
        received_at: Micros(record.timestamp_us),
        key: record.key,
        value: record.value,
        headers: record.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        value_left_out: false,
    }
}
