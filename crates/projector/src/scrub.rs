//! The scrubber: a slow thread that folds one fragment after the other anew from its timeline and compares it with its rows.
//!
//! It starts at pseudo-random places, a seed's, and walks on a little from each, so that every fragment's turn comes without a
//! list of them. Each fragment is looked at in a snapshot of its own: it holds nothing up and nothing back. Never mends anything.

use std::{
    collections::BTreeSet,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use store::{
    Snapshot, StoreError,
    compare::folded_families,
    family::{Fragments, Timeline},
    snapshot::{Range, successor},
};
use tokio::sync::watch;
use types::{FragmentId, HashKey};

pub(crate) mod check;

use crate::{Served, difference::Difference, meter};
use check::Checked;

/// Fragments looked at from one start on.
const WALK_FRAGMENTS: u32 = 32;
/// Fragments that are remembered as told, so that one that stays wrong does not fill the log.
const TOLD_MAX: usize = 1_000;
/// Most fields named in a line of the log.
const FIELDS_MAX: usize = 5;
/// Pause after the state could not be read.
const RETRY_WAIT: Duration = Duration::from_secs(10);

/// How the scrubber works.
#[derive(Clone, Debug)]
pub struct ScrubSettings {
    /// Fragments a second, at least 1.
    pub fragments_per_second: u32,
    /// Most touchpoints of a fragment that is looked at; one with more is passed over and counted.
    pub touchpoints_max: u64,
    /// From which the places of the starts come.
    pub seed: u64,
}

/// A running scrubber. Dropping it stops it.
#[derive(Debug)]
pub struct Scrubber {
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Scrubber {
    /// Starts the thread over the generation that is served, whichever that is.
    ///
    /// # Errors
    /// No thread.
    pub fn start(served: watch::Receiver<Served>, hash_key: HashKey, settings: ScrubSettings) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let scrub = Scrub { served, hash_key, settings, stop: Arc::clone(&stop), told: BTreeSet::new() };
        let thread = thread::Builder::new().name("scrubber".into()).spawn(move || scrub.run())?;
        Ok(Self { thread: Some(thread), stop })
    }

    /// Ends the thread after the fragment under way.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("the scrubber's thread broke off; nothing is compared until the next start");
            }
        }
    }
}

impl Drop for Scrubber {
    fn drop(&mut self) {
        self.end();
    }
}

struct Scrub {
    served: watch::Receiver<Served>,
    hash_key: HashKey,
    settings: ScrubSettings,
    stop: Arc<AtomicBool>,
    told: BTreeSet<FragmentId>,
}

impl Scrub {
    fn run(mut self) {
        folded_families().for_each(meter::no_drift);
        for number in 0_u64.. {
            if self.stopped() {
                return;
            }
            if let Err(error) = self.walk(number) {
                tracing::warn!(%error, "the scrubber cannot read the state and tries again later");
                self.wait(RETRY_WAIT);
            }
        }
    }

    /// Looks at some fragments from a pseudo-random place on; at the end of all it begins anew elsewhere.
    fn walk(&mut self, number: u64) -> Result<(), StoreError> {
        let pause = Duration::from_secs(1) / self.settings.fragments_per_second.max(1);
        let mut from = Some(start(&self.hash_key, self.settings.seed, number).to_vec());
        for _ in 0..WALK_FRAGMENTS {
            let began = Instant::now();
            let Some((fragment, checked)) = from.as_deref().map(|from| self.look(from)).transpose()?.flatten() else {
                break;
            };
            self.count(fragment, &checked);
            from = successor(&fragment.0);
            self.wait(pause.saturating_sub(began.elapsed()));
            if self.stopped() {
                return Ok(());
            }
        }
        self.wait(pause);
        Ok(())
    }

    /// Looks at the first fragment at or after a place. Holds the generation that is served no longer than that, so that one
    /// that is dropped goes.
    fn look(&self, from: &[u8]) -> Result<Option<(FragmentId, Checked)>, StoreError> {
        let store = Arc::clone(&self.served.borrow().store);
        let snapshot = store.snapshot();
        let Some(fragment) = next(&snapshot, from)? else { return Ok(None) };
        let checked = check::check(&snapshot, &self.hash_key, fragment, self.settings.touchpoints_max)?;
        Ok(Some((fragment, checked)))
    }

    fn count(&mut self, fragment: FragmentId, checked: &Checked) {
        let Checked::Compared(differences) = checked else { return meter::not_scrubbed() };
        meter::scrubbed();
        differences.iter().for_each(|difference| meter::drift(difference.part));
        if !differences.is_empty() && (self.told.len() >= TOLD_MAX || self.told.insert(fragment)) {
            tell(fragment, differences);
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

/// Names of fields are told, values are not: they may be personal, and so may be what follows the first word of a field.
fn tell(fragment: FragmentId, differences: &[Difference]) {
    let name = |difference: &Difference| {
        let field = difference.field.split(' ').next().unwrap_or_default();
        format!("{}: {field}", difference.part)
    };
    let mut fields: Vec<String> = differences.iter().take(FIELDS_MAX).map(name).collect();
    if differences.len() > FIELDS_MAX {
        fields.push(format!("and {} more", differences.len() - FIELDS_MAX));
    }
    tracing::error!(
        %fragment,
        fields = fields.join(", "),
        "the state is not what its touchpoints say; `patron verify` says more, and `patron rebuild` folds it anew beside the live one"
    );
}

/// The place of a start: 16 bytes that look random.
pub(crate) fn start(hash_key: &HashKey, seed: u64, number: u64) -> [u8; 16] {
    hash_key.content_hash(&[seed.to_be_bytes(), number.to_be_bytes()].concat()).0
}

/// The first fragment at or after a place that has a row or a timeline.
fn next(snapshot: &Snapshot<'_>, from: &[u8]) -> Result<Option<FragmentId>, StoreError> {
    let range = Range { from: from.to_vec(), ..Range::all() };
    let row = snapshot.scan::<Fragments>(&range).next().transpose();
    let row = match row {
        Ok(row) => row.map(|(fragment, _)| fragment),
        // One that cannot be decoded is found by its timeline.
        Err(StoreError::Damaged { .. }) => None,
        Err(error) => return Err(error),
    };
    let timeline = snapshot.scan::<Timeline>(&range).next().transpose()?.map(|(key, _)| key.fragment);
    Ok(row.into_iter().chain(timeline).min())
}
