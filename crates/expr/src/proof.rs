//! Proofs: why a condition holds or not, part by part, with the elements behind it and when it can change.

use types::Micros;

use crate::{
    evaluate::Evaluation,
    program::{Node, Program},
    subject::{Subject, Surroundings},
    value::Value,
};

/// What a part of a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Something that it needs is absent; as a whole this counts as false.
    Unknown,
}

impl Outcome {
    pub(crate) fn of(value: &Value) -> Self {
        match value.truth() {
            Some(true) => Self::True,
            Some(false) => Self::False,
            None => Self::Unknown,
        }
    }
}

/// A part of a condition and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The part's canonical text; `&&`, `||` and `!` for what joins its parts.
    pub text: String,
    /// What it comes to.
    pub outcome: Outcome,
    /// The value found, as the language writes it; empty where there is nothing to show.
    pub value: String,
    /// What it was compared with; empty where nothing was.
    pub bound: String,
    /// Places, in the subject's list, of the touchpoints behind the value.
    pub touchpoints: Vec<usize>,
    /// Keys of the orders behind it.
    pub orders: Vec<[u8; 16]>,
    /// The first instant at which this part can change if nothing happens.
    pub next: Option<Micros>,
    /// The parts that it is made of.
    pub parts: Vec<Proof>,
}

/// Proves what a program says of a subject at an instant; every part is evaluated, also those that decide nothing.
pub fn prove(program: &Program, subject: &dyn Subject, around: &dyn Surroundings, now: Micros) -> Proof {
    Prover { subject, around, now }.prove(&program.root, SEGMENTS_DEEP)
}

/// How deep proofs go into other segments.
const SEGMENTS_DEEP: usize = 4;

struct Prover<'a> {
    subject: &'a dyn Subject,
    around: &'a dyn Surroundings,
    now: Micros,
}

impl Prover<'_> {
    fn prove(&self, node: &Node, deep: usize) -> Proof {
        match node {
            Node::And(left, right) => self.joined("&&", node, &[left, right], deep),
            Node::Or(left, right) => self.joined("||", node, &[left, right], deep),
            Node::Not(operand) => self.joined("!", node, &[operand], deep),
            Node::Condition(part) => self.condition(&part.text, &part.root, deep),
            other => self.condition("", other, deep),
        }
    }

    fn joined(&self, sign: &str, node: &Node, operands: &[&Node], deep: usize) -> Proof {
        let (outcome, next) = self.outcome(node);
        let parts = operands.iter().flat_map(|operand| self.flattened(sign, operand, deep)).collect();
        Proof { next, parts, ..Proof::bare(sign.to_owned(), outcome) }
    }

    /// `a && b && c` is one part with three, not a part in a part.
    fn flattened(&self, sign: &str, node: &Node, deep: usize) -> Vec<Proof> {
        match (sign, node) {
            ("&&", Node::And(left, right)) | ("||", Node::Or(left, right)) => {
                let mut parts = self.flattened(sign, left, deep);
                parts.extend(self.flattened(sign, right, deep));
                parts
            }
            _ => vec![self.prove(node, deep)],
        }
    }

    fn outcome(&self, node: &Node) -> (Outcome, Option<Micros>) {
        let evaluation = Evaluation::new(self.subject, self.around, self.now);
        let value = evaluation.value(node, None);
        (Outcome::of(&value), evaluation.next())
    }

    fn condition(&self, text: &str, node: &Node, deep: usize) -> Proof {
        let evaluation = Evaluation::new(self.subject, self.around, self.now);
        let outcome = Outcome::of(&evaluation.value(node, None));
        let mut proof = Proof { next: evaluation.next(), ..Proof::bare(text.to_owned(), outcome) };
        match node {
            Node::Compare(_, left, right) => {
                proof.value = evaluation.value(left, None).to_string();
                proof.bound = evaluation.value(right, None).to_string();
            }
            Node::In(value, list) => {
                proof.value = evaluation.value(value, None).to_string();
                proof.bound = evaluation.value(list, None).to_string();
            }
            Node::Quantile { measure, key, .. } => {
                proof.value = evaluation.value(measure, None).to_string();
                proof.bound = self.around.cut(key).map_or_else(|| "not cut yet".to_owned(), types::ExactSum::to_text);
            }
            Node::Has(operand) => proof.value = evaluation.value(operand, None).to_string(),
            Node::Segment(name) if deep > 0 => {
                let inner = self.around.segment(name);
                proof.parts = inner.map(|program| self.prove(&program.root, deep - 1)).into_iter().collect();
            }
            _ => {}
        }
        let trace = evaluation.trace.into_inner();
        Proof {
            touchpoints: trace.touchpoints.into_iter().collect(),
            orders: trace.orders.into_iter().collect(),
            ..proof
        }
    }
}

impl Proof {
    fn bare(text: String, outcome: Outcome) -> Self {
        Self {
            text,
            outcome,
            value: String::new(),
            bound: String::new(),
            touchpoints: Vec::new(),
            orders: Vec::new(),
            next: None,
            parts: Vec::new(),
        }
    }
}
