//! What time brings: of each group of segments the first instant at which something can change though nothing happens, and what
//! changes then, worked out while the customer is looked at anyway.
//!
//! So at the instant itself nobody has to be looked at: a million deadlines of one second only have to be written. It holds until
//! something is told of the group again, which works it out anew. Kept with what was told, so a restart loses nothing of it.

use std::collections::BTreeMap;

use expr::Memo;
use serde::{Deserialize, Serialize};
use types::Micros;

use crate::{
    advance::{Advance, Change, Entry, Happened, Told},
    concerned::Concerned,
    customer::Customer,
    groups::{Group, Groups, Member, Ordinal},
    segments::Segments,
};

/// A group's deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The first instant at which something can change.
    pub at: Micros,
    /// What it brings; `None` where that was not worked out yet.
    pub brings: Option<Brings>,
}

/// What a deadline brings if nothing happens before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brings {
    /// Segments that are entered or left.
    pub turns: Vec<Turn>,
    /// The group's next deadline behind it.
    pub then: Option<Micros>,
}

/// A segment that is entered or left at a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Its number.
    pub segment: Ordinal,
    /// Its version.
    pub version: u32,
    /// Entered, not left.
    pub entered: bool,
}

/// A segment that was looked at, and when it can change next.
pub(crate) type Next<'a> = (&'a Member, Option<Micros>);

/// Works out what deadlines of one customer bring.
pub(crate) struct Outlook<'a> {
    segments: &'a Segments,
    customer: &'a Customer,
    held: &'a BTreeMap<Ordinal, Entry>,
    memos: BTreeMap<Micros, Memo>,
}

impl<'a> Outlook<'a> {
    /// Of a customer that is in these segments now.
    pub(crate) fn new(segments: &'a Segments, customer: &'a Customer, held: &'a BTreeMap<Ordinal, Entry>) -> Self {
        Self { segments, customer, held, memos: BTreeMap::new() }
    }

    /// The deadline of a group of which these segments were looked at, and which had `kept` for the others.
    pub(crate) fn due(&mut self, looked_at: &[Next<'_>], kept: Option<Due>) -> Option<Due> {
        let first = looked_at.iter().filter_map(|(_, next)| *next).min();
        let at = first.into_iter().chain(kept.as_ref().map(|kept| kept.at)).min()?;
        let turning = looked_at.iter().filter(|(_, next)| *next == Some(at)).map(|(member, _)| *member);
        let later = looked_at.iter().filter_map(|(_, next)| next.filter(|next| *next > at));
        let own = self.brings(turning, at).later(later.min());
        let brings = match kept {
            None => Some(own),
            Some(kept) if kept.at > at => Some(own.later(Some(kept.at))),
            Some(kept) => kept.brings.map(|brings| brings.without(looked_at).and(own)),
        };
        Some(Due { at, brings })
    }

    /// What an instant brings to these segments; of no others anything is said.
    fn brings<'m>(&mut self, members: impl IntoIterator<Item = &'m Member>, at: Micros) -> Brings {
        let (memo, mut brings) = (self.memos.entry(at).or_default(), Brings::default());
        for member in members {
            let Member { ordinal: segment, version, .. } = member;
            let verdict = member.evaluate(self.customer, self.segments, at, memo);
            if verdict.truth != self.held.contains_key(segment) {
                brings.turns.push(Turn { segment: *segment, version: *version, entered: verdict.truth });
            }
            brings = brings.later(verdict.next);
        }
        brings
    }
}

impl Brings {
    /// With another instant behind it, if that comes before the one that is known.
    fn later(self, then: Option<Micros>) -> Self {
        Self { then: self.then.into_iter().chain(then).min(), ..self }
    }

    /// Without what it said of these segments. Its next deadline may be one of theirs: it may be early, never late.
    fn without(mut self, looked_at: &[Next<'_>]) -> Self {
        self.turns.retain(|turn| looked_at.iter().all(|(member, _)| member.ordinal != turn.segment));
        self
    }

    /// Both, of different segments.
    fn and(mut self, other: Self) -> Self {
        self.turns.extend(other.turns);
        self.later(other.then)
    }
}

impl Told {
    /// The groups whose first deadline brings what was not worked out.
    pub fn unclear(&self) -> Groups {
        self.due.iter().filter(|(_, due)| due.brings.is_none()).map(|(group, _)| *group).collect()
    }
}

/// What is told of a customer, with all that its deadlines bring. They must lie ahead, and touchpoints be loaded as the unclear
/// groups reach back from now.
#[must_use]
pub fn foresee(segments: &Segments, customer: &Customer, told: &Told) -> Told {
    let mut outlook = Outlook::new(segments, customer, &told.segments);
    let mut clear = told.due.clone();
    let concerned = Concerned::new(segments, customer, told, &Happened::NOTHING);
    for (group, alike) in segments.chosen(told.unclear()) {
        if let Some(due) = clear.get_mut(&group) {
            due.brings = Some(outlook.brings(concerned.all(group, alike), due.at));
        }
    }
    Told { due: clear, ..told.clone() }
}

/// What is to be told at an instant, nothing having happened, without a look at the customer; `None` where one is needed. It is told
/// up to the last deadline that came: what comes late after that is no correction, and has its own instant.
pub fn comes_true(segments: &Segments, told: &Told, now: Micros) -> Option<Advance> {
    let groups = segments.groups();
    if told.segments.keys().any(|segment| segments.name(*segment).is_none()) {
        return None;
    }
    let (mut after, mut changes) = (told.clone(), Vec::new());
    for (group, Due { at, brings }) in told.due.iter().filter(|(_, due)| due.at <= now) {
        let brings =
            brings.as_ref().filter(|brings| groups.contains(*group) && brings.then.is_none_or(|then| then > now))?;
        turn(&mut after, &mut changes, *group, *at, brings);
    }
    changes.sort_by_key(|change: &Change| (change.effective_at, change.segment));
    Some(Advance { changes, told: after })
}

fn turn(after: &mut Told, changes: &mut Vec<Change>, group: Group, at: Micros, brings: &Brings) {
    for Turn { segment, version, entered } in brings.turns.iter().copied() {
        match entered {
            true => drop(after.segments.insert(segment, Entry { version, since: at })),
            false => drop(after.segments.remove(&segment)),
        }
        changes.push(Change { segment, version, entered, effective_at: at, correction: false });
    }
    match brings.then {
        Some(then) => drop(after.due.insert(group, Due { at: then, brings: None })),
        None => drop(after.due.remove(&group)),
    }
    after.until = after.until.max(Some(at));
}
