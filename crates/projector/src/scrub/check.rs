//! One fragment against its own timeline: folded anew, and compared with the rows that it has.

use profile::{Fact, State};
use store::{
    Snapshot, StoreError,
    family::{
        Conflicts, Copies, Family as _, Fragments, Incidence, Losers, Timeline,
        copies::CopyRow,
        fragments::FragmentRow,
        timeline::{TimelineKey, TimelineRow},
    },
};
use types::{ContentHash, CopyKey, FragmentId, HashKey, Identifier, IdentifierId, TotalOrder, record::Touchpoint};

use crate::difference::{self, Difference};

/// What a look at a fragment came to.
#[derive(Debug)]
pub(crate) enum Checked {
    /// Compared; without a difference if it is as its touchpoints say.
    Compared(Vec<Difference>),
    /// Passed over: more touchpoints than may be looked at.
    TooLarge,
}

/// Folds a fragment's timeline and compares it with the fragment's rows, and each touchpoint with the row that finds its copies.
///
/// # Errors
/// `Read`. A row that cannot be decoded is a difference.
pub(crate) fn check(
    snapshot: &Snapshot<'_>,
    hash_key: &HashKey,
    fragment: FragmentId,
    touchpoints_max: u64,
) -> Result<Checked, StoreError> {
    match compare(snapshot, hash_key, fragment, touchpoints_max) {
        Err(StoreError::Damaged { family, what }) => {
            Ok(Checked::Compared(vec![Difference::of_row(family, Some(what), None)]))
        }
        other => other,
    }
}

fn compare(
    snapshot: &Snapshot<'_>,
    hash_key: &HashKey,
    fragment: FragmentId,
    touchpoints_max: u64,
) -> Result<Checked, StoreError> {
    let mut refold = Refold::new(snapshot, hash_key, fragment);
    for (seen, row) in (0..).zip(snapshot.scan_prefix::<Timeline>(&fragment.0)) {
        if seen == touchpoints_max {
            return Ok(Checked::TooLarge);
        }
        let (key, row) = row?;
        refold.add(&key, row)?;
    }
    for (seen, row) in (0..).zip(snapshot.scan_prefix::<Losers>(&fragment.0)) {
        if seen == touchpoints_max {
            return Ok(Checked::TooLarge);
        }
        refold.lose(row?.0)?;
    }
    let (row, held) = difference::state_of(snapshot, fragment)?;
    refold.compare_row(row.unwrap_or_default())?;
    let Refold { state, mut found, .. } = refold;
    found.extend(difference::of_states(snapshot, hash_key, fragment, &held, &state)?);
    Ok(Checked::Compared(found))
}

/// A fragment being folded anew.
struct Refold<'a> {
    snapshot: &'a Snapshot<'a>,
    hash_key: &'a HashKey,
    fragment: FragmentId,
    identifiers: Vec<(IdentifierId, Identifier)>,
    state: State,
    lost: Option<TotalOrder>,
    found: Vec<Difference>,
}

impl<'a> Refold<'a> {
    fn new(snapshot: &'a Snapshot<'a>, hash_key: &'a HashKey, fragment: FragmentId) -> Self {
        let (identifiers, state, found) = (Vec::new(), State::default(), Vec::new());
        Self { snapshot, hash_key, fragment, identifiers, state, lost: None, found }
    }

    fn add(&mut self, key: &TimelineKey, row: TimelineRow) -> Result<(), StoreError> {
        let Some((envelope, touchpoint)) = difference::touchpoint(&row) else {
            let unreadable = Some("an envelope that cannot be read".to_owned());
            self.find(Difference::of_row(Timeline::NAME, unreadable, None), key, row);
            return Ok(());
        };
        let content = self.hash_key.content_hash(&envelope.payload);
        self.identifiers = identifiers(&touchpoint, self.hash_key);
        self.state.add(&Fact::new(&touchpoint, content), self.hash_key);
        let copy = self.hash_key.copy_key(&envelope.partition_key, &envelope.source, &touchpoint.message_id);
        let place = TimelineKey { fragment: self.own_fragment(), occurred_at: touchpoint.occurred(), copy };
        if place != *key {
            let (held, expected) = (place_text(key), place_text(&place));
            self.find(Difference::of_row(Timeline::NAME, Some(held), Some(expected)), key, row);
            return Ok(());
        }
        let expected = CopyRow {
            fragment: self.fragment,
            occurred_at: key.occurred_at,
            content,
            received_at: envelope.received(),
        };
        let held = self.snapshot.get::<Copies>(&copy)?;
        if held != Some(expected) {
            self.find(
                Difference::of_row(Copies::NAME, held.as_ref().map(copy_text), Some(copy_text(&expected))),
                key,
                row,
            );
        }
        Ok(())
    }

