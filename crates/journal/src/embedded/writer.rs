//! The thread that writes: everything that waits becomes one commit, written and synced together, then answered.
//!
//! Owns: the write side of all partitions. Never: answers before the records are durable and readable, and never goes
//! on after a failed sync – what the disk holds then is unknown, and a later sync would not tell.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::disk::Disk;
use super::lane::{Lane, WriteError};
use crate::bell::Bell;
use crate::{AppendError, NewRecord, Position};

mod sync;

/// A commit takes no further call once it has so many bytes.
const COMMIT_BYTES_MAX: usize = 16 << 20;

/// A call waiting to be written.
pub(super) struct Job {
    pub(super) records: Vec<NewRecord>,
    pub(super) bytes: usize,
    pub(super) answer: oneshot::Sender<Result<Vec<Position>, AppendError>>,
    /// Its share of the calls and bytes that may wait; given back when it was answered.
    pub(super) permits: [OwnedSemaphorePermit; 2],
}

/// The writer of a journal.
pub(super) struct Writer {
    pub(super) lanes: Vec<Lane>,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) bell: Arc<Bell>,
    pub(super) segment_bytes_max: u64,
    pub(super) fsync: bool,
    /// Whether the last commit was undone; a change is logged, not each refusal.
    pub(super) refusing: bool,
    pub(super) now_us: fn() -> i64,
}

/// How a commit failed.
enum Failure {
    /// Nothing of it remains; the journal goes on.
    Undone(AppendError),
    /// What remains of it is unknown; the journal must not go on.
    Unknown(String),
}

impl Writer {
    /// Writes until the senders are gone and all that waited was answered.
    pub(super) fn run(mut self, waiting: &Receiver<Job>) {
        while let Some(jobs) = next_commit(waiting) {
            if let Err(reason) = self.commit(jobs) {
                tracing::error!(reason, "the journal stops accepting records");
                return refuse_all(waiting, &reason);
            }
        }
    }

    /// Writes and answers; an error when the journal must not go on.
    fn commit(&mut self, mut jobs: Vec<Job>) -> Result<(), String> {
        let timestamp_us = (self.now_us)();
        let positions: Vec<_> = jobs.iter_mut().map(|job| self.stage(job, timestamp_us)).collect();
        match self.write_staged() {
            Ok(()) => {
                self.publish();
                if std::mem::take(&mut self.refusing) {
                    tracing::info!("the journal accepts records again");
                }
                jobs.into_iter().zip(positions).for_each(|(job, positions)| answer(job, Ok(positions)));
                Ok(())
            }
            Err(Failure::Undone(error)) => {
                if !std::mem::replace(&mut self.refusing, true) {
                    tracing::warn!(%error, calls = jobs.len(), "the journal undid a commit and refuses records for now");
                }
                jobs.into_iter().for_each(|job| answer(job, Err(error.clone())));
                Ok(())
            }
            Err(Failure::Unknown(reason)) => {
                jobs.into_iter().for_each(|job| answer(job, Err(AppendError::Closed { reason: reason.clone() })));
                Err(reason)
            }
        }
    }

    fn stage(&mut self, job: &mut Job, timestamp_us: i64) -> Vec<Position> {
        let records = std::mem::take(&mut job.records);
        let stage = |record: NewRecord| {
            let lane = self.lanes.get_mut(record.partition as usize).expect("the partition was checked");
            lane.stage(&record, timestamp_us)
        };
        records.into_iter().map(stage).collect()
    }

    fn write_staged(&mut self) -> Result<(), Failure> {
        match self.try_write() {
            Ok(()) => self.sync_staged(),
            Err((place, WriteError::Refused(error))) => Err(self.undo(place, &error)),
            Err((_, WriteError::Unknown(error))) => Err(self.give_up(&error)),
        }
    }

    fn try_write(&mut self) -> Result<(), (String, WriteError)> {
        for lane in self.lanes.iter_mut().filter(|lane| lane.is_staged()) {
            lane.roll_if_full(self.disk.as_ref(), self.segment_bytes_max).map_err(|error| (lane.path(), error))?;
            lane.write(self.disk.as_ref()).map_err(|error| (lane.path(), error))?;
        }
        Ok(())
    }

    fn sync_staged(&mut self) -> Result<(), Failure> {
        let files = self.lanes.iter().filter(|lane| self.fsync && lane.is_staged()).map(Lane::file);
        let synced = sync::sync_all(self.disk.as_ref(), &files.collect::<Vec<_>>());
        synced.map_err(|error| self.give_up(&error))
    }

    fn undo(&mut self, place: String, error: &io::Error) -> Failure {
        let undone = self.lanes.iter_mut().filter(|lane| lane.is_staged()).map(|lane| lane.undo(self.disk.as_ref()));
        // Every lane is undone, even if one cannot be.
        match undone.filter_map(Result::err).last() {
            Some(error) => Failure::Unknown(unknown("undoing a write", &error)),
            None => Failure::Undone(refusal(place, error)),
        }
    }

    fn give_up(&mut self, error: &io::Error) -> Failure {
        // Not for the journal's sake, which stops: so that a restart is less likely to find what was refused.
        self.undo(String::new(), error);
        Failure::Unknown(unknown("a sync", error))
    }

    fn publish(&mut self) {
        self.lanes.iter_mut().filter(|lane| lane.is_staged()).for_each(Lane::publish);
        self.bell.ring();
    }
}

/// Waits for a call and takes those that wait behind it; `None` when no more can come.
fn next_commit(waiting: &Receiver<Job>) -> Option<Vec<Job>> {
    let first = waiting.recv().ok()?;
    let mut bytes = first.bytes;
    let mut jobs = vec![first];
    while bytes < COMMIT_BYTES_MAX
        && let Ok(job) = waiting.try_recv()
    {
        bytes = bytes.saturating_add(job.bytes);
        jobs.push(job);
    }
    Some(jobs)
}

fn refuse_all(waiting: &Receiver<Job>, reason: &str) {
    while let Ok(job) = waiting.recv() {
        answer(job, Err(AppendError::Closed { reason: reason.to_owned() }));
    }
}

fn answer(job: Job, outcome: Result<Vec<Position>, AppendError>) {
    // A caller that went away needs no answer.
    let _ = job.answer.send(outcome);
    drop(job.permits);
}

fn refusal(place: String, error: &io::Error) -> AppendError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => AppendError::Full { place },
        _ => AppendError::Unavailable { reason: format!("writing {place}: {error}") },
    }
}

fn unknown(what: &str, error: &io::Error) -> String {
    format!(
        "{what} failed ({error}), so what the disk holds is unknown; check the disk, then restart the process, which reads the files anew"
    )
}
