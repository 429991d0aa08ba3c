//! The working set of one batch: the rows that its touchpoints touch, read once, changed in memory, written once.
//!
//! Reads inside a batch see the batch's own changes. Nothing here is durable until `commit`.

use std::collections::{BTreeMap, BTreeSet};

use profile::{Core, MonthActivity, OrderFacts, Touched, fact::Fact};
use store::{
    Snapshot, StoreError,
    family::{
        Conflicts, Copies, Fragments, Months, Orders, Timeline,
        copies::CopyRow,
        fragments::FragmentRow,
        shards::ShardRow,
        timeline::{TimelineKey, TimelineRow},
        touched::Touch,
    },
};
use types::{ContentHash, CopyKey, FragmentId, HashKey, Identifier, IdentifierId, OrderKey, TotalOrder, time::Month};

use crate::incoming::Incoming;

/// Rows of a batch by key; `None` in a map of rows means "deleted" or "not there".
pub(crate) struct Working<'a> {
    pub(crate) snapshot: &'a Snapshot<'a>,
    pub(crate) hash_key: &'a HashKey,
    pub(crate) copies: BTreeMap<CopyKey, Option<CopyRow>>,
    pub(crate) fragments: BTreeMap<FragmentId, FragmentWork>,
    pub(crate) timeline: BTreeMap<TimelineKey, Option<TimelineRow>>,
    pub(crate) conflicts: BTreeMap<(CopyKey, ContentHash), Option<TimelineRow>>,
    pub(crate) losers: BTreeSet<(FragmentId, CopyKey, ContentHash)>,
    pub(crate) decisions: BTreeMap<(IdentifierId, ContentHash), Option<TimelineRow>>,
    pub(crate) shards: BTreeMap<u32, ShardRow>,
}

/// One fragment of a batch.
#[derive(Debug, Default)]
pub(crate) struct FragmentWork {
    /// Whether the store has it.
    pub(crate) existed: bool,
    /// Shard that it belongs to.
    pub(crate) partition: u32,
    /// Identifiers, in the order of their ids.
    pub(crate) identifiers: Vec<Identifier>,
    /// The core record.
    pub(crate) core: Core,
    /// The first of its touchpoints that lost.
    pub(crate) lost: Option<TotalOrder>,
    /// Months that this batch touches; all of them once folded anew.
    pub(crate) months: BTreeMap<Month, MonthActivity>,
    /// Orders that this batch touches; all of them once folded anew.
    pub(crate) orders: BTreeMap<OrderKey, OrderFacts>,
    /// Whether one of its touchpoints ceased to count: it is folded anew, once, when the batch is committed.
    pub(crate) stale: bool,
    /// Whether anything changed.
    pub(crate) dirty: bool,
    /// What changed it.
    pub(crate) touch: Touch,
    /// What it said about identity before this batch.
    before: (Option<TotalOrder>, bool),
}

impl<'a> Working<'a> {
    /// Reads the rows that the touchpoints touch.
    pub(crate) fn load(
        snapshot: &'a Snapshot<'a>,
        hash_key: &'a HashKey,
        shards: BTreeMap<u32, ShardRow>,
        incoming: &[Incoming],
    ) -> Result<Self, StoreError> {
        let (conflicts, timeline) = (BTreeMap::new(), BTreeMap::new());
        let copies = rows::<Copies>(snapshot, incoming.iter().map(|one| one.copy))?.collect();
        let fragments = BTreeMap::new();
        let (losers, decisions) = (BTreeSet::new(), BTreeMap::new());
        let mut working =
            Self { snapshot, hash_key, copies, fragments, timeline, conflicts, losers, decisions, shards };
        working.load_fragments(incoming)?;
        working.load_parts(incoming)?;
        Ok(working)
    }

    fn load_fragments(&mut self, incoming: &[Incoming]) -> Result<(), StoreError> {
        for (fragment, row) in rows::<Fragments>(self.snapshot, incoming.iter().map(|one| one.fragment))? {
            self.fragments.insert(fragment, FragmentWork::of(row));
        }
        for one in incoming {
            if let Some(work) = self.fragments.get_mut(&one.fragment) {
                work.partition = one.partition;
                if work.identifiers.is_empty() {
                    work.identifiers.clone_from(&one.identifiers);
                }
            }
        }
        Ok(())
    }

