//! Counts that are not a walk: who satisfies each condition lies in memory as bitmaps over everybody, and is joined.
//!
//! Owns that an answer is what a walk over its snapshot at its instant gives: what has changed since is worked out again first, and
//! where that is not known, everything. One count at a time works here and the others wait; nobody else does. Never holds the
//! store: once another is served, or nobody counts any more, all of it goes.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use expr::Program;
use store::{Store, changes::Follower};
use tonic::Status;

use self::kept::{Came, Kept};
use super::{
    count::{self, Tally},
    moment::Moment,
};
use crate::{
    context::{Context, Contexts},
    status,
};

mod build;
mod condition;
mod formula;
mod kept;
mod meter;
mod people;
mod refresh;
mod slice;

pub(super) use people::People;

/// Least and most time between two looks whether what is kept can go.
const LOOK: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// What counts may keep in memory.
#[derive(Clone, Copy, Debug)]
pub struct CountSettings {
    /// Bytes of customers and conditions; 0, and more customers than that, has every count walk through all of them.
    pub memory_bytes_max: usize,
    /// How long they are kept after the last count, and a condition after its last use.
    pub idle: Duration,
}

/// What is counted.
pub(super) struct Ask<'r> {
    /// At which instant; by the clock of windows where none is given.
    pub(super) as_of: Option<&'r prost_types::Timestamp>,
    /// Also those known by receipts alone.
    pub(super) receipts: bool,
    /// Most ids of the sample.
    pub(super) sample_max: usize,
    /// A version for the answer, the condition, and others whose overlap with it is counted.
    pub(super) programs: &'r Programs<'r>,
}

/// How programs are found among the segments of a moment.
type Programs<'r> = dyn Fn(&Moment<'_>) -> Result<(u32, Vec<Program>), Status> + 'r;

/// How much a count may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// What takes no time.
    AtOnce,
    /// All that it takes.
    Whole,
}

/// An answer.
pub(super) struct Counted<'a> {
    pub(super) moment: Moment<'a>,
    pub(super) version: u32,
    pub(super) tally: Tally,
}

/// What is kept for the next count.
#[derive(Debug)]
pub(super) struct Counts {
    settings: CountSettings,
    kept: Mutex<Option<Standing>>,
    /// Whether somebody looks whether it can go.
    watched: AtomicBool,
}

/// What is kept, and of which state.
#[derive(Debug)]
struct Standing {
    store: Weak<Store>,
    /// The follower is from before the first snapshot that it was worked out from. `None` where there are too many customers.
    kept: Option<(Follower, Kept)>,
    /// Whether a count broke off in the middle.
    torn: bool,
    used: Instant,
}

impl Counts {
    pub(super) fn new(settings: CountSettings) -> Self {
        Self { settings, kept: Mutex::default(), watched: AtomicBool::new(false) }
    }

