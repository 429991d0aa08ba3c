//! A customer's timeline: the timelines of its fragments and operators' decisions, merged in the total order, as a page or to
//! the end.

use std::{iter::Peekable, ops::ControlFlow, rc::Rc};

use identity::Decision;
use prost::Message;
use proto::customer::TimelineEntry;
use store::{
    Resolved, Snapshot, StoreError,
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

use crate::{identity_view, past::PastTouchpoint};

/// The kind under which operators' decisions are asked for.
const DECISION_KIND: &str = "identity_decision";

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

/// Reads a page of a customer's timeline as it is now.
pub(crate) fn page(
    snapshot: &Snapshot<'_>,
    hash_key: &HashKey,
    resolved: &Resolved,
    query: &PageQuery,
) -> Result<Page, StoreError> {
    let (mut entries, mut last, mut more) = (Vec::new(), None, false);
    walk(snapshot, hash_key, resolved, query, |place, entry| {
        if entries.len() == query.size {
            more = true;
            return Ok::<_, StoreError>(ControlFlow::Break(()));
        }
        entries.push(entry);
        last = Some(place);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((entries, last.filter(|_| more)))
}

/// Calls `each` with the entries of a customer's timeline as it is now, in the query's order and whatever its size, until it
/// breaks off. Holds the entries of one instant.
pub(crate) fn walk<E: From<StoreError>>(
    snapshot: &Snapshot<'_>,
    hash_key: &HashKey,
    resolved: &Resolved,
    query: &PageQuery,
    mut each: impl FnMut(TotalOrder, TimelineEntry) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    let scan = |fragment: &FragmentId| snapshot.scan::<Timeline>(&query.range(*fragment)).peekable();
    let mut scans: Vec<_> = resolved.identity.fragments.iter().map(scan).collect();
    let mut decisions = query.decisions(resolved).into_iter().peekable();
    loop {
        let decided = decisions.peek().map(|(place, _)| place.occurred_at);
        let Some(instant) = next_instant(&mut scans, decided, query.newest_first)? else { break };
        let mut group = at_instant(&mut scans, instant, hash_key, query)?;
        while let Some(decision) = decisions.next_if(|(place, _)| place.occurred_at == instant) {
            group.push(decision);
        }
        query.sort(&mut group);
        for (place, mut entry) in group {
            entry.identity_events = identity_view::events_at(resolved, &place);
            if each(place, entry)?.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A page of touchpoints that are in memory already.
pub(crate) fn page_of(touchpoints: &[Rc<PastTouchpoint>], resolved: &Resolved, query: &PageQuery) -> Page {
    let wanted = touchpoints.iter().filter(|one| query.covers(&one.place) && query.wants(&one.place, &one.touchpoint));
    let entry = |one: &Rc<PastTouchpoint>| {
        let (touchpoint, position) = (Some(one.touchpoint.clone()), Some(one.position));
        (one.place.clone(), TimelineEntry { touchpoint, position, ..TimelineEntry::default() })
    };
    let mut entries: Vec<(TotalOrder, TimelineEntry)> = wanted.map(entry).chain(query.decisions(resolved)).collect();
    query.sort(&mut entries);
    let more = entries.len() > query.size;
    entries.truncate(query.size);
    let last = entries.last().filter(|_| more).map(|(place, _)| place.clone());
    let shown = |(place, entry): (TotalOrder, TimelineEntry)| TimelineEntry {
        identity_events: identity_view::events_at(resolved, &place),
        ..entry
    };
    (entries.into_iter().map(shown).collect(), last)
}

impl PageQuery {
    /// All of a timeline, the oldest first.
    pub(crate) fn everything() -> Self {
        Self { newest_first: false, kinds: Vec::new(), from: None, before: None, after: None, size: usize::MAX }
    }

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

    /// Whether a place lies within the asked time.
    fn covers(&self, place: &TotalOrder) -> bool {
        self.from.is_none_or(|from| place.occurred_at >= from) && self.before.is_none_or(|end| place.occurred_at < end)
    }

    fn wants(&self, place: &TotalOrder, touchpoint: &Touchpoint) -> bool {
        self.is_later(place) && self.wants_kind(&touchpoint.kind)
    }

    fn is_later(&self, place: &TotalOrder) -> bool {
        self.after.as_ref().is_none_or(|after| if self.newest_first { place < after } else { place > after })
    }

    fn wants_kind(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted == kind)
    }

    /// The wanted decisions about a customer, in the order of the page.
    fn decisions(&self, resolved: &Resolved) -> Vec<(TotalOrder, TimelineEntry)> {
        let wanted = resolved.decisions.iter().filter(|decision| {
            self.covers(&decision.place) && self.is_later(&decision.place) && self.wants_kind(DECISION_KIND)
        });
        let entry = |decision: &Decision| {
            let decision_shown = Some(identity_view::decision(decision));
            (decision.place.clone(), TimelineEntry { decision: decision_shown, ..TimelineEntry::default() })
        };
        let mut decisions: Vec<(TotalOrder, TimelineEntry)> = wanted.map(entry).collect();
        self.sort(&mut decisions);
        decisions
    }

    fn sort(&self, entries: &mut [(TotalOrder, TimelineEntry)]) {
        entries.sort_by(|(left, _), (right, _)| if self.newest_first { right.cmp(left) } else { left.cmp(right) });
    }
}

/// The next instant at which any fragment has a touchpoint, or an operator decided.
fn next_instant<I: Iterator<Item = Row>>(
    scans: &mut [Peekable<I>],
    decided: Option<Micros>,
    newest_first: bool,
) -> Result<Option<Micros>, StoreError> {
    let mut instants: Vec<Micros> = decided.into_iter().collect();
    for scan in scans {
        match scan.peek() {
            Some(Ok((key, _))) => instants.push(key.occurred_at),
            Some(Err(error)) => return Err(error.clone()),
            None => {}
        }
    }
    Ok(if newest_first { instants.into_iter().max() } else { instants.into_iter().min() })
}

/// All wanted touchpoints of one instant.
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
    Ok((place, TimelineEntry { touchpoint: Some(touchpoint), position, ..TimelineEntry::default() }))
}
