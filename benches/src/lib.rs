//! Measuring programs: what the primitives cost, so that every higher figure has a floor under it.
//!
//! Owns the measuring itself, the samples, and the primitives under the projector's fold path. Never part of the product.

pub mod measure;
pub mod plan;
pub mod rocks;
pub mod sample;
pub mod speed;
pub mod table;
