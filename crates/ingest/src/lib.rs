//! The front door: takes touchpoints over gRPC, checks and normalises them, and appends them to the journal.
//!
//! Owns what a touchpoint must be to get in, how it is written, and what its caller is told. Accepted means that the journal
//! said "durable". Never reads the journal, never knows store or fold, never changes what a touchpoint means.

pub mod admit;
pub mod blocked;
pub mod check;
pub mod clock;
mod dead_letters;
mod definitions;
pub mod envelope;
#[cfg(test)]
mod fixtures;
mod identify;
pub mod meter;
pub mod normalise;
mod path;
pub mod raw;
pub mod segment;
mod service;
mod status;

pub use admit::{Admitted, admit};
pub use blocked::BlockedValues;
pub use clock::{Clock, WallClock};
pub use dead_letters::DeadLetters;
pub use definitions::Definitions;
pub use service::{Ingest, IngestSettings};
