//! Everybody and what conditions come to for them: brought up to a snapshot and an instant, then joined into an answer.
//!
//! Owns the bounds: of memory, of conditions, and how much may have changed before a walk is cheaper.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use expr::Program;
use store::{StoreError, changes::Subject};

use super::{
    Ask, CountSettings, build,
    condition::{Key, Question},
    formula::{Formulas, Joining},
    meter,
    people::People,
    refresh,
    slice::{Condition, Slice, Used},
};
use crate::segments::{count::Tally, moment::Moment};

/// Most conditions that are kept.
const CONDITIONS_MAX: usize = 512;
/// Of so many customers at most one may have changed for that to be cheaper than a walk …
const CHANGED_SHARE: u64 = 8;
/// … unless so few have.
const CHANGED_FEW: u64 = 1_000;

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// `None` before the first walk.
    people: Option<People>,
    /// By the clock of windows.
    ticking: Slice,
    /// As of instants that were asked for.
    asked: Slice,
    /// Number of counts.
    counts: u64,
}

/// What a count comes to.
pub(super) enum Came {
    /// An answer.
    To(Tally),
    /// What is kept does not fit the state, or too much has changed: everything is to be worked out from the beginning.
    Apart,
    /// More customers than may be kept.
    TooLarge,
}

/// Whether what is kept fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Whole,
    Apart,
    TooLarge,
}

impl Kept {
    /// Counts at a moment. `changed` tells what has changed since the last count.
    pub(super) fn count(
        &mut self,
        moment: &Moment<'_>,
        changed: impl FnOnce() -> Option<Vec<Subject>>,
        programs: &[Program],
        ask: &Ask<'_>,
        settings: &CountSettings,
    ) -> Result<Came, StoreError> {
        let used = self.next();
        let asked = self.is_asked(moment, ask);
        self.slice(asked).go_to(moment.now);
        let mut worked = self.people.is_none();
        if self.people.is_some() {
            let Some(changed) = changed() else { return Ok(Came::Apart) };
            worked |= !changed.is_empty();
            if self.catch_up(moment, changed, asked, settings.idle)? != Fit::Whole {
                return Ok(Came::Apart);
            }
        }
        let (formulas, missing) = self.cut(moment, programs, asked, used);
        worked |= !missing.is_empty();
        match self.walk(moment, missing, asked, used, settings.memory_bytes_max)? {
            Fit::Whole => {}
            Fit::Apart => return Ok(Came::Apart),
            Fit::TooLarge => return Ok(Came::TooLarge),
        }
        let Some(tally) = self.joined(&formulas, asked, ask) else { return Ok(Came::Apart) };
        if worked && !self.make_room(settings.memory_bytes_max) {
            return Ok(Came::TooLarge);
        }
        Ok(Came::To(tally))
    }

    /// Counts at a moment where all that is asked is known, and nothing has changed; else nothing happens.
    pub(super) fn at_once(&mut self, moment: &Moment<'_>, programs: &[Program], ask: &Ask<'_>) -> Option<Tally> {
        let asked = self.is_asked(moment, ask);
        if self.people.is_none() || !self.slice(asked).holds_at(moment.now) {
            return None;
        }
        let used = self.next();
        let (formulas, missing) = self.cut(moment, programs, asked, used);
        if !missing.is_empty() {
            return None;
        }
        self.slice(asked).go_to(moment.now);
        self.joined(&formulas, asked, ask)
    }

    fn next(&mut self) -> Used {
        self.counts += 1;
        Used { at: Instant::now(), count: self.counts }
    }

    /// Whether a moment is not the clock's.
    fn is_asked(&self, moment: &Moment<'_>, ask: &Ask<'_>) -> bool {
        ask.as_of.is_some() && self.ticking.at != moment.now
    }

    fn cut(
        &mut self,
        moment: &Moment<'_>,
        programs: &[Program],
        asked: bool,
        used: Used,
    ) -> (Formulas, BTreeMap<Key, Question>) {
        let around = Arc::new(moment.segments.clone());
        Formulas::cut(programs, &around, &mut self.slice(asked).conditions, used)
    }

