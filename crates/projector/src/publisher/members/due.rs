//! Telling what is due: the earliest first, piece by piece, looked at on all processors while the piece before is written.

use std::{num::NonZero, panic, thread};

use segment::advance::Happened;
use store::{
    Snapshot, StoreError,
    published::memberships::{Deadline, MembershipCause},
};
use types::{IdentifierId, Micros};

use super::{Asked, Members, Piece};
use crate::{Served, publisher::Ended};

/// Most customers of one write.
const DUE_MAX: usize = 4_096;
/// Fewer are not worth a thread.
const SHARE_MIN: usize = 256;
/// Most threads that look.
const THREADS_MAX: usize = 8;
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
            self.told = written?;
            self.due_after = Some(last);
            self.say();
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
        let asked =
            |(_, id)| Asked { id, cause: MembershipCause::Time, happened: Happened::NOTHING, may_be_nobody: true };
        let asked: Vec<Asked> = due.into_iter().map(asked).collect();
        let piece = self.look_together(live, snapshot, &asked, now)?;
        Ok(Some(Looked { piece, last, until }))
    }

    /// Looks at customers on all processors; what follows is in the order in which they are asked about.
    fn look_together(
        &self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        asked: &[Asked],
        now: Micros,
    ) -> Result<Piece, StoreError> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
        let share = asked.len().div_ceil(threads).max(SHARE_MIN);
        if asked.len() <= share {
            return self.look(live, snapshot, asked, now);
        }
        thread::scope(|scope| {
            let look = |share| scope.spawn(move || self.look(live, snapshot, share, now));
            let looks: Vec<_> = asked.chunks(share).map(look).collect();
            let mut all = Piece::default();
            for look in looks {
                let Piece { rows, changes } = joined(look)?;
                all.rows.extend(rows);
                all.changes.extend(changes);
            }
            Ok(all)
        })
    }
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|cause| panic::resume_unwind(cause))
}
