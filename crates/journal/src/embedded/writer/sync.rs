//! Syncing the files of a commit at once: file systems make one flush of several that wait together.
//!
//! Owns: the threads that wait. Never: reports success if one file failed.

use std::fs::File;
use std::io;
use std::thread;

use crate::embedded::disk::Disk;

/// Syncs that wait at the same time.
const THREADS_MAX: usize = 8;

/// Makes all `files` durable; the first error otherwise.
pub(super) fn sync_all(disk: &dyn Disk, files: &[&File]) -> io::Result<()> {
    let share = files.len().div_ceil(THREADS_MAX).max(1);
    let Some((own, others)) = files.split_at_checked(share.min(files.len())) else { return Ok(()) };
    thread::scope(|scope| {
        let helpers = others
            .chunks(share)
            .map(|files| thread::Builder::new().spawn_scoped(scope, move || sync_each(disk, files)));
        let helpers: Vec<_> = helpers.collect();
        let mut outcome = sync_each(disk, own);
        for helper in helpers {
            let synced =
                helper.and_then(|helper| helper.join().unwrap_or_else(|_| Err(io::Error::other("a sync panicked"))));
            outcome = outcome.and(synced);
        }
        outcome
    })
}

fn sync_each(disk: &dyn Disk, files: &[&File]) -> io::Result<()> {
    files.iter().try_for_each(|file| disk.sync(file))
}
