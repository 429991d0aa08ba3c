//! Serving another generation: the one being built is promoted, or the one before is gone back to.
//!
//! Owns the order of it: what the next one has is synced, then it is named on disk, then it answers.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use store::generations::Named;
use types::Progress;

use super::{Generations, Held, RebuildError};
use crate::run::progress_lag;

/// Longest wait of a swap for the last records that the live generation is ahead.
const CATCH_UP_MAX: Duration = Duration::from_secs(2);
const CATCH_UP_LOOK: Duration = Duration::from_millis(1);

/// Which generation is to be served instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The one being built.
    Building,
    /// The one served before.
    Previous,
}

impl Generations {
    /// Records of the journal that a generation has not folded.
    ///
    /// # Errors
    /// `NotBuilding`, `NoPrevious`, or the journal does not say where it ends.
    pub(crate) fn lag(&self, next: Next) -> Result<u64, RebuildError> {
        let progress = self.held().next(next)?.projector.progress();
        Ok(progress_lag(&progress.borrow(), &self.maker.journals.touchpoints.ends()?))
    }

    /// Serves another generation from now on; the one served until now becomes the previous one. Reads under way finish on it.
    ///
    /// # Errors
    /// `NotBuilding`, `NoPrevious`, `Behind` if it lags more than `lag_max` records, `Loading` whatever it may lag, or the disk's; nothing
    /// has changed then.
    pub(crate) fn switch(&self, next: Next, lag_max: Option<u64>) -> Result<(), RebuildError> {
        if let Some(lag_max) = lag_max {
            let lag = self.lag(next)?;
            if lag > lag_max {
                return Err(RebuildError::Behind { lag, lag_max });
            }
            self.let_catch_up(next)?;
        }
        let mut held = self.held();
        // What is loaded would come in all at once, and nobody would be told whom it touched.
        if held.next(next)?.projector.loading().is_some() {
            return Err(RebuildError::Loading);
        }
        let store = Arc::clone(&held.next(next)?.store);
        store.set_sync(self.maker.settings.sync);
        store.flush()?;
        let (live, previous) = (held.next(next)?.number, held.live.number);
        let named = Named { live, previous: Some(previous), building: None, ..self.stamped(&held) };
        held.directories.name(named)?;
        held.swap(next);
        self.maker.place(&held.live, held.previous.as_ref());
        self.served.send_replace(held.live.served());
        tracing::info!(generation = live, before = previous, "another generation is served");
        Ok(())
    }

    /// Waits a little until the next generation has folded what the live one has, so that readers do not go back in time.
    fn let_catch_up(&self, next: Next) -> Result<(), RebuildError> {
        let (live, next) = {
            let held = self.held();
            (held.live.projector.progress(), held.next(next)?.projector.progress())
        };
        let until = Instant::now() + CATCH_UP_MAX;
        while !covers(&next.borrow(), &live.borrow()) && Instant::now() < until {
            thread::park_timeout(CATCH_UP_LOOK);
        }
        Ok(())
    }
}

impl Held {
    fn swap(&mut self, next: Next) {
        let next = match next {
            Next::Building => self.building.take(),
            Next::Previous => self.previous.take(),
        };
        if let Some(next) = next {
            self.previous = Some(std::mem::replace(&mut self.live, next));
        }
    }
}

/// Whether one has folded all that another has.
fn covers(progress: &Progress, other: &Progress) -> bool {
    progress.definitions.applied >= other.definitions.applied
        && other.applied.iter().all(|(partition, next)| *next == 0 || progress.covers(*partition, next - 1))
}
