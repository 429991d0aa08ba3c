//! Every limit on what comes in, in one place. The unit is the last word of the name.

/// Longest source name.
pub const SOURCE_BYTES_MAX: usize = 64;
/// Longest message id.
pub const MESSAGE_ID_BYTES_MAX: usize = 256;
/// Longest namespace.
pub const NAMESPACE_BYTES_MAX: usize = 64;
/// Longest value of an identifier.
pub const IDENTIFIER_BYTES_MAX: usize = 512;
/// Most identifiers of one touchpoint.
pub const IDENTIFIERS_MAX: usize = 16;
/// Most items of one touchpoint.
pub const ITEMS_MAX: usize = 1_000;
/// Longest short text: store, zone, channel, order id, product, category, coupon, ...
pub const TEXT_BYTES_MAX: usize = 512;
/// Most traits of one touchpoint, and most consents.
pub const TRAITS_MAX: usize = 256;
/// Deepest nesting of traits and properties.
pub const NESTING_MAX: usize = 16;
/// Largest touchpoint, encoded.
pub const TOUCHPOINT_BYTES_MAX: usize = 1 << 20;
/// Most touchpoints of one publish request.
pub const BATCH_TOUCHPOINTS_MAX: usize = 10_000;
/// Largest gRPC message that is read at all; a larger one cannot be answered touchpoint by touchpoint.
pub const REQUEST_BYTES_MAX: usize = 32 << 20;
/// Most that occurred_at may lie ahead of received_at, in microseconds: a day, for clocks set to the wrong zone.
pub const AHEAD_MICROS_MAX: i64 = 86_400 * 1_000_000;
/// Largest quantity of an item, in millionths: a billion.
pub const QUANTITY_MILLIONTHS_MAX: i64 = 1_000_000_000 * 1_000_000;
/// Largest price × quantity of an item, in units of its currency. Keeps exact sums of 10^14 lines within 128 bits.
pub const LINE_UNITS_MAX: i128 = 1_000_000_000_000;
/// Largest number of points of one touchpoint.
pub const POINTS_MAX: i64 = 1_000_000_000_000;
/// Longest duration of one touchpoint, in seconds: ten years.
pub const DURATION_SECONDS_MAX: i64 = 10 * 366 * 86_400;
/// Largest score, either way.
pub const SCORE_MAX: f64 = 1e9;
/// Most definitions of one set, which has its effect whole or not at all.
pub const DEFINITIONS_PER_SET_MAX: usize = 10_000;
/// Largest set of definitions, encoded.
pub const DEFINITION_SET_BYTES_MAX: usize = 1 << 20;
/// Most names that are defined at once, over all kinds, deleted ones among them.
pub const DEFINED_NAMES_MAX: usize = 1_000_000;
/// Longest name of a set of definitions, and of its author.
pub const SET_ID_BYTES_MAX: usize = 256;
/// Longest reason for a set of definitions.
pub const SET_REASON_BYTES_MAX: usize = 1_024;
/// Longest expression of a segment.
pub const EXPRESSION_BYTES_MAX: usize = 16 << 10;
/// Longest description of a segment.
pub const DESCRIPTION_BYTES_MAX: usize = 4 << 10;
