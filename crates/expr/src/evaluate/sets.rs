//! Members of a set at the instant of evaluation, and when one leaves or enters because time passes.
//!
//! Elements are in the order of time, so what limits say of time is a stretch of them, found by halving; only what lies in it is
//! looked at one by one, and only where there are conditions. What conditions keep that ask each element alone is the same at every
//! instant, and found once for a customer.

use std::{collections::BTreeSet, ops::Range, rc::Rc};

use super::{Bound, Evaluation, calendar};
use crate::{
    program::{Limit, Set, Source},
    subject::{Element, OrderView},
};

/// Which end of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

impl Evaluation<'_> {
    /// Calls `with` with the members, in the total order; orders by the instant at which they were bought.
    pub(super) fn with_members<T>(&self, set: &Set, with: impl FnOnce(&[Bound<'_>]) -> T) -> T {
        let Some(window) = self.window(set) else { return with(&[]) };
        let there = self.there(set, &window);
        let kept: Vec<Bound<'_>> = there.iter().filter(|element| self.keeps(set, *element)).collect();
        if let Some(first) = kept.first() {
            self.note_leaving(&window, *first);
        }
        with(&kept)
    }

    /// How many members there are, without looking at each; `None` where each has to be looked at.
    pub(super) fn count_members(&self, set: &Set) -> Option<usize> {
        if !set.conditions.is_empty() && set.filter.is_none() {
            return None;
        }
        let Some(window) = self.window(set) else { return Some(0) };
        let there = self.there(set, &window);
        if let Some(first) = there.iter().next() {
            self.note_leaving(&window, first);
        }
        Some(there.len())
    }

    /// Calls `with` with the member at one end; members beyond it are not looked at.
    pub(super) fn with_end<T>(&self, set: &Set, end: End, with: impl FnOnce(Option<Bound<'_>>) -> T) -> T {
        let Some(window) = self.window(set) else { return with(None) };
        let there = self.there(set, &window);
        let mut elements = there.iter();
        let kept = match end {
            End::First => elements.find(|element| self.keeps(set, *element)),
            End::Last => elements.rev().find(|element| self.keeps(set, *element)),
        };
        if let Some(kept) = kept {
            self.note_leaving(&window, kept);
        }
        with(kept)
    }

    /// The elements of a set's source within a window; where it has a filter, those that it keeps.
    fn there(&self, set: &Set, window: &Window) -> Stretch<'_> {
        match &set.source {
            Source::Touchpoints(kinds) => {
                let all = self.subject.touchpoints();
                let at = |place: &usize| all.get(*place).map_or(i64::MAX, |element| element.occurred_at.0);
                if let Some(filter) = &set.filter {
                    let kept = self.subject.filtered(filter, &mut || self.kept(set, kinds));
                    let range = self.within(&kept, at, window);
                    return Stretch::Kept(all, kept, range);
                }
                let places = |kind: &String| part(self.subject.places(kind), |places| self.within(places, at, window));
                match kinds.len() {
                    0 => {
                        let at = |element: &Element| element.occurred_at.0;
                        Stretch::every(all, part(all, |all| self.within(all, at, window)))
                    }
                    1 => Stretch::Places(all, kinds.first().map_or(&[], places)),
                    _ => Stretch::Several(all, kinds.iter().flat_map(places).copied().collect()),
                }
            }
            Source::Orders => {
                let orders = self.orders.get_or_init(|| self.subject.orders(self.now));
                let at = |order: &OrderView| order.occurred_at.0;
                Stretch::Orders(part(orders, |orders| self.within(orders, at, window)))
            }
        }
    }

    /// Places of all touchpoints of these kinds that the conditions keep, whenever they were.
    fn kept(&self, set: &Set, kinds: &BTreeSet<String>) -> Vec<usize> {
        let all = self.subject.touchpoints();
        let keeps = |place: &usize| {
            let element = all.get(*place).map(|element| Bound::Touchpoint(*place, element));
            element.is_some_and(|element| self.meets(set, element))
        };
        let places = |kind: &String| self.subject.places(kind).iter().copied();
        match kinds.len() {
            0 => (0..all.len()).filter(keeps).collect(),
            1 => kinds.iter().flat_map(places).filter(keeps).collect(),
            _ => kinds.iter().flat_map(places).collect::<BTreeSet<usize>>().into_iter().filter(keeps).collect(),
        }
    }

    /// The part of elements that lies in a window; the next that is to enter it is noted.
    fn within<T>(&self, all: &[T], at: impl Fn(&T) -> i64, window: &Window) -> Range<usize> {
        let end = all.partition_point(|one| at(one) <= window.to);
        if let (Some(older_than), Some(next)) = (window.older_than, all.get(end)) {
            self.note(at(next).saturating_add(older_than));
        }
        let before = all.get(..end).unwrap_or_default();
        before.partition_point(|one| at(one) < window.from)..end
    }

    /// Whether an element of `there` is a member.
    fn keeps(&self, set: &Set, element: Bound<'_>) -> bool {
        set.filter.is_some() || self.meets(set, element)
    }

    fn meets(&self, set: &Set, element: Bound<'_>) -> bool {
        set.conditions.iter().all(|condition| self.truth(condition, Some(element)) == Some(true))
    }

    /// The first of a set's members leaves the first.
    fn note_leaving(&self, window: &Window, first: Bound<'_>) {
        window.within.into_iter().for_each(|span| self.note(first.occurred_at().saturating_add(span)));
    }

    /// What the limits say of time; `None` where the calendar ends.
    fn window(&self, set: &Set) -> Option<Window> {
        let now = self.now.0;
        let mut window = Window { from: i64::MIN, to: now, within: None, older_than: None };
        for limit in &set.limits {
            match *limit {
                Limit::Within(span) => {
                    window.from = window.from.max(now.saturating_sub(span).saturating_add(1));
                    window.within = Some(window.within.map_or(span, |held| held.min(span)));
                }
                Limit::OlderThan(span) => {
                    window.to = window.to.min(now.saturating_sub(span));
                    window.older_than = Some(window.older_than.map_or(span, |held| held.max(span)));
                }
                Limit::Current(unit) => {
                    let (start, end) = calendar::unit_of(self.around.zone(), unit, now)?;
                    self.note(end);
                    window.between(start, end);
                }
                Limit::Previous(unit) => {
                    let (current, end) = calendar::unit_of(self.around.zone(), unit, now)?;
                    self.note(end);
                    let (start, _) = calendar::unit_of(self.around.zone(), unit, current.checked_sub(1)?)?;
                    window.between(start, current);
                }
            }
        }
        Some(window)
    }
}

/// A part of elements.
fn part<T>(all: &[T], range: impl FnOnce(&[T]) -> Range<usize>) -> &[T] {
    all.get(range(all)).unwrap_or_default()
}

/// What all limits of a set say of time together, in microseconds.
struct Window {
    /// The first instant in it.
    from: i64,
    /// The last.
    to: i64,
    /// The shortest span after which a member leaves.
    within: Option<i64>,
    /// The longest span after which one enters.
    older_than: Option<i64>,
}

impl Window {
    fn between(&mut self, start: i64, end: i64) {
        self.from = self.from.max(start);
        self.to = self.to.min(end.saturating_sub(1));
    }
}

/// Elements of a source that lie in a window, in the total order.
enum Stretch<'e> {
    /// All touchpoints from a place on.
    Every(usize, &'e [Element]),
    /// Those at these places of all.
    Places(&'e [Element], &'e [usize]),
    Several(&'e [Element], BTreeSet<usize>),
    /// Of those at these places, which a filter keeps, this part.
    Kept(&'e [Element], Rc<[usize]>, Range<usize>),
    Orders(&'e [OrderView]),
}

impl<'e> Stretch<'e> {
    /// A part of all.
    fn every(all: &'e [Element], part: &'e [Element]) -> Self {
        let first = part.first().map_or(0, |first| all.partition_point(|one| one.occurred_at < first.occurred_at));
        Self::Every(first, part)
    }

    fn len(&self) -> usize {
        match self {
            Self::Every(_, part) => part.len(),
            Self::Places(_, places) => places.len(),
            Self::Several(_, places) => places.len(),
            Self::Kept(_, _, part) => part.len(),
            Self::Orders(orders) => orders.len(),
        }
    }

    fn iter(&self) -> Box<dyn DoubleEndedIterator<Item = Bound<'e>> + '_> {
        let touchpoint = |all: &'e [Element], place: usize| all.get(place).map(|one| Bound::Touchpoint(place, one));
        match self {
            Self::Every(first, part) => {
                let all = *part;
                Box::new(all.iter().enumerate().map(move |(place, one)| Bound::Touchpoint(first + place, one)))
            }
            Self::Places(all, places) => Box::new(places.iter().filter_map(move |place| touchpoint(all, *place))),
            Self::Several(all, places) => Box::new(places.iter().filter_map(move |place| touchpoint(all, *place))),
            Self::Kept(all, places, part) => {
                let places = places.get(part.clone()).unwrap_or_default();
                Box::new(places.iter().filter_map(move |place| touchpoint(all, *place)))
            }
            Self::Orders(orders) => Box::new(orders.iter().map(Bound::Order)),
        }
    }
}
