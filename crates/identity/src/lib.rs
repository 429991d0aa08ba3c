//! Who is one person: from the identifiers that fragments carry, and from operators' decisions, to customers.
//!
//! Customers are a deterministic function of the set of fragments, the set of decisions and the rules. Owns no profile data and
//! moves none: a merge is an answer, not an act. Knows no clock, no order of arrival, no storage.

pub mod component;
pub mod evidence;
mod groups;
pub mod refusal;
pub mod resolve;
pub mod rules;

pub use component::{Component, Node};
pub use evidence::{Decision, EachFragment, Evidence, FragmentEvidence, Link, link};
pub use refusal::Refusal;
pub use resolve::{CustomerIdentity, JoiningLink, RefusedLink, Resolution, resolve};
pub use rules::{Cut, Rules, iso_week};
