//! Query: unified customer views, timelines, status and digest over gRPC.
//!
//! Stateless: every answer comes from one snapshot and says what it covers. Never writes to the store and never knows the journal.

mod admin_service;
mod context;
mod customer_service;
mod status;
mod timeline;
mod token;
mod view;
mod wait;

pub use admin_service::Admin;
pub use context::{Context, JournalFacts};
pub use customer_service::Customers;
