//! The working set of one batch: the rows that its touchpoints touch, read once, changed in memory, written once.
//!
//! Reads inside a batch see the batch's own changes. Nothing here is durable until `commit`.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use profile::{MonthActivity, OrderFacts, Touched, fact::Fact};
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
use types::{ContentHash, CopyKey, FragmentId, HashKey, IdentifierId, OrderKey, TotalOrder, time::Month};

use crate::{
    incoming::Incoming,
    rows::{Loaded, distinct, rows},
    warm::Warm,
};

/// Rows of a batch by key; `None` in a map of rows means "deleted" or "not there".
pub(crate) struct Working<'a> {
    pub(crate) snapshot: &'a Snapshot<'a>,
    pub(crate) hash_key: &'a HashKey,
    pub(crate) copies: Loaded<CopyKey, CopyRow>,
    pub(crate) fragments: BTreeMap<FragmentId, Box<FragmentWork>>,
    pub(crate) timeline: BTreeMap<TimelineKey, Option<Row<'a>>>,
    pub(crate) conflicts: BTreeMap<(CopyKey, ContentHash), Option<Row<'a>>>,
    pub(crate) losers: BTreeSet<(FragmentId, CopyKey, ContentHash)>,
    pub(crate) decisions: BTreeMap<(IdentifierId, ContentHash), Option<TimelineRow>>,
    pub(crate) shards: BTreeMap<u32, ShardRow>,
    /// The place of the touchpoint before, whose memory the next takes over.
    pub(crate) place: Option<TotalOrder>,
}

/// A row that came with the batch, whose envelope lies in the record, or one that the store had.
pub(crate) type Row<'a> = TimelineRow<Cow<'a, [u8]>>;

/// One fragment of a batch.
#[derive(Debug, Default)]
pub(crate) struct FragmentWork {
    /// Whether the store has it.
    pub(crate) existed: bool,
    /// Shard that it belongs to.
    pub(crate) partition: u32,
    /// Identifiers, core record, the first touchpoint that lost.
    pub(crate) row: FragmentRow,
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
    /// Bytes of the rows that were put for it last; `None` if none were since it was read.
    pub(crate) row_bytes: Option<usize>,
    /// What it said about identity before this batch.
    before: (Option<TotalOrder>, bool),
    /// A month as the store has it, which this batch does not touch.
    aside: Option<(Month, MonthActivity)>,
}

impl<'a> Working<'a> {
    /// Reads the rows that the touchpoints touch.
    pub(crate) fn load(
        snapshot: &'a Snapshot<'a>,
        hash_key: &'a HashKey,
        shards: BTreeMap<u32, ShardRow>,
        incoming: &[Incoming],
        warm: &mut Warm,
    ) -> Result<Self, StoreError> {
        let (conflicts, timeline) = (BTreeMap::new(), BTreeMap::new());
        let copies = Loaded::of::<Copies>(snapshot, incoming.iter().map(|one| one.copy))?;
        let fragments = BTreeMap::new();
        let (losers, decisions) = (BTreeSet::new(), BTreeMap::new());
        let mut working =
            Self { snapshot, hash_key, copies, fragments, timeline, conflicts, losers, decisions, shards, place: None };
        working.load_fragments(incoming, warm)?;
        working.load_parts(incoming)?;
        Ok(working)
    }

    fn load_fragments(&mut self, incoming: &[Incoming], warm: &mut Warm) -> Result<(), StoreError> {
        let mut cold = Vec::new();
        for fragment in distinct(incoming.iter().map(|one| one.fragment)) {
            match warm.take(fragment) {
                Some(work) => drop(self.fragments.insert(fragment, work)),
                None => cold.push(fragment),
            }
        }
        for (fragment, row) in rows::<Fragments>(self.snapshot, cold)? {
            self.fragments.insert(fragment, Box::new(FragmentWork::of(row)));
        }
        Ok(())
    }

