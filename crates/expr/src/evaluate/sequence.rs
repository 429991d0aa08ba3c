//! Ordered sequences with gaps: is there a first step that all others follow in time?
//!
//! Each step turns the anchors reached so far into the next ones. For an element the latest anchor before it decides, as it
//! leaves the least gap; so a step costs one walk over both.

use super::{Bound, Evaluation};
use crate::program::Step;

/// A place in time that the steps so far have reached: an element, or the end of a gap in which nothing came.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    at: i64,
    /// Place in the total order; `None` for an end of a gap, and for orders, which are ordered by time alone.
    place: Option<usize>,
}

impl Anchor {
    fn of(element: Bound<'_>) -> Self {
        let place = match element {
            Bound::Touchpoint(index, _) => Some(index),
            Bound::Order(_) => None,
        };
        Self { at: element.occurred_at(), place }
    }

    fn is_before(self, later: Self) -> bool {
        match (self.place, later.place) {
            (Some(own), Some(other)) => own < other,
            _ => self.at < later.at,
        }
    }
}

impl Evaluation<'_> {
    pub(super) fn sequence(&self, steps: &[Step]) -> bool {
        let Some((first, rest)) = steps.split_first() else { return false };
        let mut anchors = self.anchors(first);
        for step in rest {
            if anchors.is_empty() {
                return false;
            }
            let elements = self.anchors(step);
            anchors = if step.absent {
                self.ends(&anchors, &elements, step.gap)
            } else {
                follow(&anchors, &elements, step.gap)
            };
        }
        !anchors.is_empty()
    }

    fn anchors(&self, step: &Step) -> Vec<Anchor> {
        self.with_members(&step.set, |members| {
            self.traced(members.iter().copied());
            members.iter().map(|member| Anchor::of(*member)).collect()
        })
    }

    /// Ends of gaps in which none of the elements came; one that is still open ends later.
    fn ends(&self, anchors: &[Anchor], elements: &[Anchor], gap: i64) -> Vec<Anchor> {
        let mut ends = Vec::new();
        let mut from = 0;
        for anchor in anchors {
            while elements.get(from).is_some_and(|element| !anchor.is_before(*element)) {
                from += 1;
            }
            let end = anchor.at.saturating_add(gap);
            if elements.get(from).is_some_and(|element| element.at <= end) {
                continue;
            }
            if end <= self.now.0 {
                ends.push(Anchor { at: end, place: None });
            } else {
                self.note(end);
            }
        }
        ends
    }
}

/// Elements that come within a gap after an anchor.
fn follow(anchors: &[Anchor], elements: &[Anchor], gap: i64) -> Vec<Anchor> {
    let mut reached = Vec::new();
    let mut upto = 0;
    for element in elements {
        while anchors.get(upto).is_some_and(|anchor| anchor.is_before(*element)) {
            upto += 1;
        }
        let latest = upto.checked_sub(1).and_then(|latest| anchors.get(latest));
        if latest.is_some_and(|anchor| element.at <= anchor.at.saturating_add(gap)) {
            reached.push(*element);
        }
    }
    reached
}
