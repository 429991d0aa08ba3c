//! The words of the domain: touchpoints, identifiers, money, time, kinds, derived ids, and the limits on them all.
//!
//! Owns the journal's record messages and everything that two other domain crates must agree on. Never does I/O, never reads
//! a clock, never draws a random number.

pub mod dead_letter;
pub mod decimal;
pub mod hash;
pub mod identifier;
pub mod kind;
pub mod limits;
pub mod money;
pub mod normal_form;
pub mod progress;
pub mod record;
pub mod time;
pub mod total_order;

pub use decimal::{Decimal, ExactSum};
pub use hash::{ContentHash, CopyKey, FragmentId, HashKey, OrderKey, PartitionKey};
pub use identifier::{Identifier, IdentifierId};
pub use kind::{Catalogue, Kind};
pub use money::{Amounts, Currency};
pub use normal_form::Normaliser;
pub use progress::Progress;
pub use time::Micros;
pub use total_order::TotalOrder;
