//! What was told of memberships: each customer's segments, when they change next, and the changes in order.

use std::collections::{BTreeMap, BTreeSet};

use segment::{Due, Group, Ordinal, Told as ToldOf, advance::Entry};
use serde::{Deserialize, Serialize};
use types::{ExactSum, IdentifierId, Micros};

use super::rows::Cause;

pub(super) mod families;
mod tell;

/// What was told of one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipRow {
    /// The instant up to which everything was told.
    pub until: Micros,
    /// Segments that the customer was told to be in.
    pub segments: BTreeMap<Ordinal, Entry>,
    /// Of each group of segments the first instant at which something can change if nothing happens, and what it brings.
    pub due: BTreeMap<Group, Due>,
}

/// Why a membership changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MembershipCause {
    /// A touchpoint, a decision, or another generation.
    Evidence(Cause),
    /// Time passed.
    Time,
    /// The segments were defined otherwise.
    Definition,
}

/// A segment that was entered or left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipChange {
    /// The customer.
    pub customer: IdentifierId,
    /// The segment.
    pub segment: String,
    /// Its version.
    pub version: u32,
    /// Entered, not left.
    pub entered: bool,
    /// When it became so.
    pub effective_at: Micros,
    /// Whether it corrects what was told.
    pub correction: bool,
    /// Why.
    pub cause: MembershipCause,
    /// The generation that it was told from.
    pub generation: u32,
    /// When it was noticed.
    pub observed_at: Micros,
    /// Offsets, by partition, of the state that it was worked out from.
    pub applied: BTreeMap<u32, u64>,
}

/// How far memberships were told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipsTold {
    /// The generation that is told from; `None` while all its customers are still to be looked at.
    pub generation: Option<u32>,
    /// Fingerprint of the segments that were told.
    pub segments: String,
    /// What all of them stand on: the calendar, and how they are grouped.
    pub ground: String,
    /// Everything that was due up to this instant was told; it never goes back.
    pub instant: Micros,
    /// The beginning of the day as of which the population was cut, in microseconds since 1970.
    pub cut_day: i64,
    /// Cuts of the population, by key.
    pub cuts: BTreeMap<String, Cut>,
    /// How many customers there were when everybody was looked at last.
    pub customers: u64,
    /// Sequence number of the last change that is no longer kept; 0 if all are.
    pub forgotten: u64,
    /// Sequence number of the last change; 0 if there is none.
    pub last: u64,
}

/// A cut of the population.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Its value; `None` where no customer has the measure.
    pub value: Option<ExactSum>,
    /// Customers who have the measure.
    pub population: u64,
}

/// Everybody is being looked at; in memory alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Why.
    pub cause: MembershipCause,
    /// Segments that are new, changed or gone; empty where the reason is another.
    pub changed: BTreeSet<String>,
    /// Customers looked at so far.
    pub looked_at: u64,
    /// How many there were the last time; 0 where there was none.
    pub customers: u64,
    /// When it began.
    pub began_at: Micros,
}

impl MembershipsTold {
    /// The cuts that have a value.
    pub fn cut_values(&self) -> BTreeMap<String, ExactSum> {
        self.cuts.iter().filter_map(|(key, cut)| Some((key.clone(), cut.value?))).collect()
    }
}

/// A customer of whom something can change at an instant though nothing happens.
pub type Deadline = (Micros, IdentifierId);

/// What one customer's row becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// The deadline of the row that there was; `None` where that had none, or none was.
    pub was_due: Option<Micros>,
    /// The row from now on; `None` for none.
    pub row: Option<MembershipRow>,
}

impl MembershipRow {
    /// The row of what is told of a customer.
    pub fn of(told: ToldOf) -> Self {
        Self { until: told.until.unwrap_or_default(), segments: told.segments, due: told.due }
    }

    /// What is told of the customer.
    pub fn told(self) -> ToldOf {
        ToldOf { until: Some(self.until), segments: self.segments, due: self.due }
    }

    /// The first instant at which something can change if nothing happens.
    pub fn next(&self) -> Option<Micros> {
        self.due.values().map(|due| due.at).min()
    }

    /// Whether the deadline that comes first brings what was not worked out.
    pub fn is_unclear(&self) -> bool {
        let first = self.next();
        self.due.values().any(|due| Some(due.at) == first && due.brings.is_none())
    }
}
