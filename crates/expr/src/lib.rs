//! Reading values out of touchpoints: the leaves of Patron's expression language, shared by metrics and segments.
//!
//! Owns the names of a touchpoint's readable fields. Never parses text yet and never knows a profile.

pub mod field;

pub use field::{NumberField, TextField};
