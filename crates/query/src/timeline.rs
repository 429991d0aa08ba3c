//! One page of a customer's timeline: the timelines of its fragments, merged in the total order.

use std::iter::Peekable;

use prost::Message;
use proto::customer::TimelineEntry;
use store::{
    Snapshot, StoreError,
    family::{
        Family, Timeline,
        timeline::{TimelineKey, TimelineRow},
    },
    snapshot::{Range, successor},
};
use types::{
    FragmentId, HashKey, Micros, TotalOrder,
    record::{Envelope, Position, Touchpoint},
};

/// Which touchpoints a page holds.
#[derive(Clone, Debug)]
pub(crate) struct PageQuery {
    pub(crate) newest_first: bool,
    pub(crate) kinds: Vec<String>,
    pub(crate) from: Option<Micros>,
    pub(crate) before: Option<Micros>,
    pub(crate) after: Option<TotalOrder>,
    pub(crate) size: usize,
}

/// A page, and the last touchpoint on it if there may be more.
pub(crate) type Page = (Vec<TimelineEntry>, Option<TotalOrder>);

type Row = Result<(TimelineKey, TimelineRow), StoreError>;

/// Reads a page.
pub(crate) fn page(
    snapshot: &Snapshot<'_>,
    hash_key: &HashKey,
    fragments: &[FragmentId],
    query: &PageQuery,
) -> Result<Page, StoreError> {
    let scan = |fragment: &FragmentId| snapshot.scan::<Timeline>(&query.range(*fragment)).peekable();
    let mut scans: Vec<_> = fragments.iter().map(scan).collect();
    let mut entries = Vec::new();
    let mut last = None;
    while let Some(instant) = next_instant(&mut scans, query.newest_first)? {
        for (place, entry) in at_instant(&mut scans, instant, hash_key, query)? {
            if entries.len() == query.size {
                return Ok((entries, last));
            }
            entries.push(entry);
            last = Some(place);
        }
    }
    Ok((entries, None))
}

impl PageQuery {
    /// The keys of a fragment that can be on this page or a later one.
    fn range(&self, fragment: FragmentId) -> Range {
        let after = self.after.as_ref().map(|place| place.occurred_at);
        let (mut from, mut before) = (self.from, self.before);
        match (after, self.newest_first) {
            (Some(after), false) => from = from.max(Some(after)),
            (Some(after), true) => {
                let end = Micros(after.0.saturating_add(1));
                before = Some(before.map_or(end, |before| before.min(end)));
            }
            (None, _) => {}
        }
        Range {
            from: from.map_or_else(|| fragment.0.to_vec(), |from| TimelineKey::lower_bound(fragment, from)),
            before: before
                .map_or_else(|| successor(&fragment.0), |before| Some(TimelineKey::lower_bound(fragment, before))),
            backwards: self.newest_first,
        }
    }

    fn wants(&self, place: &TotalOrder, touchpoint: &Touchpoint) -> bool {
        let later =
            self.after.as_ref().is_none_or(|after| if self.newest_first { place < after } else { place > after });
        later && (self.kinds.is_empty() || self.kinds.contains(&touchpoint.kind))
    }
}

/// The next instant at which any fragment has a touchpoint.
fn next_instant<I: Iterator<Item = Row>>(
    scans: &mut [Peekable<I>],
    newest_first: bool,
) -> Result<Option<Micros>, StoreError> {
    let mut instants = Vec::with_capacity(scans.len());
    for scan in scans {
        match scan.peek() {
            Some(Ok((key, _))) => instants.push(key.occurred_at),
            Some(Err(error)) => return Err(error.clone()),
            None => {}
        }
    }
    Ok(if newest_first { instants.into_iter().max() } else { instants.into_iter().min() })
}

/// All wanted touchpoints of one instant, in the order of the page.
fn at_instant<I: Iterator<Item = Row>>(
    scans: &mut [Peekable<I>],
    instant: Micros,
    hash_key: &HashKey,
    query: &PageQuery,
) -> Result<Vec<(TotalOrder, TimelineEntry)>, StoreError> {
    let mut group = Vec::new();
    for scan in scans {
        while let Some(row) = scan.next_if(|row| row.as_ref().is_ok_and(|(key, _)| key.occurred_at == instant)) {
            let (place, entry) = entry(&row?.1, hash_key)?;
            if entry.touchpoint.as_ref().is_some_and(|touchpoint| query.wants(&place, touchpoint)) {
                group.push((place, entry));
            }
        }
    }
    group.sort_by(|(left, _), (right, _)| if query.newest_first { right.cmp(left) } else { left.cmp(right) });
    Ok(group)
}

fn entry(row: &TimelineRow, hash_key: &HashKey) -> Result<(TotalOrder, TimelineEntry), StoreError> {
    let damaged = |error: prost::DecodeError| StoreError::Damaged { family: Timeline::NAME, what: error.to_string() };
    let envelope = Envelope::decode(row.envelope.as_slice()).map_err(damaged)?;
    let mut touchpoint = Touchpoint::decode(envelope.payload.as_slice()).map_err(damaged)?;
    let content = hash_key.content_hash(&envelope.payload);
    let place = TotalOrder {
        occurred_at: touchpoint.occurred(),
        source: touchpoint.source.clone(),
        message_id: touchpoint.message_id.clone(),
        content,
    };
    touchpoint.received_at = envelope.received_at;
    let position = Some(Position { partition: row.partition, offset: row.offset });
    Ok((place, TimelineEntry { touchpoint: Some(touchpoint), position }))
}
