//! The journal: ordered durable partitions that carry Patron's records.
//!
//! Owns: the narrow [`Journal`] trait, what a record and a position are, where a key is placed, and the journals behind
//! the trait: [`embedded`] (files of this process), [`kafka`] and [`memory`] (tests). Never: decodes a record – keys and values are
//! opaque bytes – and never tells which journal is behind the trait.
//!
//! ```
//! use std::time::Duration;
//! use journal::{Journal, NewRecord, Parts, PollLimits, Position, memory::MemoryJournal};
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let journal = MemoryJournal::new(4);
//! let partition = journal::partition_of(b"card:42", 4);
//! let record = NewRecord { partition, key: b"card:42".to_vec(), value: b"hello".to_vec(), headers: Vec::new() };
//! let positions = journal.append(vec![record]).await?;
//! assert_eq!(positions, [Position { partition, offset: 0 }]);
//!
//! let mut reader = journal.reader(vec![Position { partition, offset: 0 }])?;
//! let records = reader.poll(PollLimits { records_max: 100, bytes_max: 1 << 20 }, Duration::from_secs(1))?;
//! assert_eq!(records[0].value, b"hello");
//! # Ok(()) }
//! ```

mod bell;
mod blocking;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
pub mod embedded;
mod error;
mod fair;
pub mod kafka;
pub mod memory;
mod placement;
mod record;

pub use blocking::wait;
pub use contract::{Journal, Reader};
pub use error::{AppendError, Corruption, OpenError, ReadError};
pub use placement::{murmur2, partition_of};
pub use record::{Header, NewRecord, Parts, PollLimits, Position, Record, Topology};