    fn joined(&self, formulas: &Formulas, asked: bool, ask: &Ask<'_>) -> Option<Tally> {
        let (people, slice) = (self.people.as_ref()?, if asked { &self.asked } else { &self.ticking });
        Some(Tally::joined(people, Joining::new(people, formulas, &slice.conditions).all(), ask))
    }

    fn slice(&mut self, asked: bool) -> &mut Slice {
        if asked { &mut self.asked } else { &mut self.ticking }
    }

    /// Works out again what has changed, or what time has.
    fn catch_up(
        &mut self,
        moment: &Moment<'_>,
        changed: Vec<Subject>,
        asked: bool,
        idle: Duration,
    ) -> Result<Fit, StoreError> {
        let Some(people) = &mut self.people else { return Ok(Fit::Apart) };
        let most = (people.len() / CHANGED_SHARE).max(CHANGED_FEW);
        if u64::try_from(changed.len()).is_ok_and(|changed| changed > most) {
            return Ok(Fit::Apart);
        }
        for slice in [&mut self.ticking, &mut self.asked] {
            slice.conditions.retain(|_, condition| condition.used.at.elapsed() < idle);
        }
        let fit = refresh::changed(moment, people, [&mut self.ticking, &mut self.asked], changed)?;
        let slice = if asked { &mut self.asked } else { &mut self.ticking };
        let due = slice.due(people);
        if due.len() > most {
            slice.conditions.clear();
        } else if fit == Fit::Whole {
            return refresh::due(moment, people, slice, &due);
        }
        Ok(fit)
    }

    /// Asks conditions that are new of everybody; and who there is, where that is not known yet.
    fn walk(
        &mut self,
        moment: &Moment<'_>,
        missing: BTreeMap<Key, Question>,
        asked: bool,
        used: Used,
        bytes_max: usize,
    ) -> Result<Fit, StoreError> {
        let (keys, questions): (Vec<Key>, Vec<Question>) = missing.into_iter().unzip();
        let answers = match &self.people {
            Some(_) if questions.is_empty() => return Ok(Fit::Whole),
            Some(people) => match build::answers(moment, people, &questions)? {
                Some(answers) => answers,
                None => return Ok(Fit::Apart),
            },
            None => match build::everybody(moment, &questions, bytes_max)? {
                Some((people, answers)) => {
                    self.people = Some(people);
                    answers
                }
                None => return Ok(Fit::TooLarge),
            },
        };
        let conditions = questions.into_iter().zip(answers);
        let conditions = conditions.map(|(question, answers)| Condition { question, answers, used });
        self.slice(asked).conditions.extend(keys.into_iter().zip(conditions));
        Ok(Fit::Whole)
    }

    /// Lets conditions go that were not used for longest, until there is room; whether there is any.
    fn make_room(&mut self, bytes_max: usize) -> bool {
        let customers = self.people.as_ref().map_or(0, People::len);
        for slice in [&mut self.ticking, &mut self.asked] {
            slice.tidy(usize::try_from(customers).unwrap_or(usize::MAX));
        }
        let (mut bytes, mut conditions) = (self.bytes(), self.conditions());
        while bytes > bytes_max || conditions > CONDITIONS_MAX {
            let slice = if self.asked.oldest() > self.ticking.oldest() { &mut self.asked } else { &mut self.ticking };
            if !slice.remove_oldest(self.counts) {
                return false;
            }
            (bytes, conditions) = (self.bytes(), self.conditions());
        }
        meter::kept(conditions, customers, bytes);
        true
    }

    fn conditions(&self) -> usize {
        self.ticking.conditions.len() + self.asked.conditions.len()
    }

    fn bytes(&self) -> usize {
        self.people.as_ref().map_or(0, People::bytes) + self.ticking.bytes() + self.asked.bytes()
    }
}
