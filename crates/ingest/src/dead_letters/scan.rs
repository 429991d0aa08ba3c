//! Reading `dead-letters` from its beginning to its present end.
//!
//! Owns what "unsettled" means: there is a letter of the id and no settlement, before or behind it – a rebuild, a replica or a
//! group that begins anew writes letters again that were settled long ago. Memory grows with the number of unsettled letters, not
//! with their bytes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use journal::{Journal, PollLimits, Position, ReadError};
use proto::ingest::DeadLetterFilter;
use types::dead_letter::{DeadLetter, DeadLetterRecord};

const LIMITS: PollLimits = PollLimits { records_max: 1_000, bytes_max: 8 << 20 };
const POLL_WAIT: Duration = Duration::from_millis(500);
/// Longest wait for a record that must be there.
const PATIENCE: Duration = Duration::from_secs(20);

/// Calls `each` with every record that is there now, in order. What is no record of ours is passed over.
pub(super) fn each_record(
    journal: &dyn Journal,
    mut each: impl FnMut(Position, DeadLetterRecord),
) -> Result<(), ReadError> {
    let (starts, ends) = (journal.starts()?, journal.ends()?);
    let held = (0..).zip(starts.into_iter().zip(ends)).filter(|(_, (start, end))| start < end);
    let mut left: BTreeMap<u32, (u64, u64)> = held.collect();
    let from = left.iter().map(|(partition, (start, _))| Position { partition: *partition, offset: *start });
    let mut reader = journal.reader(from.collect())?;
    let mut heard = Instant::now();
    while !left.is_empty() {
        let records = reader.poll(LIMITS, POLL_WAIT)?;
        if !records.is_empty() {
            heard = Instant::now();
        } else if heard.elapsed() > PATIENCE {
            let reason = format!("nothing came for {} s", PATIENCE.as_secs());
            return Err(ReadError::Server { place: "dead-letters".to_owned(), reason });
        }
        for record in records {
            let position = record.position;
            let Some((_, end)) = left.get(&position.partition).copied() else { continue };
            if position.offset + 1 >= end {
                left.remove(&position.partition);
            }
            match DeadLetterRecord::decode(record.into_parts()) {
                Some(record) => each(position, record),
                None => tracing::warn!(?position, "a record of dead-letters is none"),
            }
        }
    }
    Ok(())
}

/// All unsettled letters that fit the filter, without their bytes, in order.
pub(super) fn unsettled(
    journal: &dyn Journal,
    filter: &DeadLetterFilter,
) -> Result<BTreeMap<Position, (DeadLetter, usize)>, ReadError> {
    let (mut letters, mut places, mut settled) = (BTreeMap::new(), HashMap::new(), HashSet::new());
    each_record(journal, |position, record| match record {
        DeadLetterRecord::Settled(id, _) => drop(settled.insert(id)),
        DeadLetterRecord::Letter(letter) => {
            let id = letter.origin.id();
            if fits(&letter, &id, filter) {
                // Of several of one id, the last.
                places.insert(id, position).and_then(|earlier| letters.remove(&earlier));
                letters.insert(position, slim(*letter));
            }
        }
    })?;
    letters.retain(|_, (letter, _): &mut (DeadLetter, usize)| !settled.contains(&letter.origin.id()));
    Ok(letters)
}

/// The last letter of an id, whole, settled or not.
pub(super) fn find(journal: &dyn Journal, id: &str) -> Result<Option<DeadLetter>, ReadError> {
    let mut found = None;
    each_record(journal, |_, record| {
        if let DeadLetterRecord::Letter(letter) = record
            && letter.origin.id() == id
        {
            found = Some(*letter);
        }
    })?;
    Ok(found)
}

fn fits(letter: &DeadLetter, id: &str, filter: &DeadLetterFilter) -> bool {
    let any_or = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
    (filter.ids.is_empty() || filter.ids.iter().any(|wanted| wanted == id))
        && any_or(&filter.reason, &letter.cause.reason)
        && any_or(&filter.topic, &letter.origin.topic)
}

/// The letter without its bytes, and how many there were. Whether the value was null stays visible.
fn slim(mut letter: DeadLetter) -> (DeadLetter, usize) {
    let bytes = letter.value.as_ref().map_or(0, Vec::len);
    letter.value = letter.value.map(|_| Vec::new());
    letter.key = None;
    letter.headers = Vec::new();
    (letter, bytes)
}
