//! Query: unified customer views, timelines, the feed of identity changes, definitions, status and digest over gRPC.
//!
//! The same services twice: beside the store (`Customers`, `Admin`), where every answer comes from one snapshot and says what it
//! covers; and as a stateless front (`Gateway`) that passes calls on to the processes that hold a store. Never writes to the
//! store and never knows the journal.

mod admin_service;
mod contact;
mod context;
mod customer_service;
mod definition_service;
mod explain;
mod export;
mod feed;
mod gateway;
mod hot;
mod identity_feed;
mod identity_view;
mod membership_feed;
mod membership_view;
mod meter;
mod past;
mod references;
mod segments;
mod status;
mod timeline;
mod token;
mod view;
mod wait;
mod walk;

pub use admin_service::Admin;
pub use context::{Contexts, JournalFacts, Live, Serving, Told};
pub use customer_service::Customers;
pub use definition_service::Definitions;
pub use export::Exports;
pub use feed::Feed;
pub use gateway::Gateway;
pub use hot::{Hot, HotSettings};
pub use identity_feed::IdentityFeed;
pub use membership_feed::MembershipFeed;
pub use membership_view::MembershipView;
pub use segments::{CountSettings, Definer, SegmentQueries};
