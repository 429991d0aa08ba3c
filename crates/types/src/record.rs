//! The journal's record messages (`patron.journal.v1`), generated from `proto/patron/journal/v1`.
//!
//! Owns nothing but the generated code and short readings of it. Additive only: what was ever written can always be read.

#[allow(missing_docs, clippy::all, reason = "generated code")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/patron.journal.v1.rs"));
}

mod fold_view;
mod part;
mod view;

pub use generated::*;
pub use part::Spare;
pub use view::EnvelopeView;

use crate::Micros;

/// Version of the envelope, and of the normalisation of identifiers, that this code writes.
pub const FORMAT_VERSION: u32 = 2;

impl Touchpoint {
    /// `occurred_at` in UTC microseconds; 0 where absent, which ingest never lets through.
    pub fn occurred(&self) -> Micros {
        self.occurred_at.as_ref().map_or(Micros(0), Micros::from_proto)
    }

    /// The order id, empty where the touchpoint names no order.
    pub fn order_id(&self) -> &str {
        self.order.as_ref().map_or("", |order| order.order_id.as_str())
    }
}

impl Envelope {
    /// `received_at` in UTC microseconds; 0 where absent.
    pub fn received(&self) -> Micros {
        self.received_at.as_ref().map_or(Micros(0), Micros::from_proto)
    }
}
