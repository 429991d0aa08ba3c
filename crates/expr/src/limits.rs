//! Every limit on an expression, in one place. The unit is the last word of the name.

/// Longest expression.
pub const EXPRESSION_BYTES_MAX: usize = 4096;
/// Deepest nesting of brackets, conditionals and signs.
pub const NESTING_MAX: usize = 32;
/// Most points, and most operators: what lies in a row is nested for the parser.
pub const ROW_MAX: usize = 256;
/// Most parts of a parsed expression.
pub const PARTS_MAX: usize = 1_000;
/// Most sets of touchpoints or orders that one expression looks at: each is a walk over a customer's timeline.
pub const SETS_MAX: usize = 32;
/// Most steps of a sequence.
pub const STEPS_MAX: usize = 8;
/// Longest window or gap, in microseconds: a hundred years.
pub const SPAN_MICROS_MAX: i64 = 100 * 366 * 86_400 * 1_000_000;
/// Largest compiled pattern.
pub const PATTERN_BYTES_MAX: usize = 1 << 16;
/// Deepest chain of segments that name each other.
pub const SEGMENT_DEPTH_MAX: usize = 16;