    /// A touchpoint that lost: it does not count, but was seen, and where none counts it alone names the identifiers.
    fn lose(&mut self, (_, copy, content): (FragmentId, CopyKey, ContentHash)) -> Result<(), StoreError> {
        let row = self.snapshot.get::<Conflicts>(&(copy, content))?;
        let Some((_, touchpoint)) = row.as_ref().and_then(difference::touchpoint) else {
            let expected = Some(format!("a touchpoint that lost, of copy {copy} and content {content}"));
            self.found.push(Difference::of_row(Conflicts::NAME, None, expected));
            return Ok(());
        };
        self.identifiers = identifiers(&touchpoint, self.hash_key);
        let place = Fact::new(&touchpoint, content).place;
        if self.lost.as_ref().is_none_or(|first| place < *first) {
            self.lost = Some(place);
        }
        Ok(())
    }

    /// The fragment that a touchpoint of these identifiers belongs to.
    fn own_fragment(&self) -> FragmentId {
        self.hash_key.fragment_id(&self.identifiers.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    }

    fn find(&mut self, mut difference: Difference, key: &TimelineKey, row: TimelineRow) {
        difference.touchpoints.push((*key, row));
        self.found.push(difference);
    }

    fn compare_row(&mut self, held: FragmentRow) -> Result<(), StoreError> {
        let (lost, expected) = (held.lost.as_ref().map(lost_text), self.lost.as_ref().map(lost_text));
        if held.lost != self.lost {
            let mut difference = Difference::of_row(Fragments::NAME, lost, expected);
            difference.field = "lost".to_owned();
            self.found.push(difference);
        }
        self.compare_identifiers(&held.identifiers)
    }

    /// A fragment with touchpoints names whom they name, and each identifier leads to it.
    fn compare_identifiers(&mut self, held: &[Identifier]) -> Result<(), StoreError> {
        let expected: Vec<Identifier> = self.identifiers.iter().map(|(_, identifier)| identifier.clone()).collect();
        if held != expected {
            let text = |list: &[Identifier]| {
                (!list.is_empty()).then(|| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            };
            let mut difference = Difference::of_row(Fragments::NAME, text(held), text(&expected));
            difference.field = "identifiers".to_owned();
            self.found.push(difference);
        }
        for (id, identifier) in &self.identifiers {
            if self.snapshot.get::<Incidence>(&(*id, self.fragment))?.is_none() {
                let expected = Some("leads to the fragment".to_owned());
                let mut difference = Difference::of_row(Incidence::NAME, None, expected);
                difference.field = format!("identifier {identifier}");
                self.found.push(difference);
            }
        }
        Ok(())
    }
}

/// The identifiers of a touchpoint in the order of their ids, each once.
pub(crate) fn identifiers(touchpoint: &Touchpoint, hash_key: &HashKey) -> Vec<(IdentifierId, Identifier)> {
    let identified = touchpoint.identifiers.iter().map(|message| {
        let identifier = Identifier::from(message);
        (hash_key.identifier_id(&identifier), identifier)
    });
    let mut set: Vec<_> = identified.collect();
    set.sort_unstable();
    set.dedup();
    set
}

/// The first touchpoint that lost, in words.
pub(crate) fn lost_text(place: &TotalOrder) -> String {
    let TotalOrder { occurred_at, source, message_id, content } = place;
    format!("{source} {message_id} at {occurred_at}, content {content}")
}

fn place_text(key: &TimelineKey) -> String {
    format!("fragment {} at {} copy {}", key.fragment, key.occurred_at, key.copy)
}

/// A row that finds copies, in words.
pub(crate) fn copy_text(row: &CopyRow) -> String {
    let CopyRow { fragment, occurred_at, content, received_at } = row;
    format!("fragment {fragment} at {occurred_at}, content {content}, received {received_at}")
}
