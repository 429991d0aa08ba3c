//! Finding copies: all touchpoints of one copy key side by side. Of equal ones the one received first counts, as ever, and the rows of
//! `copies` are written; where contents differ, all of them are left to the ordinary fold.

use std::collections::BTreeMap;

use journal::Position;
use store::{
    Bulk, RowSink as _,
    family::{Copies, copies::CopyRow},
};
use types::{CopyKey, Micros};

use super::{
    BulkError, BulkProgress, Conflicting, Load, Pieces, SHARED_BYTES,
    entry::{COPY_WORDS, copy_of, half},
    read::gather,
    sorted::{Group, Words, in_order},
    spill::{Piece, changed},
    work::Shares,
};
use crate::replay::Shards;

/// What a copy key takes among those that are in conflict.
const CONFLICTING_BYTES: usize = 64;

/// Shares of neighbouring pieces, of which each gives files of its own: few files where there is little, and many shares where one may
/// take longer than another.
pub(super) fn shares(pieces: Pieces, threads: usize) -> Shares<Vec<Piece>> {
    let bytes: u64 = pieces.iter().map(Piece::bytes).sum();
    let count = if bytes > SHARED_BYTES * threads as u64 { threads * 4 } else { threads };
    let each = pieces.len().div_ceil(count.max(1)).max(1);
    let (mut shares, mut pieces) = (Vec::new(), pieces.into_iter().peekable());
    while pieces.peek().is_some() {
        shares.push(pieces.by_ref().take(each).collect());
    }
    Shares::new(shares)
}

/// The touchpoints of one copy key.
struct Same {
    /// The one that counts if they are equal: the first received, and of those the first in the journal.
    first: (Micros, Position),
    row: CopyRow,
    /// How many there are by partition.
    counts: BTreeMap<u32, u64>,
    differ: bool,
}

impl Load<'_> {
    /// Writes the rows of `copies`, counts touchpoints and copies, and says which keys are in conflict.
    pub(super) fn fold_copies(
        &self,
        pieces: Pieces,
        shards: &mut Shards,
        told: &mut dyn FnMut(&BulkProgress) -> bool,
    ) -> Result<Conflicting, BulkError> {
        let shares = shares(pieces, self.work.threads);
        let files: &Bulk<'_> = self.files;
        let found = self.work.on_all(told, || {
            let (mut seen, mut conflicting) = (Shards::new(), Conflicting::new());
            while let Some(share) = shares.next() {
                let mut rows = files.sorted();
                for piece in share {
                    in_order(piece, self.plan.sorted, |key: &Words<COPY_WORDS>, group| {
                        self.work.go_on()?;
                        let [first, second] = *key;
                        let (copy, same) = (CopyKey(half(first, second)), same(group)?);
                        if same.differ {
                            self.aside.take(CONFLICTING_BYTES)?;
                            conflicting.insert(copy);
                            return Ok(());
                        }
                        same.count(&mut seen);
                        Ok(rows.put::<Copies>(&copy, &CopyRow { received_at: same.first.0, ..same.row })?)
                    })?;
                }
                rows.finish()?;
            }
            Ok((seen, conflicting))
        })?;
        let mut all = Conflicting::new();
        for (seen, conflicting) in found {
            gather(shards, seen);
            all.extend(conflicting);
        }
        Ok(all)
    }
}

impl Same {
    /// One of them is a touchpoint, the others are copies.
    fn count(&self, seen: &mut Shards) {
        for (partition, count) in &self.counts {
            let shard = seen.entry(*partition).or_default();
            let counts = u64::from(*partition == self.first.1.partition);
            shard.touchpoints += counts;
            shard.copies += count - counts;
        }
    }
}

fn same(group: Group<'_, COPY_WORDS>) -> Result<Same, BulkError> {
    let mut same: Option<Same> = None;
    for value in group.values() {
        let (row, position) = copy_of(value).ok_or_else(changed)?;
        let place = (row.received_at, position);
        let held = same.get_or_insert_with(|| Same { first: place, row, counts: BTreeMap::new(), differ: false });
        held.first = held.first.min(place);
        held.differ |= held.row.content != row.content;
        *held.counts.entry(position.partition).or_default() += 1;
    }
    Ok(same.ok_or_else(changed)?)
}
