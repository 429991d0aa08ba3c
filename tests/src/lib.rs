//! What Patron's end-to-end tests share: touchpoints, the pipeline over a store, a server process, the real data sets.
//!
//! Never part of the product.

pub mod client;
pub mod data;
pub mod duckdb;
pub mod exact;
pub mod export;
pub mod feeding;
pub mod fleet;
pub mod kafka;
pub mod pipeline;
pub mod process;
pub mod reference;
pub mod touchpoints;
