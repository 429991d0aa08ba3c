//! How two values compare, and when that can change.

use crate::{program::Comparison, value::Value};

/// Whether a comparison holds, and in how many microseconds that can change; unknown where a value is absent, or where two types
/// have no order.
pub(crate) fn compare(comparison: Comparison, left: &Value, right: &Value) -> (Option<bool>, Option<i64>) {
    if *left == Value::Absent || *right == Value::Absent {
        return (None, None);
    }
    let Some((order, soonest)) = left.compare(right) else {
        // Of two types: unequal, and without an order.
        return match comparison {
            Comparison::Equal => (Some(false), None),
            Comparison::NotEqual => (Some(true), None),
            _ => (None, None),
        };
    };
    let holds = match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    };
    (Some(holds), soonest)
}
