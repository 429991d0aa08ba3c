//! The publisher: tells, again and again, the difference between what the live generation says now and what was last told.
//!
//! What is published is what was last told; so kills, rebuilds and restored states need no case of their own. A thread of its own:
//! the fold never waits for it. Never decides who is one person.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::Served;

mod members;
pub mod moves;
mod piece;
mod teller;

pub use members::{MEMBERS_PIECE_MAX, Members, MembersSettings};
pub use teller::{Ended, PIECE_MAX, Teller, TellerSettings};

/// How soon a write of the state, another generation or a stop is seen.
const LOOK: Duration = Duration::from_millis(20);
/// Pause after the state could not be read, or what is to be told could not be kept.
const RETRY_WAIT: Duration = Duration::from_secs(1);

/// A running publisher. Dropping it stops it.
#[derive(Debug)]
pub struct Publisher {
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    last: watch::Receiver<u64>,
}

impl Publisher {
    /// Starts the thread over the generation that is served, whichever that is.
    ///
    /// # Errors
    /// No thread.
    pub fn start(served: watch::Receiver<Served>, teller: Teller) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, last) = watch::channel(teller.last());
        let run = Run { served, teller, stop: Arc::clone(&stop), sender };
        let thread = thread::Builder::new().name("publisher".into()).spawn(move || run.run())?;
        Ok(Self { thread: Some(thread), stop, last })
    }

    /// Sequence number of the last change that was told; changes once more is on disk.
    pub fn last(&self) -> watch::Receiver<u64> {
        self.last.clone()
    }

    /// Ends the thread after the piece under way.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("the publisher's thread broke off; nothing is told until the next start");
            }
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.end();
    }
}

struct Run {
    served: watch::Receiver<Served>,
    teller: Teller,
    stop: Arc<AtomicBool>,
    sender: watch::Sender<u64>,
}

impl Run {
    fn run(mut self) {
        while !self.stopped() {
            match self.round() {
                Ok(true) => {}
                Ok(false) | Err(Ended::Over) => self.wait(LOOK),
                Err(Ended::Failed(error)) => {
                    tracing::warn!(%error, "the publisher stands still and tries again");
                    self.wait(RETRY_WAIT);
                }
            }
        }
    }

    /// Holds the generation that is served no longer than this, so that one that is dropped goes. Whether the next need not wait.
    fn round(&mut self) -> Result<bool, Ended> {
        let live = self.served.borrow().clone();
        let (stop, served, sender) = (&self.stop, &self.served, &self.sender);
        let goes_on = || !stop.load(Ordering::Relaxed) && served.borrow().number == live.number;
        let told = |last| {
            sender.send_if_modified(|held| std::mem::replace(held, last) != last);
        };
        self.teller.round(&live, &goes_on, &told)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn wait(&self, wait: Duration) {
        let until = Instant::now() + wait;
        while !self.stopped() && Instant::now() < until {
            thread::park_timeout(until.saturating_duration_since(Instant::now()));
        }
    }
}
