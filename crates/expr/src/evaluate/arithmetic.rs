//! Reckoning with numbers, instants and lengths of time. What cannot be reckoned is absent.

use super::Value;
use crate::{number, program::Operation};

/// The result of an operation.
pub(super) fn reckon(operation: Operation, left: &Value, right: &Value) -> Value {
    use Operation::{Add, Divide, Multiply, Subtract};
    match (operation, left, right) {
        (_, Value::Number(left), Value::Number(right)) => {
            let result = match operation {
                Add => left.0.checked_add(right.0).map(types::ExactSum),
                Subtract => left.0.checked_sub(right.0).map(types::ExactSum),
                Multiply => number::product(*left, *right),
                Divide => number::quotient(*left, *right),
            };
            result.map_or(Value::Absent, Value::Number)
        }
        (Add, Value::Instant(at), Value::Span(span)) | (Add, Value::Span(span), Value::Instant(at)) => {
            Value::Instant(at.plus(*span))
        }
        (Subtract, Value::Instant(at), Value::Span(span)) => Value::Instant(at.minus(*span)),
        (Subtract, Value::Instant(left), Value::Instant(right)) => Value::Span(left.minus(*right)),
        (Add, Value::Span(left), Value::Span(right)) => Value::Span(left.plus(*right)),
        (Subtract, Value::Span(left), Value::Span(right)) => Value::Span(left.minus(*right)),
        // `-traits.offset`: the sign of something whose type is known only now.
        (Subtract, Value::Number(zero), Value::Span(span)) if zero.0 == 0 => {
            Value::Span(crate::moving::Moving::fixed(0).minus(*span))
        }
        _ => Value::Absent,
    }
}
