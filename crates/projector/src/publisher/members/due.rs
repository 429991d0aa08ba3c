//! Telling what is due: the earliest first, piece by piece, while the piece before is written. Of most customers it is known what the
//! deadline brings; the others are looked at on all processors.

use std::{num::NonZero, panic, sync::LazyLock, thread};

use store::{Snapshot, StoreError, published::memberships::Deadline};
use types::{IdentifierId, Micros};

use super::{Asked, Look, Members, Piece};
use crate::{Served, publisher::Ended};

/// Most customers of one write.
const DUE_MAX: usize = 32_768;
/// Fewer are not worth a thread.
const SHARE_MIN: usize = 256;
/// Most threads that look.
const THREADS_MAX: usize = 8;
/// How many look. Asking the system for its processors opens a dozen files, which is not for every round.
static THREADS: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX));
/// How far what is on disk about time may lag behind the clock while nothing is told, in microseconds.
const NOTE_EVERY: i64 = 1_000_000;

/// A piece that was looked at: what follows, its last deadline, and the instant up to which all is told with it.
struct Looked {
    piece: Piece,
    last: Deadline,
    until: Micros,
}

impl Members {
    /// Tells what is due now. What is told later of anybody is due later than now.
    pub(super) fn tell_due(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        now: Micros,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<(), Ended> {
        let mut looked = self.look_at_due(live, snapshot, self.due_after, now)?;
        while let Some(Looked { piece, last, until }) = looked {
            let ended = !goes_on();
            let (written, next) = thread::scope(|scope| {
                let this = &*self;
                let next = scope.spawn(move || match ended {
                    true => Ok(None),
                    false => this.look_at_due(live, snapshot, Some(last), now),
                });
                (this.write(&piece, this.told.instant.max(until)), joined(next))
            });
            self.wrote(written?, &piece);
            self.due_after = Some(last);
            if ended {
                return Err(Ended::Over);
            }
            looked = next?;
        }
        self.due_after = Some((now, IdentifierId([u8::MAX; 16])));
        if self.told.instant.0.saturating_add(NOTE_EVERY) <= now.0 {
            self.told.instant = now;
            self.published.note_memberships(&self.told)?;
        }
        Ok(())
    }

    /// The next piece; `None` where nothing more is due.
    fn look_at_due(
        &self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        after: Option<Deadline>,
        now: Micros,
    ) -> Result<Option<Looked>, StoreError> {
        let due = self.published.due(after, now, DUE_MAX)?;
        let Some(last) = due.last().copied() else { return Ok(None) };
        // Others may be due at the same instant as the last of them.
        let until = if due.len() < DUE_MAX { now } else { Micros(last.0.0.saturating_sub(1)) };
        let (mut look, mut asked) = (Look::new(self, live, snapshot, now)?, Vec::new());
        let ids: Vec<IdentifierId> = due.iter().map(|(_, id)| *id).collect();
        for (deadline, before) in due.into_iter().zip(self.published.memberships(&ids)?) {
            let before = before.filter(|row| row.next() == Some(deadline.0));
            if !before.is_some_and(|before| look.comes_true(deadline, &before)) {
                asked.push(Asked::due(deadline.1));
            }
        }
        let pieces = shared(&asked, |share| self.look(live, snapshot, share, now))?;
        let piece = pieces.into_iter().fold(look.piece, Piece::and);
        Ok(Some(Looked { piece, last, until }))
    }
}

/// Works through shares of `all` on all processors; what comes of them is in their order.
pub(super) fn shared<T: Sync, P: Send>(
    all: &[T],
    work: impl Fn(&[T]) -> Result<P, StoreError> + Sync,
) -> Result<Vec<P>, StoreError> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let share = all.len().div_ceil(*THREADS).max(SHARE_MIN);
    if all.len() <= share {
        return Ok(vec![work(all)?]);
    }
    thread::scope(|scope| {
        let work = &work;
        let shares: Vec<_> = all.chunks(share).map(|share| scope.spawn(move || work(share))).collect();
        shares.into_iter().map(joined).collect()
    })
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|cause| panic::resume_unwind(cause))
}
