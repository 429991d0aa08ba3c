//! The one total order of touchpoints: (occurred_at, source, message id, content hash).
//!
//! Every "first" and "last" in Patron is by this order, never by arrival.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, Micros};

/// A touchpoint's place in the total order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TotalOrder {
    /// When it happened.
    pub occurred_at: Micros,
    /// Who reported it.
    pub source: String,
    /// Under which name.
    pub message_id: String,
    /// With which content.
    pub content: ContentHash,
}
