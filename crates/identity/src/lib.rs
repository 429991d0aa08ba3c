//! Who is one person: from the identifiers that fragments carry to customers.
//!
//! Customers are a deterministic function of the set of fragments and the rules. Owns no profile data and moves none: a merge is
//! an answer, not an act. Knows no clock, no order of arrival, no storage.

pub mod component;
mod groups;
pub mod resolve;
pub mod rules;

pub use component::{Component, Evidence, FragmentEvidence, Link};
pub use resolve::{CustomerIdentity, RefusedLink, Resolution, resolve};
pub use rules::Rules;