    /// Counts; `None` where that takes more than it may.
    pub(super) fn count<'a>(
        &self,
        context: &'a Context,
        effort: Effort,
        ask: &Ask<'_>,
    ) -> Result<Option<Counted<'a>>, Status> {
        match effort {
            Effort::AtOnce => self.at_once(context, ask),
            Effort::Whole => self.answer(context, ask).map(Some),
        }
    }

    /// Counts where that is a matter of bitmaps alone: nothing has changed since the last count, all conditions are known, no sample is
    /// asked for, and nobody counts. `None` where it takes more. Reads a few rows that every answer reads, so it may run anywhere.
    fn at_once<'a>(&self, context: &'a Context, ask: &Ask<'_>) -> Result<Option<Counted<'a>>, Status> {
        let Some(mut slot) = self.free_slot().filter(|_| ask.sample_max == 0) else { return Ok(None) };
        let standing = slot.as_mut().filter(|standing| !standing.torn && standing.is_of(&context.store));
        let Some(Standing { kept: Some((follower, kept)), used, .. }) = standing else { return Ok(None) };
        let moment = Moment::new(context, ask.as_of)?;
        let (version, programs) = (ask.programs)(&moment)?;
        let cuts = programs.iter().any(|program| !moment.segments.quantiles(program).is_empty());
        if cuts || !follower.is_quiet() {
            return Ok(None);
        }
        let tally = kept.at_once(&moment, &programs, ask);
        *used = Instant::now();
        Ok(tally.map(|tally| Counted { moment, version, tally }))
    }

    /// Counts; by bitmaps where they are kept, else by a walk. May take long.
    fn answer<'a>(&self, context: &'a Context, ask: &Ask<'_>) -> Result<Counted<'a>, Status> {
        if self.settings.memory_bytes_max == 0 {
            return Ready::new(context, ask)?.walked(ask);
        }
        let mut slot = self.slot();
        loop {
            let standing = standing(&mut slot, &context.store);
            // The stamp comes before the snapshot: what a write between them changes is looked at now and again the next time.
            let stamp = context.store.stamp();
            let ready = Ready::new(context, ask)?;
            let Some((follower, kept)) = &mut standing.kept else {
                drop(slot);
                return ready.walked(ask);
            };
            standing.torn = true;
            let changed = || follower.changed(stamp);
            let came = kept.count(&ready.moment, changed, &ready.programs, ask, &self.settings);
            let came = came.map_err(|error| status::store_failed(&error))?;
            (standing.torn, standing.used) = (false, Instant::now());
            match came {
                Came::To(tally) => return Ok(Counted { moment: ready.moment, version: ready.version, tally }),
                Came::Apart => *slot = None,
                Came::TooLarge => {
                    tracing::info!("more customers than counts may keep: each count walks through all of them");
                    standing.kept = None;
                    meter::gone();
                }
            }
        }
    }

    /// Has what is kept go once it is of no use any more.
    pub(super) fn watch(self: &Arc<Self>, contexts: &Contexts) {
        if self.is_empty() || self.watched.swap(true, Ordering::SeqCst) {
            return;
        }
        let (counts, serving) = (Arc::downgrade(self), Arc::downgrade(&contexts.serving));
        let look = self.settings.idle.clamp(LOOK.0, LOOK.1);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(look).await;
                let (Some(counts), Some(serving)) = (counts.upgrade(), serving.upgrade()) else { return };
                // Much memory may go, and what is served may be read from the disk.
                let tidied = tokio::task::spawn_blocking(move || counts.tidy(&serving.live().store));
                if tidied.await.unwrap_or(true) {
                    return;
                }
            }
        });
    }

    /// Whether nobody has to look any more.
    fn tidy(&self, live: &Arc<Store>) -> bool {
        let Some(mut slot) = self.free_slot() else { return false };
        let idle = self.settings.idle;
        let gone = slot.take_if(|standing| !standing.is_of(live) || standing.used.elapsed() >= idle);
        let empty = slot.is_none();
        // Under the lock: whoever comes next sees that nobody looks.
        self.watched.fetch_and(!empty, Ordering::SeqCst);
        drop(slot);
        if gone.is_some() {
            meter::gone();
        }
        empty
    }

    /// What is being worked on is not empty.
    fn is_empty(&self) -> bool {
        self.free_slot().is_some_and(|slot| slot.is_none())
    }

    /// `None` while a count is under way.
    fn free_slot(&self) -> Option<MutexGuard<'_, Option<Standing>>> {
        match self.kept.try_lock() {
            Ok(slot) => Some(slot),
            Err(TryLockError::Poisoned(slot)) => Some(slot.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Waits while another count is under way. Where one panicked, it left behind that it is torn.
    fn slot(&self) -> MutexGuard<'_, Option<Standing>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands of this state; from the beginning where there is nothing, or nothing to rely on.
fn standing<'s>(slot: &'s mut Option<Standing>, store: &Arc<Store>) -> &'s mut Standing {
    if slot.as_ref().is_some_and(|standing| standing.torn || !standing.is_of(store)) {
        *slot = None;
    }
    slot.get_or_insert_with(|| Standing {
        store: Arc::downgrade(store),
        kept: Some((store.follow(), Kept::default())),
        torn: false,
        used: Instant::now(),
    })
}

impl Standing {
    fn is_of(&self, store: &Arc<Store>) -> bool {
        std::ptr::eq(self.store.as_ptr(), Arc::as_ptr(store))
    }
}

/// Everything but the count.
struct Ready<'a> {
    moment: Moment<'a>,
    version: u32,
    programs: Vec<Program>,
}

impl<'a> Ready<'a> {
    fn new(context: &'a Context, ask: &Ask<'_>) -> Result<Self, Status> {
        let moment = Moment::new(context, ask.as_of)?;
        let (version, programs) = (ask.programs)(&moment)?;
        let moment = moment.with_cuts(&programs)?;
        Ok(Self { moment, version, programs })
    }

    fn walked(self, ask: &Ask<'_>) -> Result<Counted<'a>, Status> {
        let tally = count::walked(&self.moment, &self.programs, ask).map_err(|error| status::store_failed(&error))?;
        Ok(Counted { moment: self.moment, version: self.version, tally })
    }
}
