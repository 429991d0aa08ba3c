//! What stands of one order: the whole report, else the lines, unless it was cancelled; and what was given back.

use types::{ExactSum, Micros};

use super::{Bought, GivenBack, OrderFacts, Place};

/// An order that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// What was bought.
    pub bought: &'a Bought,
    /// Where.
    pub place: &'a Place,
    /// The earliest report that it was bought.
    pub at: Micros,
}

impl OrderFacts {
    /// The facts that stand for the order; `None` if it was cancelled or no report of it has come.
    pub fn standing(&self) -> Option<Standing<'_>> {
        static NOWHERE: Place = Place { store: String::new(), channel: String::new() };
        let at = self.completed_at.filter(|_| self.cancelled_at.is_none())?;
        if let Some(report) = &self.report {
            return Some(Standing { bought: &report.value, place: &report.value.place, at });
        }
        let place = self.lines_place.as_ref().map_or(&NOWHERE, |held| &held.value);
        self.lines.as_ref().map(|bought| Standing { bought, place, at })
    }

    /// Refunds and returns, each with an id counted once.
    pub fn given_back(&self) -> (GivenBack, GivenBack) {
        let (mut refunds, mut returns) = (self.refunds.clone(), self.returns.clone());
        for refund in self.named.values() {
            let amounts = refund.amounts.as_ref().map(|held| held.value.clone()).unwrap_or_default();
            match &refund.returned {
                Some(returned) => returns.merge(&GivenBack { count: 1, units: returned.value, amounts }),
                None => refunds.merge(&GivenBack { count: 1, units: ExactSum(0), amounts }),
            }
        }
        (refunds, returns)
    }
}
