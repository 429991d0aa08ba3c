//! What has to be told of one customer's memberships between the instant that was told last and now.
//!
//! Time is replayed over the touchpoints as they are known now: every change between the two instants has its own instant, also
//! where several came while nobody looked. What was told and turns out wrong, because a touchpoint came late or identities
//! changed, is corrected as of the instant told last. So the changes told so far, replayed, are the membership of now. Only the
//! groups of segments are looked at that read what was touched, or whose deadline has come.

use std::collections::BTreeMap;

use expr::{Memo, Subject as _};
use serde::{Deserialize, Serialize};
use types::Micros;

use crate::{
    concerned::Concerned,
    customer::Customer,
    due::{Due, Next, Outlook},
    facets::Facets,
    groups::{Group, Groups, Member, Ordinal},
    segments::Segments,
};

/// What was told of one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The instant up to which everything was told; `None` if nothing was.
    pub until: Option<Micros>,
    /// Segments that the customer is in, by their numbers, with the version and the instant since when, as told.
    pub segments: BTreeMap<Ordinal, Entry>,
    /// Of each group in which something can change though nothing happens, the first such instant.
    pub due: BTreeMap<Group, Due>,
}

/// A membership as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Version of the segment.
    pub version: u32,
    /// When it was entered.
    pub since: Micros,
}

/// A segment that was entered or left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Number of the segment.
    pub segment: Ordinal,
    /// Its version; of one that is deleted, the last told.
    pub version: u32,
    /// Entered, not left.
    pub entered: bool,
    /// When it became so.
    pub effective_at: Micros,
    /// Whether it was so at the instant told last already: a touchpoint came late, identities or the definition changed.
    pub correction: bool,
}

/// What happened to a customer since the instant told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Groups whose truth it can have changed.
    pub groups: Groups,
    /// What it touched: of these groups, segments that read nothing of it are what they were.
    pub facets: Facets,
    /// When: the earliest occurred_at of the touchpoints that came; `None` where that says nothing, because identities, segments or
    /// cuts changed.
    pub since: Option<Micros>,
}

impl Happened {
    /// Nothing; only time passed.
    pub const NOTHING: Self = Self { groups: Groups::NONE, facets: Facets::ALL, since: None };

    /// Anything, at any time.
    pub const ANYTHING: Self = Self { groups: Groups::ALL, facets: Facets::ALL, since: None };

    /// Touchpoints came that touch this, the earliest of them at an instant.
    pub fn touchpoints(segments: &Segments, touched: Facets, since: Micros) -> Self {
        Self { groups: segments.reading(touched), facets: touched, since: Some(since) }
    }
}

/// What follows from an advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// Changes in the order of their instants.
    pub changes: Vec<Change>,
    /// What is told once they are.
    pub told: Told,
}

impl Told {
    /// The first instant at which something can change though nothing happens.
    pub fn next(&self) -> Option<Micros> {
        self.due.values().map(|due| due.at).min()
    }

    /// Groups whose deadline has come.
    pub fn is_due(&self, now: Micros) -> Groups {
        self.due.iter().filter(|(_, due)| due.at <= now).map(|(group, _)| *group).collect()
    }

    /// The earliest instant at which any of these groups has to be evaluated after this happened; `None` if none has to be.
    pub fn earliest(&self, happened: &Happened, now: Micros) -> Option<Micros> {
        let now = self.not_before(now);
        if happened.groups.and(self.is_due(now)).is_empty() {
            return None;
        }
        let due = self.next().map_or(now, |due| due.min(now));
        if happened.groups.is_empty() {
            Some(due)
        } else {
            Some(self.start(happened, due).map_or(now, |start| start.at))
        }
    }

    /// Where to begin with a group whose truth may have changed and whose deadline is this; `None` for the newest touchpoint:
    /// what was before the first telling is no news.
    fn start(&self, happened: &Happened, due: Micros) -> Option<Start> {
        match (self.until, happened.since) {
            (Some(until), Some(since)) if since > until => Some(Start { at: due.min(since), corrects: false }),
            (Some(until), _) => Some(Start { at: until, corrects: true }),
            (None, since) => since.map(|since| Start { at: due.min(since), corrects: false }),
        }
    }

    /// Time never goes back.
    fn not_before(&self, now: Micros) -> Micros {
        self.until.map_or(now, |until| until.max(now))
    }
}

/// Most instants that are looked at between the two for one segment; beyond them only the state of now is told.
const STEPS_MAX: usize = 1_000;

