//! A checked expression, ready to be evaluated.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    element::Field,
    memo::{Filter, Shared},
    needs::{Needs, Reach},
    schema::Type,
    value::Value,
    zone::Zone,
};

/// A checked expression. Cheap to clone; shared by threads.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) root: Arc<Node>,
    /// Canonical text: equal for all spellings that differ in spaces and brackets only.
    pub text: Arc<str>,
    /// What it reads.
    pub needs: Needs,
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
    /// In the zone that is named, else in that of the surroundings.
    Calendar(CalendarPart, Box<Node>, Option<Zone>),
    Aggregate(Aggregate, Arc<Set>, Option<Box<Node>>),
    Sequence(Vec<Step>),
    Anniversary(Box<Node>, i64),
    Segment(String),
    Quantile {
        measure: Box<Node>,
        key: String,
        below: bool,
    },
    /// A condition as a program of its own: for proofs, and for those who cut at the joints between conditions.
    Condition(Box<Program>),
    /// What depends on nothing but the customer and the instant: worked out once for all programs that ask for it.
    Shared(Shared, Box<Node>),
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
    /// What its source and conditions keep of a customer's touchpoints, where that is the same at every instant.
    pub(crate) filter: Option<Filter>,
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

impl Node {
    /// Whether it depends on nothing but the bound element.
    fn is_of_element_alone(&self) -> bool {
        match self {
            Self::Constant(_) | Self::Field(Which::Bound, _) => true,
            Self::Condition(part) => part.root.is_of_element_alone(),
            Self::Has(one) | Self::Not(one) | Self::Lower(one) | Self::Size(one) | Self::Matches(one, _) => {
                one.is_of_element_alone()
            }
            Self::Entry(one, other)
            | Self::And(one, other)
            | Self::Or(one, other)
            | Self::Compare(_, one, other)
            | Self::In(one, other)
            | Self::Arithmetic(_, one, other)
            | Self::Text(_, one, other) => one.is_of_element_alone() && other.is_of_element_alone(),
            Self::If(condition, one, other) => [condition, one, other].iter().all(|node| node.is_of_element_alone()),
            Self::List(nodes) => nodes.iter().all(Self::is_of_element_alone),
            // The surroundings may have any zone.
            Self::Calendar(_, instant, zone) => zone.is_some() && instant.is_of_element_alone(),
            _ => false,
        }
    }
}

impl Set {
    /// All of a source.
    pub(crate) fn of(source: Source) -> Self {
        Self { source, limits: Vec::new(), conditions: Vec::new(), filter: None }
    }

    /// Those that a condition keeps, which is written so.
    #[must_use]
    pub(crate) fn filtered(mut self, condition: Node, text: &str) -> Self {
        let first = self.conditions.is_empty();
        self.filter = match (&self.source, self.filter) {
            _ if !condition.is_of_element_alone() => None,
            (_, Some(filter)) => Some(filter.and(text)),
            (Source::Touchpoints(kinds), None) if first => Some(Filter::new(format!("{kinds:?}{text}"))),
            _ => None,
        };
        self.conditions.push(condition);
        self
    }

    /// How far back members can lie. Units of the calendar are taken longer than they ever are.
    pub(crate) fn reach(&self) -> Reach {
        if self.source == Source::Orders {
            return Reach::Nothing;
        }
        let span = |limit: &Limit| match limit {
            Limit::Within(span) => Some(*span),
            Limit::OlderThan(_) => None,
            Limit::Current(unit) => Some(unit.longest()),
            Limit::Previous(unit) => Some(2 * unit.longest()),
        };
        self.limits.iter().filter_map(span).min().map_or(Reach::Life, Reach::Span)
    }

    /// Whether it is all touchpoints of its kinds, whenever they were.
    pub(crate) fn is_plain(&self) -> bool {
        self.limits.is_empty() && self.conditions.is_empty()
    }
}

impl CalendarUnit {
    /// More microseconds than any such unit has.
    fn longest(self) -> i64 {
        const DAY: i64 = 86_400_000_000;
        DAY * match self {
            Self::Day => 2,
            Self::Week => 8,
            Self::Month => 32,
            Self::Quarter => 93,
            Self::Year => 367,
        }
    }
}

/// A unit of the calendar; weeks start on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CalendarUnit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// What is asked of the calendar about an instant.
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
