//! The persisted state: key kinds, one atomic batch, snapshots, and the digest over them.
//!
//! The only crate that names RocksDB. Owns the layout on disk (`docs/adr/0001-store-layout.md`) and its version. Never folds and
//! never knows where touchpoints come from.

pub mod batch;
pub mod bulk;
pub mod changes;
pub mod checkpoint;
pub mod compare;
pub mod customers;
pub mod decision;
pub mod definition;
pub mod digest;
pub mod error;
pub mod family;
pub mod generations;
pub mod manifest;
mod open;
pub mod published;
pub mod rules;
mod size;
pub mod snapshot;
pub mod subjects;

pub use batch::{Batch, RowSink};
pub use bulk::Bulk;
pub use customers::{CustomerRows, Resolved};
pub use decision::HeldDecision;
pub use error::{CheckpointError, OpenError, StoreError};
pub use generations::live_dir;
pub use manifest::Manifest;
pub use open::{BlockCache, Store, StoreSettings};
pub use published::Published;
pub use snapshot::Snapshot;
