//! Whom a batch touched: the rows of the outbox that go with its write, for the publisher.
//!
//! Owns when a generation writes them: only the one that is served is published. One beside it writes none; all of it is compared
//! with what was told once it is served.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use segment::Facets;
use store::{
    Batch,
    family::{
        Touched,
        touched::{Touch, Toucher},
    },
};
use types::{IdentifierId, Micros};

use crate::working::{FragmentWork, Working};

/// What touched each identifier of a batch, and the batch's place among all of its state.
pub(crate) struct Touches {
    /// Sum of the applied offsets after the batch: each batch moves one of them.
    sequence: u64,
    touched: BTreeMap<IdentifierId, Touch>,
}

impl Touches {
    /// Of a working set whose stale fragments are folded anew.
    pub(crate) fn of(working: &Working<'_>) -> Self {
        let sequence = working.shards.values().map(|shard| shard.applied).sum();
        let mut touches = Self { sequence, touched: BTreeMap::new() };
        for work in working.fragments.values().filter(|work| work.dirty) {
            let touch = touch_of(work);
            work.row.identifiers.iter().for_each(|held| touches.add(working.hash_key.identifier_id(held), touch));
        }
        for ((identifier, _), row) in &working.decisions {
            if let Some(row) = row {
                let (offset, partition) = (row.offset, row.partition);
                let by = Toucher { evidence: true, decision: true, offset, partition };
                touches.add(*identifier, Touch { by, facets: Facets::ALL, since: Micros(i64::MIN) });
            }
        }
        touches
    }

    fn add(&mut self, identifier: IdentifierId, touch: Touch) {
        let held = self.touched.entry(identifier).or_default();
        *held = held.and(touch);
    }

    pub(crate) fn put(&self, batch: &mut Batch) {
        self.touched.iter().for_each(|(identifier, touch)| batch.put::<Touched>(&(self.sequence, *identifier), touch));
    }
}

fn touch_of(work: &FragmentWork) -> Touch {
    Touch { by: Toucher { evidence: work.says_otherwise(), ..work.touch.by }, ..work.touch }
}

/// Whether a projector writes whom it touches, and whether it has heard so.
#[derive(Debug)]
pub struct Touching {
    wanted: AtomicBool,
    heard: AtomicBool,
}

impl Touching {
    /// From the first batch on, or not.
    pub(crate) fn new(wanted: bool) -> Self {
        Self { wanted: AtomicBool::new(wanted), heard: AtomicBool::new(wanted) }
    }

    /// From the next batch on.
    pub(crate) fn set(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::SeqCst);
    }

    /// Whether every write that a snapshot taken from now on lacks comes with whom it touched.
    pub fn is_heard(&self) -> bool {
        self.wanted.load(Ordering::SeqCst) && self.heard.load(Ordering::SeqCst)
    }

    /// Asked by the projector's thread when no write is under way.
    pub(crate) fn hear(&self) -> bool {
        let wanted = self.wanted.load(Ordering::SeqCst);
        self.heard.store(wanted, Ordering::SeqCst);
        wanted
    }
}
