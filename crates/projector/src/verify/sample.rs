//! The sampled verify: some customers, chosen by a seed; their fragments against their timelines, their timelines against the
//! journal's records at the positions that they name.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use journal::{Journal, PollLimits, Position, Record};
use profile::fields;
use proto::admin::VerifySummary;
use store::{
    CustomerRows, Resolved, Snapshot, StoreError,
    family::{Incidence, Timeline, timeline::TimelineRow},
    snapshot::Range,
};
use types::{FragmentId, IdentifierId};

use super::{Call, Told, VerifyError, applied, finish, owner::Owners, progress, tell};
use crate::{
    difference::{self, Difference},
    scrub::{
        self,
        check::{self, Checked},
    },
};

/// Most customers of a sample.
pub(super) const CUSTOMERS_MAX: u32 = 100_000;
/// Most touchpoints of a fragment that is folded anew.
const TOUCHPOINTS_MAX: u64 = 1_000_000;
/// Most touchpoints of a customer that are looked up in the journal.
const LOOKED_UP_MAX: usize = 100;
/// Longest wait for one of them.
const RECORD_WAIT_MAX: Duration = Duration::from_secs(30);
/// Places tried for each customer asked for: several may lead to the same one.
const TRIES: u64 = 8;

/// Verifies so many customers. Blocks.
pub(super) fn verify(call: &Call<'_>, customers: u32, seed: u64, told: Told<'_>) -> Result<(), VerifyError> {
    let snapshot = call.store.snapshot();
    let mut summary = VerifySummary { applied: applied(&snapshot)?, ..VerifySummary::default() };
    let mut met = BTreeSet::new();
    for number in 0..u64::from(customers) * TRIES {
        let Some(customer) = choose(call, &snapshot, seed, number)? else { break };
        if met.insert(customer.identity.id) {
            look_at(call, &snapshot, &customer, &mut summary, told)?;
            summary.customers += 1;
            progress(told, "sampling", summary.customers, u64::from(customers))?;
        }
        if summary.customers == u64::from(customers) {
            break;
        }
    }
    finish(told, summary)
}

/// The customer of the first identifier at or after a pseudo-random place, around the end; `None` in an empty state.
fn choose(call: &Call<'_>, snapshot: &Snapshot<'_>, seed: u64, number: u64) -> Result<Option<Resolved>, StoreError> {
    let from = scrub::start(call.hash_key, seed, number).to_vec();
    let first = |range: &Range| snapshot.scan::<Incidence>(range).next().transpose();
    let found = match first(&Range { from, ..Range::all() })? {
        None => first(&Range::all())?,
        found => found,
    };
    let Some(((identifier, _), ())) = found else { return Ok(None) };
    find(call, snapshot, identifier)
}

fn find(call: &Call<'_>, snapshot: &Snapshot<'_>, identifier: IdentifierId) -> Result<Option<Resolved>, StoreError> {
    CustomerRows::new(snapshot, &call.rules, call.hash_key).find(identifier)
}

fn look_at(
    call: &Call<'_>,
    snapshot: &Snapshot<'_>,
    customer: &Resolved,
    summary: &mut VerifySummary,
    told: Told<'_>,
) -> Result<(), VerifyError> {
    let owners = Owners { snapshots: [snapshot, snapshot], rules: &call.rules, hash_key: call.hash_key };
    let mut left = LOOKED_UP_MAX;
    for fragment in &customer.identity.fragments {
        summary.fragments += 1;
        let mut found = match check::check(snapshot, call.hash_key, *fragment, TOUCHPOINTS_MAX)? {
            Checked::Compared(found) => found,
            Checked::TooLarge => {
                summary.fragments_too_large += 1;
                Vec::new()
            }
        };
        found.extend(against_journal(call, snapshot, *fragment, &mut left, summary)?);
        if !found.is_empty() {
            let owner = owners.of(*fragment);
            summary.differences += found.len() as u64;
            found.into_iter().try_for_each(|difference| tell(told, owner.message(difference)))?;
        }
    }
    Ok(())
}

/// The first touchpoints of a timeline against the records at their positions.
fn against_journal(
    call: &Call<'_>,
    snapshot: &Snapshot<'_>,
    fragment: FragmentId,
    left: &mut usize,
    summary: &mut VerifySummary,
) -> Result<Vec<Difference>, VerifyError> {
    let mut found = Vec::new();
    for row in snapshot.scan_prefix::<Timeline>(&fragment.0).take(*left) {
        let (key, row) = row?;
        let record = record_at(call.journal, Position { partition: row.partition, offset: row.offset })?;
        *left -= 1;
        summary.touchpoints += 1;
        if record.as_ref().is_some_and(|record| record.value == row.envelope) {
            continue;
        }
        let recorded = record.map(|record| TimelineRow { envelope: record.value, ..row.clone() });
        let expected = recorded.as_ref().map(difference::touchpoint_fields).unwrap_or_default();
        let fields = fields::differing(&difference::touchpoint_fields(&row), &expected);
        found.extend(Difference::of("journal", fields).into_iter().map(|mut difference| {
            difference.touchpoints.push((key, row.clone()));
            difference
        }));
    }
    Ok(found)
}

/// The record at a position; `None` if the journal has none there.
fn record_at(journal: &dyn Journal, position: Position) -> Result<Option<Record>, VerifyError> {
    let ends = journal.ends()?;
    let end = usize::try_from(position.partition).ok().and_then(|partition| ends.get(partition));
    if end.is_none_or(|end| position.offset >= *end) {
        return Ok(None);
    }
    let mut reader = journal.reader(vec![position])?;
    let until = Instant::now() + RECORD_WAIT_MAX;
    while Instant::now() < until {
        let records = reader.poll(PollLimits { records_max: 1, bytes_max: 1 }, Duration::from_millis(200))?;
        if let Some(record) = records.into_iter().next() {
            return Ok((record.position == position).then_some(record));
        }
    }
    Ok(None)
}
