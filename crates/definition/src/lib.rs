//! Definitions: what products, stores and segments are, as a fold of the topic `definitions`.
//!
//! Versions are a deterministic function of the records in the order of their offsets; the topic has one partition, so that order is
//! total. Owns what a version is, when a set is void, and what a definition must be to get in. Knows no journal, no storage, no
//! clock; never evaluates an expression.

pub mod catalogue;
pub mod change;
pub mod check;
pub mod fold;
pub mod form;
pub mod kind;
pub mod seal;
pub mod version;

pub use catalogue::Catalogue;
pub use change::{Change, What};
pub use check::{Check, Finding};
pub use fold::{Effect, Held, Void, effect};
pub use kind::Kind;
pub use seal::Read;
pub use version::{About, Body, Version};
