//! Members of a set at the instant of evaluation, and when one leaves or enters because time passes.

use super::{Bound, Evaluation, calendar};
use crate::program::{Limit, Set, Source};

impl Evaluation<'_> {
    /// Calls `with` with the members, in the total order; orders by the instant at which they were bought.
    pub(super) fn with_members<T>(&self, set: &Set, with: impl FnOnce(&[Bound<'_>]) -> T) -> T {
        let Some(limits) = self.limits(set) else { return with(&[]) };
        match &set.source {
            Source::Touchpoints(kinds) => {
                let touchpoints = self.subject.touchpoints();
                let past = touchpoints.partition_point(|element| element.occurred_at <= self.now);
                let past = touchpoints.iter().enumerate().take(past);
                let of_kind = past.filter(|(_, element)| kinds.is_empty() || kinds.contains(&element.touchpoint.kind));
                let all = of_kind.map(|(index, element)| Bound::Touchpoint(index, element));
                with(&self.kept(set, &limits, all))
            }
            Source::Orders => {
                let orders = self.orders.get_or_init(|| self.subject.orders(self.now));
                with(&self.kept(set, &limits, orders.iter().map(Bound::Order)))
            }
        }
    }

    fn kept<'e>(&self, set: &Set, limits: &[Bounds], all: impl Iterator<Item = Bound<'e>>) -> Vec<Bound<'e>> {
        all.filter(|element| self.keeps(set, limits, *element)).collect()
    }

    /// Whether an element is a member. Conditions come last: they are the costly part.
    fn keeps(&self, set: &Set, limits: &[Bounds], element: Bound<'_>) -> bool {
        let at = element.occurred_at();
        let mut leaves = None;
        for limit in limits {
            match *limit {
                Bounds::Within(span) => {
                    let end = at.saturating_add(span);
                    if end <= self.now.0 {
                        return false;
                    }
                    leaves = Some(leaves.map_or(end, |held: i64| held.min(end)));
                }
                Bounds::OlderThan(span) => {
                    let start = at.saturating_add(span);
                    if start > self.now.0 {
                        self.note(start);
                        return false;
                    }
                }
                Bounds::Calendar(start, end) if at < start || at >= end => return false,
                Bounds::Calendar(..) => {}
            }
        }
        let kept = set.conditions.iter().all(|condition| self.truth(condition, Some(element)) == Some(true));
        if kept {
            leaves.into_iter().for_each(|at| self.note(at));
        }
        kept
    }

    /// The limits in instants; `None` where the calendar ends.
    fn limits(&self, set: &Set) -> Option<Vec<Bounds>> {
        set.limits.iter().map(|limit| self.bounds(*limit)).collect()
    }

    fn bounds(&self, limit: Limit) -> Option<Bounds> {
        let now = self.now.0;
        match limit {
            Limit::Within(span) => Some(Bounds::Within(span)),
            Limit::OlderThan(span) => Some(Bounds::OlderThan(span)),
            Limit::Current(unit) => {
                let (start, end) = calendar::unit_of(self.around.zone(), unit, now)?;
                self.note(end);
                Some(Bounds::Calendar(start, end))
            }
            Limit::Previous(unit) => {
                let (current, end) = calendar::unit_of(self.around.zone(), unit, now)?;
                self.note(end);
                let (start, _) = calendar::unit_of(self.around.zone(), unit, current.checked_sub(1)?)?;
                Some(Bounds::Calendar(start, current))
            }
        }
    }
}

/// A limit in microseconds: spans, or the first and the end of a stretch of the calendar.
enum Bounds {
    Within(i64),
    OlderThan(i64),
    Calendar(i64, i64),
}
