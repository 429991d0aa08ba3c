//! What an expression reads: touchpoints, traits, metrics, how far back, which other segments and cuts.

use std::{collections::BTreeSet, sync::Arc};

use types::ExactSum;

use crate::{choice::Choice, program::Program};

/// What an expression reads, so that nothing else has to be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Whether single touchpoints.
    pub touchpoints: bool,
    /// What those have to be, for each set of them.
    pub choices: BTreeSet<Choice>,
    /// How far back single touchpoints are needed for its truth; a proof shows them all.
    pub reach: Reach,
    /// Traits, by name.
    pub traits: BTreeSet<String>,
    /// Whether consents.
    pub consents: bool,
    /// Whether namespaces of the customer's identifiers.
    pub identifiers: bool,
    /// Metrics of the profile, by name.
    pub metrics: BTreeSet<String>,
    /// Whether it counts all touchpoints of some kinds.
    pub counts: bool,
    /// What it asks of sets, each by its canonical text: programs that ask for the same share the answer.
    pub shared: BTreeSet<Arc<str>>,
    /// Whether single orders.
    pub orders: bool,
    /// Whether its answer can change with time alone.
    pub clock: bool,
    /// Segments that it names.
    pub segments: BTreeSet<String>,
    /// Cuts of the population that it compares with.
    pub quantiles: Vec<Quantile>,
}

impl Needs {
    /// How much it reads of the profile, beside single touchpoints.
    pub fn depth(&self) -> Depth {
        if self.counts || self.orders || !self.metrics.is_empty() {
            Depth::Whole
        } else if self.consents || !self.traits.is_empty() {
            Depth::Registers
        } else {
            Depth::Nothing
        }
    }

    /// Needs of both.
    pub fn join(&mut self, other: &Self) {
        self.touchpoints |= other.touchpoints;
        self.choices.extend(other.choices.iter().cloned());
        self.reach = self.reach.max(other.reach);
        self.traits.extend(other.traits.iter().cloned());
        self.consents |= other.consents;
        self.identifiers |= other.identifiers;
        self.metrics.extend(other.metrics.iter().cloned());
        self.counts |= other.counts;
        self.shared.extend(other.shared.iter().cloned());
        self.orders |= other.orders;
        self.clock |= other.clock;
        self.segments.extend(other.segments.iter().cloned());
        for quantile in &other.quantiles {
            if !self.quantiles.contains(quantile) {
                self.quantiles.push(quantile.clone());
            }
        }
    }
}

/// How far back single touchpoints are needed. The greater reaches further.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// None is.
    #[default]
    Nothing,
    /// Those of so many microseconds before the instant of evaluation.
    Span(i64),
    /// All.
    Life,
}

/// How much of the profile is read. The greater holds the lesser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Nothing.
    #[default]
    Nothing,
    /// Traits and consents.
    Registers,
    /// Metrics, counts and orders too.
    Whole,
}

/// A measure and the part of the population that lies below a cut.
#[derive(Clone, Debug)]
pub struct Quantile {
    /// The measure as a program of its own: gives a number for each customer.
    pub measure: Program,
    /// From 0 to 1.
    pub part: ExactSum,
}

impl PartialEq for Quantile {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Quantile {}

impl Quantile {
    /// Names the cut: equal for equal measures and parts.
    pub fn key(&self) -> String {
        format!("{} @ {}", self.measure.text, self.part.to_text())
    }
}
