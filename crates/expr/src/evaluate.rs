//! The evaluator: what a program says of a subject at an instant, and when that can change though no touchpoint comes.
//!
//! Truth is three-valued as CEL's errors are: what is absent makes a condition unknown, `false && unknown` is false,
//! `true || unknown` is true, and what stays unknown to the end is not true. The next change is never late; it may be early.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeSet,
    sync::Arc,
};

use types::{ExactSum, Micros};

use self::sets::End;

use crate::{
    element::{Field, Read},
    limits::SEGMENT_DEPTH_MAX,
    memo::{Answer, Memo, Shared},
    program::{Comparison, Node, Program, TextTest, Which},
    proof::Outcome,
    subject::{Element, OrderView, Subject, Surroundings},
    value::Value,
};

mod aggregate;
mod arithmetic;
mod calendar;
mod compare;
mod sequence;
mod sets;

pub(crate) use compare::compare;

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is true.
    pub truth: bool,
    /// The first instant at which it can change if nothing happens; `None` for never.
    pub next: Option<Micros>,
}

/// Evaluates a condition.
pub fn evaluate(program: &Program, subject: &dyn Subject, around: &dyn Surroundings, now: Micros) -> Verdict {
    evaluate_beside(program, subject, around, now, &Memo::default())
}

/// Evaluates a condition beside others of the same subject, surroundings and instant: what they share is worked out once.
pub fn evaluate_beside(
    program: &Program,
    subject: &dyn Subject,
    around: &dyn Surroundings,
    now: Micros,
    memo: &Memo,
) -> Verdict {
    let (outcome, next) = outcome_beside(program, subject, around, now, memo);
    Verdict { truth: outcome == Outcome::True, next }
}

/// The same, with unknown told from false, and the first instant at which it can change: for those who join conditions themselves.
pub fn outcome_beside(
    program: &Program,
    subject: &dyn Subject,
    around: &dyn Surroundings,
    now: Micros,
    memo: &Memo,
) -> (Outcome, Option<Micros>) {
    let evaluation = Evaluation::beside(subject, around, now, memo);
    let outcome = Outcome::of(&evaluation.value(&program.root, None));
    (outcome, evaluation.next())
}

/// Evaluates a measure; `None` where the customer has none.
pub fn number(program: &Program, subject: &dyn Subject, around: &dyn Surroundings, now: Micros) -> Option<ExactSum> {
    let memo = Memo::default();
    let evaluation = Evaluation::beside(subject, around, now, &memo);
    evaluation.value(&program.root, None).as_number()
}

/// The element that a name stands for inside a set's condition.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound<'a> {
    Touchpoint(usize, &'a Element),
    Order(&'a OrderView),
}

impl Bound<'_> {
    pub(crate) fn occurred_at(self) -> i64 {
        match self {
            Bound::Touchpoint(_, element) => element.occurred_at.0,
            Bound::Order(order) => order.occurred_at.0,
        }
    }

    fn read(self, field: &Field) -> Value {
        match (self, field.read) {
            (Bound::Touchpoint(_, element), Read::Touchpoint(read)) => read(&element.touchpoint),
            (Bound::Order(order), Read::Order(read)) => read(order),
            _ => Value::Absent,
        }
    }
}

/// The elements that an answer rests on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub(crate) touchpoints: BTreeSet<usize>,
    pub(crate) orders: BTreeSet<[u8; 16]>,
}

