//! Programs that are evaluated beside each other, laid side by side in memory: what several ask is one question, and what is left
//! of each is a comparison or two.
//!
//! Owns that a program says the same as by itself: questions are answered by the evaluator. Thousands of small trees with nodes in
//! places of their own cost a miss of the processor's cache for each node; here a segment's steps are read in a row.

use std::{collections::BTreeMap, sync::Arc};

use types::Micros;

use crate::{
    evaluate::{Evaluation, Verdict, compare},
    memo::{Answer, Memo},
    program::{Comparison, Node, Program},
    subject::{Subject, Surroundings},
    value::Value,
};

/// Programs laid side by side.
#[derive(Clone, Debug, Default)]
pub struct Linked {
    steps: Vec<Step>,
    questions: Vec<Arc<Node>>,
    /// Questions by their texts.
    numbers: BTreeMap<Arc<str>, usize>,
}

/// A program among those that are laid side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place(usize);

/// A part of a condition. What it is made of comes right behind it.
#[derive(Clone, Debug)]
enum Step {
    /// Two parts, the second of which ends before a step: false decides alone for `&&`, true for `||`.
    Joint { deciding: bool, end: usize },
    /// The contrary of the part.
    Not,
    /// Whether a question is answered with true.
    Asks(usize),
    /// How the answer to a question compares.
    Compares(Comparison, usize, Operand),
}

/// What an answer is compared with.
#[derive(Clone, Debug)]
enum Operand {
    Value(Value),
    Answer(usize),
}

impl Linked {
    /// Adds a condition.
    pub fn add(&mut self, program: &Program) -> Place {
        let place = Place(self.steps.len());
        self.put(&program.root);
        place
    }

    fn put(&mut self, node: &Node) {
        match node {
            Node::And(left, right) => self.join(left, right, false),
            Node::Or(left, right) => self.join(left, right, true),
            Node::Not(part) => {
                self.steps.push(Step::Not);
                self.put(part);
            }
            Node::Condition(part) => self.condition(part),
            // A condition is made of these alone; anything else is asked as a whole.
            other => {
                let number = self.ask(Arc::new(other.clone()));
                self.steps.push(Step::Asks(number));
            }
        }
    }

    fn join(&mut self, left: &Node, right: &Node, deciding: bool) {
        let joint = self.steps.len();
        self.steps.push(Step::Joint { deciding, end: 0 });
        self.put(left);
        self.put(right);
        let end = self.steps.len();
        if let Some(step) = self.steps.get_mut(joint) {
            *step = Step::Joint { deciding, end };
        }
    }

    fn condition(&mut self, part: &Program) {
        if let Node::Compare(comparison, left, right) = part.root.as_ref()
            && let (Some(left), Some(right)) = (text_of(left).map(|text| (text, left)), self.operand(right))
        {
            let left = self.question(left.0, || Arc::new(Node::clone(left.1)));
            return self.steps.push(Step::Compares(*comparison, left, right));
        }
        let number = self.question(part.text.to_string(), || Arc::clone(&part.root));
        self.steps.push(Step::Asks(number));
    }

    fn operand(&mut self, node: &Node) -> Option<Operand> {
        if let Node::Constant(value) = node {
            return Some(Operand::Value(value.clone()));
        }
        let text = text_of(node)?;
        Some(Operand::Answer(self.question(text, || Arc::new(node.clone()))))
    }

    /// The number of a question, by its text.
    fn question(&mut self, text: String, node: impl FnOnce() -> Arc<Node>) -> usize {
        if let Some(number) = self.numbers.get(text.as_str()) {
            return *number;
        }
        let number = self.ask(node());
        self.numbers.insert(text.into(), number);
        number
    }

    fn ask(&mut self, node: Arc<Node>) -> usize {
        self.questions.push(node);
        self.questions.len() - 1
    }

    /// Evaluates one of the programs beside others of the same subject, surroundings and instant. The memo is theirs alone: numbers
    /// of questions mean nothing to others.
    pub fn evaluate(
        &self,
        Place(first): Place,
        subject: &dyn Subject,
        around: &dyn Surroundings,
        now: Micros,
        memo: &Memo,
    ) -> Verdict {
        let next = subject.next_after(now).map(|next| next.0);
        let mut run = Run { linked: self, subject, around, now, memo, next, at: first };
        let truth = run.truth() == Some(true);
        Verdict { truth, next: run.next.map(Micros) }
    }
}

/// The text of what can be compared: equal for equal questions. `None` where that is not known.
fn text_of(node: &Node) -> Option<String> {
    Some(match node {
        Node::Shared(question, _) => question.text().to_owned(),
        Node::Metric(name) => format!("metrics.{name}"),
        Node::Trait(name) => format!("traits.{name}"),
        Node::Consent(purpose) => format!("consents.{purpose}"),
        Node::Now => "now".to_owned(),
        Node::Constant(value) => format!("{value:?}"),
        Node::Arithmetic(operation, left, right) => format!("({} {operation:?} {})", text_of(left)?, text_of(right)?),
        _ => return None,
    })
}

/// One program being evaluated.
struct Run<'a> {
    linked: &'a Linked,
    subject: &'a dyn Subject,
    around: &'a dyn Surroundings,
    now: Micros,
    memo: &'a Memo,
    next: Option<i64>,
    /// The step that comes next.
    at: usize,
}

impl Run<'_> {
    /// Truth of the part that comes next. Parts are nested no deeper than the parser allows.
    fn truth(&mut self) -> Option<bool> {
        let linked = self.linked;
        let step = linked.steps.get(self.at)?;
        self.at += 1;
        match step {
            Step::Joint { deciding, end } => {
                let left = self.truth();
                let right = if left == Some(*deciding) { left } else { self.truth() };
                self.at = *end;
                if right == Some(*deciding) { right } else { left.and(right) }
            }
            Step::Not => self.truth().map(|truth| !truth),
            Step::Asks(question) => self.answer(*question).truth(),
            Step::Compares(comparison, question, operand) => {
                let answer = self.answer(*question);
                let (holds, soonest) = match operand {
                    Operand::Value(value) => compare(*comparison, &answer, value),
                    Operand::Answer(other) => compare(*comparison, &answer, &self.answer(*other)),
                };
                soonest.into_iter().for_each(|micros| self.note(self.now.0.saturating_add(micros)));
                holds
            }
        }
    }

    fn answer(&mut self, question: usize) -> Value {
        let (value, next) = self.memo.numbered(question, || self.worked_out(question));
        next.into_iter().for_each(|at| self.note(at));
        value
    }

    fn worked_out(&self, question: usize) -> Answer {
        let node = self.linked.questions.get(question);
        node.map_or((Value::Absent, None), |node| {
            Evaluation::beside(self.subject, self.around, self.now, self.memo).answer(node)
        })
    }

    /// Something can change at an instant; one that has passed cannot.
    fn note(&mut self, at: i64) {
        if at > self.now.0 && self.next.is_none_or(|next| at < next) {
            self.next = Some(at);
        }
    }
}
