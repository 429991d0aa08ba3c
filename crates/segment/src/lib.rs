//! Segments: named conditions over customers, who satisfies them, since and until when.
//!
//! Owns the customer as expressions see it, the schema that is served, the set of segments compiled as a whole, cuts of the
//! population, contact caps, and what changes between what was told and what is. A pure function of its arguments: no clock, no storage.

pub mod advance;
pub mod check;
pub mod clock;
mod concerned;
pub mod contact;
pub mod customer;
pub mod cuts;
pub mod due;
pub mod facets;
pub mod groups;
mod keyed;
pub mod memberships;
mod naming;
pub mod schema;
pub mod segments;

pub use advance::{Advance, Change, Told, advance};
pub use check::SegmentCheck;
pub use clock::Clock;
pub use contact::{Cap, Caps, Contact};
pub use customer::Customer;
pub use due::{Brings, Due, Turn, comes_true, foresee};
pub use facets::Facets;
pub use groups::{Group, Groups, Ordinal};
pub use memberships::{Membership, Until, until};
pub use segments::{Definition, Finding, Segments};
