//! The relay: puts the changes of memberships that were told on a topic, in their order, so that others need nothing but Kafka.
//!
//! A thread of its own behind the publisher: neither the fold nor the feed waits for the brokers. At least once: what is sent again
//! after a crash has the same id and the same bytes, and the changes of one customer keep their order. Never works out a change and
//! never decides how one looks.

use std::{
    io,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use proto::segment::MembershipChange;
use store::{StoreError, published::memberships};
use tokio::sync::watch;

use crate::meter;

mod error;
mod record;
mod standing;

pub use error::RelayError;
pub use standing::Standing;

/// How soon more to relay, or a stop, is seen.
const LOOK: Duration = Duration::from_millis(20);
/// Pause after the brokers did not take it, or where it stands could not be kept.
const RETRY_WAIT: Duration = Duration::from_secs(1);
/// Longest wait for what is under way when it stops; it is sent again by the next start.
const STOP_MAX: Duration = Duration::from_secs(5);

/// The form of a record's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayFormat {
    /// `patron.segment.v1.MembershipChange` as canonical JSON.
    Json,
    /// The same as protobuf.
    Protobuf,
}

impl FromStr for RelayFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "protobuf" => Ok(Self::Protobuf),
            _ => Err(format!("`{text}` is no format; give json or protobuf")),
        }
    }
}

/// What changes look like to the outside, in their order.
pub type Shown =
    Box<dyn Fn(&[(u64, memberships::MembershipChange)]) -> Result<Vec<MembershipChange>, StoreError> + Send>;

/// How it relays.
pub struct RelaySettings {
    /// The form of a record's value.
    pub format: RelayFormat,
    /// What changes look like.
    pub shown: Shown,
}

impl std::fmt::Debug for RelaySettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "RelaySettings as {:?}", self.format)
    }
}

/// A running relay. Dropping it stops it.
#[derive(Debug)]
pub struct Relay {
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    ended: mpsc::Receiver<()>,
}

impl Relay {
    /// Starts the thread from where the relay stands. `last` is the sequence number of the last change that was told.
    ///
    /// # Errors
    /// No thread.
    pub fn start(standing: Standing, last: watch::Receiver<u64>, settings: RelaySettings) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (alive, ended) = mpsc::sync_channel(1);
        let run = Run { standing, last, settings, stop: Arc::clone(&stop), _alive: alive };
        let thread = thread::Builder::new().name("relay".into()).spawn(move || run.run())?;
        Ok(Self { thread: Some(thread), stop, ended })
    }

    /// Ends the thread after what is under way; where the brokers do not answer, without it.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        // Nothing is ever sent: the channel ends with the thread.
        if self.ended.recv_timeout(STOP_MAX) == Err(mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("changes of memberships were under way to their topic at the end; they are sent again");
        } else if thread.join().is_err() {
            tracing::error!("the relay's thread broke off; nothing is relayed until the next start");
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.end();
    }
}

struct Run {
    standing: Standing,
    last: watch::Receiver<u64>,
    settings: RelaySettings,
    stop: Arc<AtomicBool>,
    _alive: mpsc::SyncSender<()>,
}

impl Run {
    fn run(mut self) {
        while !self.stopped() {
            let stop = Arc::clone(&self.stop);
            let relayed = self.standing.step(&self.settings, &|| !stop.load(Ordering::Relaxed));
            meter::relay_lag(self.last.borrow().saturating_sub(self.standing.acknowledged()));
            meter::relay_halted(relayed.is_err());
            match relayed {
                Ok(0) => self.wait(LOOK),
                Ok(count) => meter::relayed(count),
                Err(error) => {
                    tracing::error!(%error, "changes of memberships are not relayed now; it is tried again");
                    self.wait(RETRY_WAIT);
                }
            }
        }
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