    fn load_parts(&mut self, incoming: &[Incoming]) -> Result<(), StoreError> {
        let (mut months, mut orders) = (BTreeSet::new(), BTreeSet::new());
        for one in incoming.iter().filter(|one| self.exists(one.fragment)) {
            let touched = Touched::by(&one.fact(), self.hash_key);
            months.insert((one.fragment, touched.month));
            orders.extend(touched.order.map(|order| (one.fragment, order)));
        }
        for ((fragment, month), row) in rows::<Months>(self.snapshot, months)? {
            if let (Some(work), Some(row)) = (self.fragments.get_mut(&fragment), row) {
                work.months.insert(month, row);
            }
        }
        for ((fragment, order), row) in rows::<Orders>(self.snapshot, orders)? {
            if let (Some(work), Some(row)) = (self.fragments.get_mut(&fragment), row) {
                work.orders.insert(order, row);
            }
        }
        Ok(())
    }

    fn exists(&self, fragment: FragmentId) -> bool {
        self.fragments.get(&fragment).is_some_and(|work| work.existed)
    }

    /// A touchpoint of a timeline, as of this batch.
    pub(crate) fn timeline_row(&self, key: &TimelineKey) -> Result<Option<TimelineRow>, StoreError> {
        match self.timeline.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => self.snapshot.get::<Timeline>(key),
        }
    }

    /// A conflicting touchpoint, as of this batch.
    pub(crate) fn conflict(&self, key: (CopyKey, ContentHash)) -> Result<Option<TimelineRow>, StoreError> {
        match self.conflicts.get(&key) {
            Some(changed) => Ok(changed.clone()),
            None => self.snapshot.get::<Conflicts>(&key),
        }
    }

    /// The counters of a shard.
    pub(crate) fn shard(&mut self, partition: u32) -> &mut ShardRow {
        self.shards.entry(partition).or_default()
    }
}

impl FragmentWork {
    /// Of a row of the store.
    pub(crate) fn of(row: Option<FragmentRow>) -> Self {
        let existed = row.is_some();
        let FragmentRow { identifiers, core, lost } = row.unwrap_or_default();
        let mut work = Self { existed, identifiers, core, lost, ..Self::default() };
        let (first, counts) = work.evidence();
        work.before = (first.cloned(), counts);
        work
    }

    /// The touchpoint that is its evidence about identity, and whether that counts.
    fn evidence(&self) -> (Option<&TotalOrder>, bool) {
        (self.core.first.as_ref().or(self.lost.as_ref()), self.core.first.is_some())
    }

    /// Whether this batch changed what it says about identity.
    pub(crate) fn says_otherwise(&self) -> bool {
        self.evidence() != (self.before.0.as_ref(), self.before.1)
    }

    /// Whether anything is known of its identifiers.
    pub(crate) fn exists(&self) -> bool {
        self.core.touchpoints > 0 || self.lost.is_some()
    }

    /// One of its touchpoints lost.
    pub(crate) fn lose(&mut self, place: TotalOrder) {
        if self.lost.as_ref().is_none_or(|held| place < *held) {
            self.lost = Some(place);
            self.dirty = true;
        }
    }

    /// Folds one touchpoint in; a stale fragment will find it in its timeline.
    pub(crate) fn add(&mut self, fact: &Fact<'_>, hash_key: &HashKey) {
        if self.stale {
            return;
        }
        let touched = Touched::by(fact, hash_key);
        let order = touched.order.map(|key| self.orders.entry(key).or_default());
        profile::state::fold(fact, &mut self.core, self.months.entry(touched.month).or_default(), order);
        self.dirty = true;
    }
}

impl Incoming {
    /// The touchpoint as the fold sees it.
    pub(crate) fn fact(&self) -> Fact<'_> {
        Fact::new(&self.touchpoint, self.content)
    }
}

/// Rows of distinct keys.
fn rows<F: store::family::Family>(
    snapshot: &Snapshot<'_>,
    keys: impl IntoIterator<Item = F::Key>,
) -> Result<impl Iterator<Item = (F::Key, Option<F::Value>)>, StoreError>
where
    F::Key: Ord,
{
    let distinct: BTreeSet<F::Key> = keys.into_iter().collect();
    let keys: Vec<F::Key> = distinct.into_iter().collect();
    let rows = snapshot.multi_get::<F>(&keys)?;
    Ok(keys.into_iter().zip(rows))
}
