//! What has to be told of one customer's memberships between the instant that was told last and now.
//!
//! Time is replayed over the touchpoints as they are known now: every change between the two instants has its own instant, also
//! where several came while nobody looked. What was told and turns out wrong, because a touchpoint came late or identities
//! changed, is corrected as of the instant told last. So the changes told so far, replayed, are the membership of now.

use std::collections::BTreeMap;

use expr::Subject;
use types::Micros;

use crate::segments::Segments;

/// What was told of one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The instant up to which everything was told; `None` if nothing was.
    pub until: Option<Micros>,
    /// Segments that the customer is in, with the version and the instant since when, as told.
    pub segments: BTreeMap<String, Entry>,
}

/// A membership as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Version of the segment.
    pub version: u32,
    /// When it was entered.
    pub since: Micros,
}

/// A segment that was entered or left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The segment.
    pub segment: String,
    /// Its version; of one that is deleted, the last told.
    pub version: u32,
    /// Entered, not left.
    pub entered: bool,
    /// When it became so.
    pub effective_at: Micros,
    /// Whether it was so at the instant told last already: a touchpoint came late, identities or the definition changed.
    pub correction: bool,
}

/// What follows from an advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// Changes in the order of their instants.
    pub changes: Vec<Change>,
    /// What is told once they are.
    pub told: Told,
    /// The first instant at which something can change if nothing happens.
    pub next: Option<Micros>,
}

/// Most instants that are looked at between the two for one segment; beyond them only the state of now is told.
const STEPS_MAX: usize = 1_000;

/// Brings what was told of a customer up to now. An instant before the one told last counts as that one: time never goes back.
pub fn advance(segments: &Segments, subject: &dyn Subject, told: &Told, now: Micros) -> Advance {
    let now = told.until.map_or(now, |until| until.max(now));
    let mut advance =
        Advance { changes: Vec::new(), told: Told { until: Some(now), segments: BTreeMap::new() }, next: None };
    for (name, version, program) in segments.iter() {
        let held = told.segments.get(name).copied();
        // One that is told the first time begins at the newest touchpoint: what was before it is no news.
        let from = told.until.or_else(|| subject.latest(now)).unwrap_or(now);
        let mut walk = Walk { segment: name, version, held, changes: &mut advance.changes };
        let mut verdict = expr::evaluate(program, subject, segments, from);
        walk.see(verdict.truth, from, told.until.is_some());
        let mut steps = 0;
        while let Some(at) = verdict.next.filter(|next| *next <= now) {
            steps += 1;
            let at = if steps < STEPS_MAX { at } else { now };
            verdict = expr::evaluate(program, subject, segments, at);
            walk.see(verdict.truth, at, false);
            if at == now {
                break;
            }
        }
        let held = walk.held;
        advance.told.segments.extend(held.map(|entry| (name.to_owned(), Entry { version, ..entry })));
        advance.next = earlier(advance.next, verdict.next.filter(|next| *next > now));
    }
    for (name, entry) in told.segments.iter().filter(|(name, _)| segments.get(name).is_none()) {
        advance.changes.push(Change {
            segment: name.clone(),
            version: entry.version,
            entered: false,
            effective_at: now,
            correction: false,
        });
    }
    advance.changes.sort_by_key(|change| change.effective_at);
    advance
}

/// Of a customer id that is no customer's any more: it has left all that it was told to be in.
pub fn gone(told: &Told, now: Micros) -> Vec<Change> {
    let now = told.until.map_or(now, |until| until.max(now));
    let left = |(segment, entry): (&String, &Entry)| Change {
        segment: segment.clone(),
        version: entry.version,
        entered: false,
        effective_at: now,
        correction: false,
    };
    told.segments.iter().map(left).collect()
}

fn earlier(one: Option<Micros>, other: Option<Micros>) -> Option<Micros> {
    one.into_iter().chain(other).min()
}

struct Walk<'a> {
    segment: &'a str,
    version: u32,
    held: Option<Entry>,
    changes: &'a mut Vec<Change>,
}

impl Walk<'_> {
    fn see(&mut self, truth: bool, at: Micros, correction: bool) {
        if truth == self.held.is_some() {
            return;
        }
        let change = Change {
            segment: self.segment.to_owned(),
            version: self.version,
            entered: truth,
            effective_at: at,
            correction,
        };
        self.changes.push(change);
        self.held = truth.then_some(Entry { version: self.version, since: at });
    }
}
