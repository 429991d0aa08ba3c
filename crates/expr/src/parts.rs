//! A condition cut at its Boolean joints: what stands between `&&`, `||`, `!` and brackets, each a program of its own.
//!
//! Owns that the parts, joined by three-valued logic, come to what the whole comes to: `Outcome` of each part is all that a joint
//! looks at. A segment that is named at a joint comes to true or false, as its own condition is true or not.

use crate::program::{Node, Program};

/// A condition as its parts are joined.
#[derive(Clone, Copy, Debug)]
pub enum Parts<'a> {
    /// A condition without a joint.
    Condition(&'a Program),
    /// Whether the customer is in a segment of this name.
    Segment(&'a str),
    /// The contrary of what is unknown is unknown.
    Not(Joined<'a>),
    /// False if either is false, true if both are true.
    And(Joined<'a>, Joined<'a>),
    /// True if either is true, false if both are false.
    Or(Joined<'a>, Joined<'a>),
}

/// One side of a joint.
#[derive(Clone, Copy, Debug)]
pub struct Joined<'a>(&'a Node);

impl Program {
    /// The parts of a condition.
    pub fn parts(&self) -> Parts<'_> {
        parts(&self.root).unwrap_or(Parts::Condition(self))
    }
}

impl<'a> Joined<'a> {
    /// The parts of this side.
    pub fn parts(self) -> Parts<'a> {
        parts(self.0).expect("what is joined are joints and conditions")
    }
}

/// `None` for what is neither a joint nor a condition, which the checker leaves at the root of measures alone.
fn parts(node: &Node) -> Option<Parts<'_>> {
    Some(match node {
        Node::And(left, right) => Parts::And(Joined(left), Joined(right)),
        Node::Or(left, right) => Parts::Or(Joined(left), Joined(right)),
        Node::Not(operand) => Parts::Not(Joined(operand)),
        Node::Condition(part) => match part.root.as_ref() {
            Node::Segment(name) => Parts::Segment(name),
            _ => Parts::Condition(part),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
