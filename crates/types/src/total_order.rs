//! The one total order of touchpoints: (occurred_at, source, message id, content hash).
//!
//! Every "first" and "last" in Patron is by this order, never by arrival.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, Micros};

/// A touchpoint's place in the total order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

impl Clone for TotalOrder {
    fn clone(&self) -> Self {
        let Self { occurred_at, source, message_id, content } = self;
        Self { occurred_at: *occurred_at, source: source.clone(), message_id: message_id.clone(), content: *content }
    }

    /// Into the memory that is there: the last touchpoint of a fragment is followed by another and another.
    fn clone_from(&mut self, other: &Self) {
        let Self { occurred_at, source, message_id, content } = other;
        (self.occurred_at, self.content) = (*occurred_at, *content);
        self.source.clone_from(source);
        self.message_id.clone_from(message_id);
    }
}
