//! The fold: what a set of touchpoints says of the people who carry one set of identifiers.
//!
//! Every accumulator is commutative and mergeable: any order of arrival, any batching and any split into fragments give the same
//! state. Knows no clock, no randomness, no order of arrival, no storage.

pub mod accumulator;
pub mod activity;
pub mod core;
pub mod digest;
pub mod fact;
pub mod fields;
pub mod metric;
pub mod orders;
pub mod register;
pub mod size;
pub mod state;
mod text;
pub mod view;

pub use activity::MonthActivity;
pub use core::Core;
pub use fact::Fact;
pub use orders::OrderFacts;
pub use state::{State, Touched};

/// Version of the fold: state folded by another version is not mixed with this one.
///
/// It names the revision of the accumulators' meaning and encoding, and a hash of the declared metrics.
pub fn fold_version() -> String {
    const REVISION: u32 = 1;
    format!("{REVISION}-{}", metric::fingerprint())
}
