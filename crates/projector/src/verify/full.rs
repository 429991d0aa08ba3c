//! The full verify: fold the journal again, compare all rows, say what differs in the words of the unified view.

use std::collections::BTreeMap;

use journal::PollLimits;
use proto::admin::VerifySummary;
use store::{
    Snapshot,
    compare::{RowDifference, compare, folded_families},
};
use types::FragmentId;

use super::{
    Call, Told, VerifyError, applied, finish,
    owner::Owners,
    progress, rows,
    scratch::{self, Scratch},
    tell,
};
use crate::{
    bulk::{self, BulkError, BulkProgress, BulkSettings, Loaded},
    definitions,
    replay::{self, ReplayError, Shards},
};

const LIMITS: PollLimits = PollLimits { records_max: 4_096, bytes_max: 8 << 20 };
/// Rows between two words of progress.
const PROGRESS_ROWS: u64 = 100_000;
/// Most differing rows that are explained; all are counted.
const ROWS_MAX: usize = 1_000;
/// Most bytes of them.
const ROWS_BYTES_MAX: usize = 32 << 20;

/// Differing rows, kept until all are known, so that those of one fragment are explained together.
#[derive(Default)]
struct Kept {
    fragments: BTreeMap<FragmentId, Vec<RowDifference>>,
    others: Vec<RowDifference>,
    rows: usize,
    bytes: usize,
    truncated: bool,
}

impl Kept {
    fn add(&mut self, fragment: Option<FragmentId>, row: RowDifference) {
        let bytes = [&row.left, &row.right].into_iter().flatten().map(|value| value.len()).sum::<usize>();
        if self.rows >= ROWS_MAX || self.bytes + bytes > ROWS_BYTES_MAX {
            self.truncated = true;
            return;
        }
        (self.rows, self.bytes) = (self.rows + 1, self.bytes + bytes);
        match fragment {
            Some(fragment) => self.fragments.entry(fragment).or_default().push(row),
            None => self.others.push(row),
        }
    }
}

/// Verifies everything that a snapshot of the live state covers. Blocks.
pub(super) fn verify(call: &Call<'_>, told: Told<'_>) -> Result<(), VerifyError> {
    let live = call.store.snapshot();
    let until = applied(&live)?;
    let scratch = Scratch::like(call.store.manifest(), call.scratch)?;
    fold(call, &scratch, &until, told)?;
    definitions::replay(scratch.store(), call.definitions, call.hash_key, &store::definition::progress(&live)?)?;
    let folded = scratch.store().snapshot();
    let (mut summary, mut kept) = (VerifySummary::default(), Kept::default());
    for family in folded_families() {
        compare_family(call, (&live, &folded), family, &mut summary, &mut kept, told)?;
    }
    (summary.truncated, summary.applied) = (kept.truncated, until);
    summary.touchpoints = folded.shards()?.iter().map(|(_, shard)| shard.touchpoints).sum();
    explain(call, (&live, &folded), kept, told)?;
    finish(told, summary)
}

fn fold(call: &Call<'_>, scratch: &Scratch, until: &BTreeMap<u32, u64>, told: Told<'_>) -> Result<(), VerifyError> {
    let total = until.values().sum();
    if loaded(call, scratch, until, told)? {
        return Ok(());
    }
    let mut each = |shards: &Shards| {
        let done = shards.values().map(|shard| shard.applied).sum();
        progress(told, "folding", done, total).is_ok()
    };
    Ok(replay::replay(scratch.store(), call.journal, call.hash_key, LIMITS, until, &mut each)?)
}

/// Folds all together; false if records are not made for that.
fn loaded(call: &Call<'_>, scratch: &Scratch, until: &BTreeMap<u32, u64>, told: Told<'_>) -> Result<bool, VerifyError> {
    let total = until.values().sum();
    let mut each = |loaded: &BulkProgress| progress(told, "folding", loaded.records, total).is_ok();
    let (hash_key, memory_bytes, threads) = (call.hash_key.clone(), scratch::MEMORY_BYTES, bulk::threads());
    let settings = BulkSettings { hash_key, memory_bytes, threads, patient: false };
    match bulk::load(scratch.store(), call.journal, &settings, until, &mut each) {
        Ok(loaded) => Ok(matches!(loaded, Loaded::Whole(_))),
        // Its words name the remedy of a verify.
        Err(BulkError::Journal(error)) => Err(ReplayError::Journal(error).into()),
        Err(error) => Err(error.into()),
    }
}

/// The live state and the one just folded.
type Both<'a> = (&'a Snapshot<'a>, &'a Snapshot<'a>);

fn compare_family(
    call: &Call<'_>,
    (live, folded): Both<'_>,
    family: &'static str,
    summary: &mut VerifySummary,
    kept: &mut Kept,
    told: Told<'_>,
) -> Result<(), VerifyError> {
    let phase = format!("comparing {family}");
    let compared = compare(live, folded, family, |rows, difference| {
        if let Some(row) = difference {
            kept.add(rows::fragment_of(&row, call.hash_key), row);
        }
        if rows % PROGRESS_ROWS == 0 { progress(told, &phase, rows, 0) } else { Ok(()) }
    })?;
    progress(told, &phase, compared.rows, compared.rows)?;
    summary.differences += compared.differing;
    summary.rows.insert(family.to_owned(), compared.rows);
    if compared.differing > 0 {
        summary.differing_rows.insert(family.to_owned(), compared.differing);
    }
    Ok(())
}

fn explain(call: &Call<'_>, both: Both<'_>, kept: Kept, told: Told<'_>) -> Result<(), VerifyError> {
    let owners = Owners { snapshots: [both.0, both.1], rules: &call.rules, hash_key: call.hash_key };
    for (fragment, rows) in kept.fragments {
        let owner = owners.of(fragment);
        for difference in rows::explain_fragment(both, call.hash_key, fragment, &rows)? {
            tell(told, owner.message(difference))?;
        }
    }
    for row in kept.others {
        for difference in rows::explain(&row, call.hash_key) {
            tell(told, owners.nobody().message(difference))?;
        }
    }
    Ok(())
}