/// Brings what was told of a customer up to now. An instant before the one told last counts as that one: time never goes back.
pub fn advance(segments: &Segments, customer: &Customer, told: &Told, happened: &Happened, now: Micros) -> Advance {
    let now = told.not_before(now);
    let mut look = Look { segments, customer, now, changes: Vec::new() };
    let mut after = Told { until: Some(now), ..told.clone() };
    let groups = segments.groups();
    after.due.retain(|group, _| groups.contains(*group));
    let due = told.is_due(now);
    let concerned = Concerned::new(segments, customer, told, happened);
    let (mut walks, mut chosen) = (Vec::new(), BTreeMap::new());
    for (group, alike) in segments.chosen(happened.groups.and(due)) {
        // Before its deadline, those that read nothing of what happened are what they were, and so is the first of their deadlines.
        let whole = happened.facets == Facets::ALL || due.contains(group);
        let kept = after.due.remove(&group).filter(|_| !whole);
        chosen.insert(group, (kept, Vec::new()));
        let start = look.start(group, told, happened);
        let members = if whole { concerned.all(group, alike) } else { concerned.touched(group, alike) };
        walks.extend(members.into_iter().map(|member| {
            let held = told.segments.get(&member.ordinal).copied();
            Walk { member, group, start, held, steps: 0, next: None }
        }));
    }
    look.walk_all(&mut walks);
    let mut changes = look.changes;
    for Walk { member, group, held, next, .. } in walks {
        match held {
            Some(entry) => drop(after.segments.insert(member.ordinal, entry)),
            None => drop(after.segments.remove(&member.ordinal)),
        }
        chosen.entry(group).or_default().1.push((member, next));
    }
    after.due.extend(dues(&mut Outlook::new(segments, customer, &after.segments), chosen));
    after.segments.retain(|ordinal, entry| {
        let kept = segments.name(*ordinal).is_some();
        if !kept {
            changes.push(left(*ordinal, *entry, now));
        }
        kept
    });
    changes.sort_by_key(|change| (change.effective_at, change.segment));
    Advance { changes, told: after }
}

/// Deadlines of groups, of each of which some segments were looked at and others have the deadline that it had.
fn dues(outlook: &mut Outlook<'_>, chosen: BTreeMap<Group, (Option<Due>, Vec<Next<'_>>)>) -> BTreeMap<Group, Due> {
    let due = |(group, (kept, looked_at)): (Group, (Option<Due>, Vec<Next<'_>>))| {
        Some((group, outlook.due(&looked_at, kept)?))
    };
    chosen.into_iter().filter_map(due).collect()
}

/// Of a customer id that is no customer's any more: it has left all that it was told to be in.
pub fn gone(told: &Told, now: Micros) -> Vec<Change> {
    let now = told.not_before(now);
    told.segments.iter().map(|(ordinal, entry)| left(*ordinal, *entry, now)).collect()
}

fn left(segment: Ordinal, entry: Entry, at: Micros) -> Change {
    Change { segment, version: entry.version, entered: false, effective_at: at, correction: false }
}

/// Where to begin with a group.
#[derive(Clone, Copy)]
struct Start {
    at: Micros,
    /// What differs there from what was told was wrong when it was told.
    corrects: bool,
}

struct Look<'a> {
    segments: &'a Segments,
    customer: &'a Customer,
    now: Micros,
    changes: Vec<Change>,
}

/// One segment's way from change to change.
struct Walk<'a> {
    member: &'a Member,
    group: Group,
    start: Start,
    /// The membership as far as it has come.
    held: Option<Entry>,
    steps: usize,
    /// When it can change next.
    next: Option<Micros>,
}

impl Look<'_> {
    fn start(&self, group: Group, told: &Told, happened: &Happened) -> Start {
        let due = told.due.get(&group).map_or(self.now, |due| due.at.min(self.now));
        let started = if happened.groups.contains(group) {
            told.start(happened, due)
        } else {
            Some(Start { at: due, corrects: false })
        };
        started.unwrap_or_else(|| Start { at: self.customer.latest(self.now).unwrap_or(self.now), corrects: false })
    }

    /// Goes from instant to instant, and at each through all segments that it concerns: what they share is worked out once, and the
    /// customer's past is folded forwards.
    fn walk_all(&mut self, walks: &mut [Walk<'_>]) {
        let mut agenda: BTreeMap<Micros, Vec<&mut Walk<'_>>> = BTreeMap::new();
        for walk in walks {
            agenda.entry(walk.start.at).or_default().push(walk);
        }
        while let Some((at, walks)) = agenda.pop_first() {
            let memo = Memo::default();
            for walk in walks {
                if let Some(next) = self.step(walk, at, &memo) {
                    agenda.entry(next).or_default().push(walk);
                }
            }
        }
    }

    /// Looks at a segment at an instant; the next at which it has to be looked at.
    fn step(&mut self, walk: &mut Walk<'_>, at: Micros, memo: &Memo) -> Option<Micros> {
        let (segment, version) = (walk.member.ordinal, walk.member.version);
        let verdict = walk.member.evaluate(self.customer, self.segments, at, memo);
        if verdict.truth != walk.held.is_some() {
            let correction = walk.start.corrects && at == walk.start.at;
            self.changes.push(Change { segment, version, entered: verdict.truth, effective_at: at, correction });
            walk.held = verdict.truth.then_some(Entry { version, since: at });
        }
        let Some(next) = verdict.next.filter(|next| *next <= self.now && at < self.now) else {
            walk.held = walk.held.map(|entry| Entry { version, ..entry });
            walk.next = verdict.next;
            return None;
        };
        walk.steps += 1;
        Some(if walk.steps < STEPS_MAX { next } else { self.now })
    }
}
