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
        let (source, message_id) = (touchpoint.source.clone(), touchpoint.message_id.clone());
        let place = TotalOrder { occurred_at: touchpoint.occurred(), source, message_id, content };
        Self { touchpoint, kind: Kind::of_name(&touchpoint.kind), place }
    }

    /// The same in the memory of a place that nobody needs any more.
    pub fn reusing(mut place: TotalOrder, touchpoint: &'a Touchpoint, content: ContentHash) -> Self {
        (place.occurred_at, place.content) = (touchpoint.occurred(), content);
        place.source.clone_from(&touchpoint.source);
        place.message_id.clone_from(&touchpoint.message_id);
        Self { touchpoint, kind: Kind::of_name(&touchpoint.kind), place }
    }
}
