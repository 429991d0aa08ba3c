//! Measuring programs: what the primitives cost, so that every higher figure has a floor under it.
//!
//! Owns the measuring itself, the samples, the primitives under the projector's fold path, and the runs of the projector, of the
//! rebuild and of the whole server. Never part of the product.

pub mod broker;
pub mod feed;
pub mod machine;
pub mod measure;
pub mod peers;
pub mod plan;
pub mod projection;
pub mod rebuild;
pub mod rocks;
pub mod sample;
pub mod segments;
pub mod series;
pub mod speed;
pub mod table;
pub mod threads;
pub mod visible;

/// Rust's memory, as in the product; RocksDB's own comes from the system's allocator all the same.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
