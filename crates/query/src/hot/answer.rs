//! One answer as it is kept, and whether it may be given again.
//!
//! All of it lies in one piece: what is asked for rarely is in no cache of the processor, and each piece would be waited for.

use prost::Message;
use proto::customer::Customer;
use store::{
    Store,
    changes::{Stamp, Subject},
};
use triomphe::ThinArc;
use types::IdentifierId;

use crate::customer_service::Sought;

/// What is given again.
#[derive(Clone, Debug)]
pub(crate) struct Answer(
    /// Whom it depends on and, behind them, the encoded customer.
    ThinArc<Head, u8>,
);

#[derive(Debug)]
struct Head {
    /// Taken before the snapshot that it was worked out from.
    stamp: Stamp,
    /// The other id under which it was looked for as well.
    before: Option<IdentifierId>,
    /// On how many it depends.
    subjects: usize,
    /// Whether there is a customer.
    found: bool,
}

impl Answer {
    /// What was found of somebody: an answer that depends on these, from a snapshot taken after the stamp.
    pub(crate) fn new(stamp: Stamp, sought: &Sought, subjects: &[Subject], customer: Option<&Customer>) -> Self {
        let customer_bytes = customer.map_or(0, Message::encoded_len);
        let mut bytes = Vec::with_capacity(size_of_val(subjects) + customer_bytes);
        bytes.extend_from_slice(subjects.as_flattened());
        if let Some(customer) = customer {
            customer.encode(&mut bytes).expect("bytes that grow have room");
        }
        let found = customer.is_some();
        // Whoever is found by the first id is not looked for by the other one, and then no answer depends on it.
        let before = sought.before.filter(|before| !found || subjects.contains(&before.0));
        let head = Head { stamp, before, subjects: subjects.len(), found };
        Self(ThinArc::from_header_and_slice(head, &bytes))
    }

    /// An encoded customer; `None` if nobody holds the identifier.
    pub(crate) fn customer(&self) -> Option<&[u8]> {
        let Head { subjects, found, .. } = *self.head();
        self.0.slice.get(subjects * size_of::<Subject>()..).filter(|_| found)
    }

    /// Whether a snapshot taken before this call, and after the answer was got, gives the same.
    pub(crate) fn holds(&self, store: &Store) -> bool {
        store.unchanged(self.head().stamp, self.subjects())
    }

    /// Whether it answers somebody of the same first id: whoever was found by that alone answers whatever else was asked for.
    pub(super) fn is_of(&self, sought: &Sought) -> bool {
        let Head { before, found, .. } = *self.head();
        before == sought.before || (found && before.is_none())
    }

    /// Bytes of the customer and of whom it depends on.
    pub(super) fn bytes(&self) -> usize {
        self.0.slice.len()
    }

    /// On whom it depends.
    pub(super) fn subjects(&self) -> impl Iterator<Item = &Subject> {
        let (subjects, _) = self.0.slice.as_chunks();
        subjects.iter().take(self.head().subjects)
    }

    fn head(&self) -> &Head {
        &self.0.header.header
    }
}