    fn load_parts(&mut self, incoming: &[Incoming]) -> Result<(), StoreError> {
        let (mut months, mut orders) = (Vec::new(), Vec::new());
        for one in incoming {
            let Some(work) = self.fragments.get_mut(&one.fragment) else { continue };
            work.partition = one.partition;
            if work.row.identifiers.is_empty() {
                work.row.identifiers = one.identifiers(self.hash_key);
            }
            if work.existed {
                if !work.brings(one.touched.month) {
                    months.push((one.fragment, one.touched.month));
                }
                orders.extend(one.touched.order.map(|order| (one.fragment, order)));
            }
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

    /// A touchpoint of a timeline, as of this batch.
    pub(crate) fn timeline_row(&self, key: &TimelineKey) -> Result<Option<Row<'a>>, StoreError> {
        match self.timeline.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => Ok(self.snapshot.get::<Timeline>(key)?.map(held)),
        }
    }

    /// A conflicting touchpoint, as of this batch.
    pub(crate) fn conflict(&self, key: (CopyKey, ContentHash)) -> Result<Option<Row<'a>>, StoreError> {
        match self.conflicts.get(&key) {
            Some(changed) => Ok(changed.clone()),
            None => Ok(self.snapshot.get::<Conflicts>(&key)?.map(held)),
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
        let mut work = Self { existed, row: row.unwrap_or_default(), ..Self::default() };
        work.remember();
        work
    }

    /// As it is after its batch is written, ready for the next one; `None` if there is none or if it was not read as a whole.
    pub(crate) fn written(mut self: Box<Self>) -> Option<Box<Self>> {
        if self.stale || !self.exists() {
            return None;
        }
        (self.existed, self.dirty, self.touch) = (true, false, Touch::default());
        self.aside = self.months.pop_last().or_else(|| self.aside.take());
        self.months.clear();
        self.orders.clear();
        self.remember();
        Some(self)
    }

    /// Whether the row of a month is here; then it is one of those that the batch touches.
    fn brings(&mut self, month: Month) -> bool {
        if let Some((month, activity)) = self.aside.take_if(|(aside, _)| *aside == month) {
            self.months.insert(month, activity);
        }
        self.months.contains_key(&month)
    }

    /// Remembers what it says about identity.
    fn remember(&mut self) {
        let FragmentRow { core, lost, .. } = &self.row;
        let (held, counts) = &mut self.before;
        *counts = core.first.is_some();
        held.clone_from(if *counts { &core.first } else { lost });
    }

    /// The touchpoint that is its evidence about identity, and whether that counts.
    fn evidence(&self) -> (Option<&TotalOrder>, bool) {
        let FragmentRow { core, lost, .. } = &self.row;
        (core.first.as_ref().or(lost.as_ref()), core.first.is_some())
    }

    /// Whether this batch changed what it says about identity.
    pub(crate) fn says_otherwise(&self) -> bool {
        self.evidence() != (self.before.0.as_ref(), self.before.1)
    }

    /// Whether anything is known of its identifiers.
    pub(crate) fn exists(&self) -> bool {
        self.row.core.touchpoints > 0 || self.row.lost.is_some()
    }

    /// One of its touchpoints lost.
    pub(crate) fn lose(&mut self, place: TotalOrder) {
        if self.row.lost.as_ref().is_none_or(|held| place < *held) {
            self.row.lost = Some(place);
            self.dirty = true;
        }
    }

    /// Folds one touchpoint in; a stale fragment will find it in its timeline.
    pub(crate) fn add(&mut self, fact: &Fact<'_>, touched: Touched) {
        if self.stale {
            return;
        }
        let order = touched.order.map(|key| self.orders.entry(key).or_default());
        profile::state::fold(fact, &mut self.row.core, self.months.entry(touched.month).or_default(), order);
        self.dirty = true;
    }
}

impl Incoming {
    /// The touchpoint as the fold sees it.
    pub(crate) fn fact(&self) -> Fact<'_> {
        Fact::new(&self.touchpoint, self.content)
    }

    /// The same in the memory of another's place.
    pub(crate) fn fact_reusing(&self, place: Option<TotalOrder>) -> Fact<'_> {
        match place {
            Some(place) => Fact::reusing(place, &self.touchpoint, self.content),
            None => self.fact(),
        }
    }
}

/// A row of the store among those of a batch.
pub(crate) fn held<'a>(row: TimelineRow) -> Row<'a> {
    let TimelineRow { partition, offset, envelope } = row;
    Row { partition, offset, envelope: Cow::Owned(envelope) }
}
