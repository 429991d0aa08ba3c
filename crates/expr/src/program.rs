//! A checked expression, ready to be evaluated.

use std::{collections::BTreeSet, sync::Arc};

use types::ExactSum;

use crate::{element::Field, schema::Type, value::Value};

/// A checked expression. Cheap to clone; shared by threads.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) root: Arc<Node>,
    /// Canonical text: equal for all spellings that differ in spaces and brackets only.
    pub text: Arc<str>,
    /// What it reads.
    pub needs: Needs,
}

/// What an expression reads, so that nothing else has to be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Whether single touchpoints.
    pub touchpoints: bool,
    /// Kinds of those; empty if it needs those of any kind.
    pub kinds: BTreeSet<String>,
    /// Whether touchpoints of any kind.
    pub any_kind: bool,
    /// Whether single orders.
    pub orders: bool,
    /// Whether its answer can change with time alone.
    pub clock: bool,
    /// Segments that it names.
    pub segments: BTreeSet<String>,
    /// Cuts of the population that it compares with.
    pub quantiles: Vec<Quantile>,
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

/// A part of a checked expression.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Constant(Value),
    Now,
    Trait(String),
    Consent(String),
    Metric(String),
    Identifiers,
    /// A field of the bound element, of `first()` or of `last()`.
    Field(Which, Arc<Field>),
    /// `operand[key]` and `operand.key`.
    Entry(Box<Node>, Box<Node>),
    Has(Box<Node>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    In(Box<Node>, Box<Node>),
    List(Vec<Node>),
    Arithmetic(Operation, Box<Node>, Box<Node>),
    Text(TextTest, Box<Node>, Box<Node>),
    Matches(Box<Node>, regex::Regex),
    Lower(Box<Node>),
    Size(Box<Node>),
    Calendar(CalendarPart, Box<Node>),
    Aggregate(Aggregate, Arc<Set>, Option<Box<Node>>),
    Sequence(Vec<Step>),
    Anniversary(Box<Node>, i64),
    Segment(String),
    Quantile {
        measure: Box<Node>,
        key: String,
        below: bool,
    },
    /// A condition with its canonical text, for proofs.
    Condition(Arc<str>, Box<Node>),
}

/// Which element a field is read from.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    Bound,
    First(Arc<Set>),
    Last(Arc<Set>),
}

/// Elements, and which of them.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) source: Source,
    pub(crate) limits: Vec<Limit>,
    pub(crate) conditions: Vec<Node>,
}

/// Where elements come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Touchpoints of these kinds; of all where none is named.
    Touchpoints(BTreeSet<String>),
    /// Orders that stand.
    Orders,
}

/// A limit in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// In (now − W, now].
    Within(i64),
    /// At or before now − W.
    OlderThan(i64),
    /// In the calendar unit of now.
    Current(CalendarUnit),
    /// In the one before it.
    Previous(CalendarUnit),
}

/// A unit of the calendar, in UTC; weeks start on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CalendarUnit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// What is asked of the calendar about an instant, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CalendarPart {
    Year,
    /// From 0, as CEL counts.
    Month,
    /// From 1.
    Date,
    /// From 0.
    DayOfMonth,
    /// From 0 for Sunday.
    DayOfWeek,
    /// From 0.
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
}

/// What is made of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Count,
    Sum,
    Average,
    Least,
    Greatest,
    Distinct,
    MostFrequent,
}

/// A step of a sequence: an element, or that none comes, within a gap after the step before.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) set: Arc<Set>,
    /// Microseconds; of the first step 0.
    pub(crate) gap: i64,
    pub(crate) absent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

/// A type together with what has it.
pub(crate) type Typed = (Node, Type);