/// One evaluation.
pub(crate) struct Evaluation<'a> {
    pub(crate) subject: &'a dyn Subject,
    pub(crate) around: &'a dyn Surroundings,
    pub(crate) now: Micros,
    next: Cell<Option<i64>>,
    orders: OnceCell<Arc<[OrderView]>>,
    depth: Cell<usize>,
    /// Without one, what lies behind each answer is traced.
    memo: Option<&'a Memo>,
    pub(crate) trace: RefCell<Trace>,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(subject: &'a dyn Subject, around: &'a dyn Surroundings, now: Micros) -> Self {
        let next = subject.next_after(now).map(|next| next.0);
        Self {
            subject,
            around,
            now,
            next: Cell::new(next),
            orders: OnceCell::new(),
            depth: Cell::new(0),
            memo: None,
            trace: RefCell::default(),
        }
    }

    /// One beside others: what they share is worked out once, and nothing is traced.
    pub(crate) fn beside(subject: &'a dyn Subject, around: &'a dyn Surroundings, now: Micros, memo: &'a Memo) -> Self {
        Self { memo: Some(memo), ..Self::new(subject, around, now) }
    }

    pub(crate) fn next(&self) -> Option<Micros> {
        self.next.get().map(Micros)
    }

    /// What a part comes to, with the first instant at which that can change by itself.
    pub(crate) fn answer(&self, node: &Node) -> Answer {
        let outer = self.next.take();
        let value = self.value(node, None);
        (value, self.next.replace(outer))
    }

    /// Something can change at an instant; one that has passed cannot.
    fn note(&self, at: i64) {
        if at > self.now.0 && self.next.get().is_none_or(|next| at < next) {
            self.next.set(Some(at));
        }
    }

    /// Something can change so many microseconds from now.
    fn note_in(&self, micros: i64) {
        self.note(self.now.0.saturating_add(micros));
    }

    pub(crate) fn value(&self, node: &Node, bound: Option<Bound<'_>>) -> Value {
        match node {
            Node::Constant(value) => value.clone(),
            Node::Now => Value::Instant(crate::moving::Moving { micros: self.now.0, slope: 1 }),
            Node::Trait(name) => self.subject.trait_value(name, self.now),
            Node::Consent(purpose) => self.consent(purpose),
            Node::Metric(name) => self.subject.metric(name, self.now),
            Node::Identifiers => Value::of_texts(self.subject.namespaces().iter().map(String::as_str)),
            Node::Field(which, field) => self.field(which, field, bound),
            Node::Entry(operand, key) => entry(&self.value(operand, bound), &self.value(key, bound)),
            Node::Has(operand) => Value::Bool(self.value(operand, bound) != Value::Absent),
            Node::Not(operand) => of_truth(self.truth(operand, bound).map(|truth| !truth)),
            Node::And(left, right) => self.joined(left, right, false, bound),
            Node::Or(left, right) => self.joined(left, right, true, bound),
            Node::If(condition, one, other) => match self.truth(condition, bound) {
                Some(true) => self.value(one, bound),
                Some(false) => self.value(other, bound),
                None => Value::Absent,
            },
            Node::Compare(comparison, left, right) => {
                self.compared(*comparison, &self.value(left, bound), &self.value(right, bound))
            }
            Node::In(value, list) => self.contained(&self.value(value, bound), &self.value(list, bound)),
            Node::List(nodes) => Value::List(nodes.iter().map(|node| self.value(node, bound)).collect()),
            Node::Arithmetic(operation, left, right) => {
                arithmetic::reckon(*operation, &self.value(left, bound), &self.value(right, bound))
            }
            Node::Text(test, text, part) => text_test(*test, &self.value(text, bound), &self.value(part, bound)),
            Node::Matches(text, pattern) => match self.value(text, bound) {
                Value::Text(text) => Value::Bool(pattern.is_match(&text)),
                _ => Value::Absent,
            },
            Node::Lower(text) => match self.value(text, bound) {
                Value::Text(text) => Value::Text(text.to_ascii_lowercase().into()),
                _ => Value::Absent,
            },
            Node::Size(of) => size(&self.value(of, bound)),
            Node::Calendar(part, instant, zone) => {
                self.calendar_part(*part, &self.value(instant, bound), zone.as_ref())
            }
            Node::Aggregate(aggregate, set, value) => self.aggregate(*aggregate, set, value.as_deref()),
            Node::Sequence(steps) => Value::Bool(self.sequence(steps)),
            Node::Anniversary(date, span) => self.anniversary(&self.value(date, bound), *span),
            Node::Segment(name) => self.member(name),
            Node::Quantile { measure, key, below } => self.quantile(measure, key, *below),
            Node::Condition(part) => self.value(&part.root, bound),
            Node::Shared(question, node) => self.shared(question, node),
        }
    }

    /// An answer that is kept, with the instant at which it can change.
    fn shared(&self, question: &Shared, node: &Node) -> Value {
        let Some(memo) = self.memo else { return self.value(node, None) };
        if let Some((value, next)) = memo.get(question) {
            next.into_iter().for_each(|at| self.note(at));
            return value;
        }
        let (value, own) = self.answer(node);
        own.into_iter().for_each(|at| self.note(at));
        memo.keep(question, (value.clone(), own));
        value
    }

    fn truth(&self, node: &Node, bound: Option<Bound<'_>>) -> Option<bool> {
        self.value(node, bound).truth()
    }

    /// `deciding` is what decides alone: false for `&&`, true for `||`.
    fn joined(&self, left: &Node, right: &Node, deciding: bool, bound: Option<Bound<'_>>) -> Value {
        let left = self.truth(left, bound);
        if left == Some(deciding) {
            return Value::Bool(deciding);
        }
        let right = self.truth(right, bound);
        if right == Some(deciding) {
            return Value::Bool(deciding);
        }
        of_truth(left.and(right))
    }

    fn consent(&self, purpose: &str) -> Value {
        match self.subject.consent(purpose, self.now) {
            Some(true) => Value::Text("granted".into()),
            Some(false) => Value::Text("denied".into()),
            None => Value::Absent,
        }
    }

    fn field(&self, which: &Which, field: &Field, bound: Option<Bound<'_>>) -> Value {
        let read = |element: Option<Bound<'_>>| element.map_or(Value::Absent, |element| element.read(field));
        let (set, end) = match which {
            Which::Bound => return read(bound),
            Which::First(set) => (set, End::First),
            Which::Last(set) => (set, End::Last),
        };
        self.with_end(set, end, |element| {
            self.traced(element);
            read(element)
        })
    }

    fn traced<'e>(&self, elements: impl IntoIterator<Item = Bound<'e>>) {
        if self.memo.is_some() {
            return;
        }
        let mut trace = self.trace.borrow_mut();
        for element in elements {
            match element {
                Bound::Touchpoint(index, _) => drop(trace.touchpoints.insert(index)),
                Bound::Order(order) => drop(trace.orders.insert(order.key)),
            }
        }
    }

    fn compared(&self, comparison: Comparison, left: &Value, right: &Value) -> Value {
        let (holds, soonest) = compare(comparison, left, right);
        soonest.into_iter().for_each(|micros| self.note_in(micros));
        of_truth(holds)
    }

    fn contained(&self, value: &Value, list: &Value) -> Value {
        match (value, list) {
            (Value::Absent, _) => Value::Absent,
            (_, Value::List(values)) => {
                let equal = |other: &Value| self.compared(Comparison::Equal, value, other) == Value::Bool(true);
                Value::Bool(values.iter().any(equal))
            }
            (Value::Text(key), Value::Map(entries)) => Value::Bool(entries.contains_key(key.as_ref())),
            // An absent list holds nothing.
            (_, Value::Absent) => Value::Bool(false),
            _ => Value::Absent,
        }
    }

    /// Whether the customer is in another segment, by that segment's own condition.
    fn member(&self, name: &str) -> Value {
        let Some(program) = self.around.segment(name) else { return Value::Absent };
        if self.depth.get() >= SEGMENT_DEPTH_MAX {
            return Value::Absent;
        }
        self.depth.set(self.depth.get() + 1);
        let truth = self.truth(&program.root, None);
        self.depth.set(self.depth.get() - 1);
        Value::Bool(truth == Some(true))
    }

    fn quantile(&self, measure: &Node, key: &str, below: bool) -> Value {
        match (self.value(measure, None), self.around.cut(key)) {
            (Value::Number(value), Some(cut)) => Value::Bool((value >= cut) != below),
            _ => Value::Absent,
        }
    }
}

fn of_truth(truth: Option<bool>) -> Value {
    truth.map_or(Value::Absent, Value::Bool)
}

fn entry(operand: &Value, key: &Value) -> Value {
    match (operand, key) {
        (Value::Map(entries), Value::Text(key)) => entries.get(key.as_ref()).cloned().unwrap_or(Value::Absent),
        _ => Value::Absent,
    }
}

fn size(of: &Value) -> Value {
    match of {
        Value::List(values) => Value::of_count(values.len()),
        Value::Map(entries) => Value::of_count(entries.len()),
        Value::Text(text) => Value::of_count(text.chars().count()),
        _ => Value::Absent,
    }
}

fn text_test(test: TextTest, text: &Value, part: &Value) -> Value {
    let (Value::Text(text), Value::Text(part)) = (text, part) else { return Value::Absent };
    Value::Bool(match test {
        TextTest::StartsWith => text.starts_with(part.as_ref()),
        TextTest::EndsWith => text.ends_with(part.as_ref()),
        TextTest::Contains => text.contains(part.as_ref()),
    })
}
