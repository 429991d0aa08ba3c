//! A touchpoint as the fold sees it: its content, its kind and its place in the total order.

use types::{ContentHash, Kind, TotalOrder, record::Touchpoint};

/// One touchpoint ready to be folded.
#[derive(Clone, Debug)]
pub struct Fact<'a> {
    /// The touchpoint, normalised by ingest.
    pub touchpoint: &'a Touchpoint,
    /// Its built-in kind; `None` for custom kinds.
    pub kind: Option<Kind>,
    /// Its place in the total order.
    pub place: TotalOrder,
}

impl<'a> Fact<'a> {
    /// A fact of a touchpoint with the hash of its content.
    pub fn new(touchpoint: &'a Touchpoint, content: ContentHash) -> Self {
        let place = TotalOrder {
            occurred_at: touchpoint.occurred(),
            source: touchpoint.source.clone(),
            message_id: touchpoint.message_id.clone(),
            content,
        };
        Self { touchpoint, kind: Kind::of_name(&touchpoint.kind), place }
    }
}
