//! Work that all processors share: threads that live for one step, shares that each takes next, and when to give up.
//!
//! Owns that one that fails ends the others, and that whoever waits is told how far they are. Knows nothing of the fold.

use std::{
    panic,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use super::{BulkError, BulkProgress};

/// How often whoever waits is told, and so how soon its leaving is heard.
const TELL_WAIT: Duration = Duration::from_millis(50);

/// What the workers of a load have in common.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) threads: usize,
    ended: AtomicBool,
    read: AtomicU64,
    folded: AtomicU64,
    halted: Mutex<Option<String>>,
}

impl Work {
    pub(super) fn new(threads: usize) -> Self {
        let (read, folded) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { threads, ended: AtomicBool::new(false), read, folded, halted: Mutex::default() }
    }

    /// Whether to go on; asked often.
    pub(super) fn go_on(&self) -> Result<(), BulkError> {
        if self.ended.load(Ordering::Relaxed) { Err(BulkError::Left) } else { Ok(()) }
    }

    pub(super) fn read(&self, records: usize) {
        self.read.fetch_add(records as u64, Ordering::Relaxed);
    }

    pub(super) fn folded(&self, records: usize) {
        self.folded.fetch_add(records as u64, Ordering::Relaxed);
    }

    /// Why nobody gets on at the moment, or that they do.
    pub(super) fn set_halted(&self, reason: Option<String>) {
        *self.halted.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    fn progress(&self) -> BulkProgress {
        let both = self.read.load(Ordering::Relaxed) + self.folded.load(Ordering::Relaxed);
        let halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        BulkProgress { records: both / 2, halted }
    }

    /// Tells whoever waits how far all of it is.
    pub(super) fn tell(&self, told: &mut dyn FnMut(&BulkProgress) -> bool) -> Result<(), BulkError> {
        if told(&self.progress()) { Ok(()) } else { Err(BulkError::Left) }
    }

    /// Runs `step` on all threads, and gives what each came to.
    ///
    /// # Errors
    /// That of the first that failed by itself; `Left` once `told` says false.
    pub(super) fn on_all<T: Send>(
        &self,
        told: &mut dyn FnMut(&BulkProgress) -> bool,
        step: impl Fn() -> Result<T, BulkError> + Sync,
    ) -> Result<Vec<T>, BulkError> {
        self.tell(told)?;
        let waiting = thread::current();
        let results: Vec<_> = thread::scope(|scope| {
            let run = || {
                let result = step();
                if result.is_err() {
                    self.ended.store(true, Ordering::Relaxed);
                }
                waiting.unpark();
                result
            };
            let start = |_| thread::Builder::new().name("bulk".into()).spawn_scoped(scope, run);
            let (threads, unstarted): (Vec<_>, Vec<_>) = (0..self.threads).map(start).partition(Result::is_ok);
            let threads: Vec<_> = threads.into_iter().flatten().collect();
            if !unstarted.is_empty() {
                self.ended.store(true, Ordering::Relaxed);
            }
            while !threads.iter().all(thread::ScopedJoinHandle::is_finished) {
                if !told(&self.progress()) {
                    self.ended.store(true, Ordering::Relaxed);
                }
                thread::park_timeout(TELL_WAIT);
            }
            let unstarted = unstarted.into_iter().filter_map(Result::err).map(|error| Err(BulkError::Thread(error)));
            let join = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|cause| panic::resume_unwind(cause))
            };
            threads.into_iter().map(join).chain(unstarted).collect()
        });
        let mut done = Vec::with_capacity(results.len());
        let mut failed = None;
        for result in results {
            match result {
                Ok(one) => done.push(one),
                Err(error) if matches!(failed, None | Some(BulkError::Left)) => failed = Some(error),
                Err(_) => {}
            }
        }
        failed.map_or(Ok(done), Err)
    }
}

/// Shares of the work in their order, each taken once.
#[derive(Debug)]
pub(super) struct Shares<T>(Mutex<std::vec::IntoIter<T>>);

impl<T> Shares<T> {
    pub(super) fn new(shares: Vec<T>) -> Self {
        Self(Mutex::new(shares.into_iter()))
    }

    pub(super) fn next(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}
