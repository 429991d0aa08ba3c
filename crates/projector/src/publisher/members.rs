//! Telling memberships: who entered and left which segment between what was told last and now.
//!
//! Three things make it look at a customer: something touched it, a deadline of it has come, or everybody is looked at, because
//! segments, cuts of the population or the generation changed. `segment::advance` says what follows; here it is only found out
//! whom to ask, and kept. Never early: an instant of the clock that is told never goes back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use definition::Kind;
use segment::{Clock, Finding, Segments, advance, clock::Shard, schema::schema};
use store::{
    CustomerRows, Resolved, Snapshot, StoreError,
    published::{
        Cause, Published,
        memberships::{MembershipCause, MembershipChange, MembershipRow, MembershipsTold, Rewritten},
    },
    subjects,
};
use tokio::sync::watch;
use types::{Catalogue, ExactSum, HashKey, IdentifierId, Micros};

use super::Ended;
use crate::Served;

const DAY: i64 = 86_400_000_000;

/// How memberships are told.
pub struct MembersSettings {
    /// Key of all derived hashes.
    pub hash_key: HashKey,
    /// Kinds of touchpoints that expressions may name.
    pub kinds: Catalogue,
    /// The clock of windows.
    pub clock: Clock,
    /// What time it is.
    pub wall: fn() -> Micros,
    /// The journal's ends, for a clock that follows the touchpoints.
    pub ends: Box<dyn Fn() -> Option<Vec<u64>> + Send>,
    /// Most changes that are kept; 0 keeps all.
    pub changes_max: u64,
    /// Most customers of one write.
    pub piece_max: usize,
}

impl std::fmt::Debug for MembersSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("MembersSettings").field("clock", &self.clock).field("piece_max", &self.piece_max).finish()
    }
}

/// Tells memberships; the only writer of what is published of them.
#[derive(Debug)]
pub struct Members {
    published: Arc<Published>,
    settings: MembersSettings,
    told: MembershipsTold,
    sender: watch::Sender<u64>,
    segments: Segments,
    /// Whether any segment needs single touchpoints.
    touchpoints: bool,
}

/// A customer to look at, and why.
pub(super) type Asked = (IdentifierId, MembershipCause);

/// What a piece comes to.
#[derive(Default)]
struct Piece {
    rows: BTreeMap<IdentifierId, Rewritten>,
    changes: Vec<MembershipChange>,
}

impl Members {
    /// Goes on where what is published ends.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn new(published: Arc<Published>, settings: MembersSettings) -> Result<Self, StoreError> {
        let told = published.memberships_told()?;
        let (sender, _) = watch::channel(told.last);
        Ok(Self { published, settings, told, sender, segments: Segments::default(), touchpoints: false })
    }

    /// Sequence number of the last change that was told, 0 if there is none; changes once more is on disk.
    pub fn last(&self) -> watch::Receiver<u64> {
        self.sender.subscribe()
    }

    /// Tells what time, new segments, new cuts or another generation have changed, piece by piece while `goes_on`.
    ///
    /// # Errors
    /// Why it ended early; the next round goes on.
    pub(super) fn round(&mut self, live: &Served, goes_on: &dyn Fn() -> bool) -> Result<(), Ended> {
        let snapshot = live.store.snapshot();
        let now = self.now(&snapshot)?;
        let current = self.compile(&snapshot)?;
        let cause = if self.told.generation != Some(live.number) {
            Some(MembershipCause::Evidence(Cause::Rebuild))
        } else if self.told.segments != current {
            Some(MembershipCause::Definition)
        } else if self.cuts_are_old(now) {
            Some(MembershipCause::Time)
        } else {
            None
        };
        if let Some(cause) = cause {
            self.sweep(live, &snapshot, now, cause, goes_on)?;
            (self.told.generation, self.told.segments) = (Some(live.number), current);
            self.keep(Piece::default(), now)?;
        }
        self.tell_due(live, &snapshot, now, goes_on)
    }

    /// Looks at customers that were touched, before what touched them is forgotten. `identifiers` are all of theirs: what was
    /// told of one that is no customer's own id any more has been left.
    pub(super) fn touched(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        customers: &BTreeMap<IdentifierId, Cause>,
        identifiers: &[IdentifierId],
    ) -> Result<(), StoreError> {
        if self.told.generation != Some(live.number) {
            // Everybody is looked at once this generation's first round comes.
            return Ok(());
        }
        let now = self.now(snapshot)?;
        let former: Vec<IdentifierId> = identifiers.iter().filter(|id| !customers.contains_key(id)).copied().collect();
        let held = self.published.memberships(&former)?;
        let known = former.into_iter().zip(held).filter_map(|(id, row)| row.map(|_| id));
        let last = customers.values().last().copied().unwrap_or(Cause::Rebuild);
        let mut asked: Vec<Asked> = known.map(|id| (id, MembershipCause::Evidence(last))).collect();
        asked.extend(customers.iter().map(|(id, cause)| (*id, MembershipCause::Evidence(*cause))));
        self.tell(live, snapshot, &asked, now)
    }

    fn now(&mut self, snapshot: &Snapshot<'_>) -> Result<Micros, StoreError> {
        let ends = if self.settings.clock == Clock::Watermark { (self.settings.ends)() } else { None };
        let end = |partition: u32| ends.as_ref()?.get(usize::try_from(partition).ok()?).copied();
        let shards: Vec<Shard> = snapshot
            .shards()?
            .into_iter()
            .map(|(partition, row)| Shard {
                lags: end(partition).is_some_and(|end| row.applied < end),
                newest: row.newest_occurred_at,
            })
            .collect();
        let now = self.settings.clock.now((self.settings.wall)(), &shards);
        self.told.instant = self.told.instant.max(now);
        Ok(self.told.instant)
    }

    /// Compiles the segments as they are defined now; their fingerprint.
    fn compile(&mut self, snapshot: &Snapshot<'_>) -> Result<String, StoreError> {
        let catalogue = store::definition::catalogue(snapshot, &[Kind::Segment])?;
        let definitions = segment::check::definitions(&catalogue);
        let current = fingerprint(&definitions, &self.settings.hash_key);
        if self.told.segments != current || self.segments.iter().next().is_none() != definitions.is_empty() {
            let (compiled, findings) = Segments::compile_what_can_be(&definitions, &schema(&self.settings.kinds, []));
            for Finding { name, error } in findings {
                tracing::warn!(segment = name, %error, "a segment cannot be evaluated and is left out");
            }
            self.segments = compiled.with_cuts(self.told.cuts.clone());
            self.touchpoints = self.segments.iter().any(|(_, _, program)| program.needs.touchpoints);
        }
        Ok(current)
    }

    fn cuts_are_old(&self, now: Micros) -> bool {
        let cut = self.segments.iter().any(|(_, _, program)| !program.needs.quantiles.is_empty());
        cut && self.told.cut_day != now.0.div_euclid(DAY)
    }

    /// Looks at everybody.
    fn sweep(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        now: Micros,
        cause: MembershipCause,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<(), Ended> {
        self.cut(live, snapshot, now)?;
        let hash_key = self.settings.hash_key.clone();
        let rows = CustomerRows::new(snapshot, &live.rules, &hash_key);
        let (mut piece, mut met) = (Vec::new(), BTreeSet::new());
        rows.for_each(|resolved| {
            met.insert(resolved.identity.id);
            piece.push(resolved);
            if piece.len() >= self.settings.piece_max {
                self.tell_resolved(live, snapshot, &std::mem::take(&mut piece), now, cause)?;
            }
            if goes_on() { Ok(()) } else { Err(Ended::Over) }
        })?;
        self.tell_resolved(live, snapshot, &piece, now, cause)?;
        let mut after = None;
        loop {
            let told = self.published.members_after(after, self.settings.piece_max)?;
            let Some(last) = told.last().copied() else { return Ok(()) };
            after = Some(last);
            let former = told.into_iter().filter(|id| !met.contains(id)).map(|id| (id, cause));
            self.tell(live, snapshot, &former.collect::<Vec<_>>(), now)?;
        }
    }

    /// Measures the population as of the beginning of the day.
    fn cut(&mut self, live: &Served, snapshot: &Snapshot<'_>, now: Micros) -> Result<(), StoreError> {
        let day = now.0.div_euclid(DAY);
        let at = Micros(day * DAY);
        let hash_key = self.settings.hash_key.clone();
        let mut cuts: BTreeMap<String, ExactSum> = BTreeMap::new();
        let all = self.segments.iter().flat_map(|(_, _, program)| program.needs.quantiles.iter().cloned());
        let quantiles: BTreeMap<String, expr::Quantile> = all.map(|quantile| (quantile.key(), quantile)).collect();
        for (key, quantile) in quantiles {
            let rows = CustomerRows::new(snapshot, &live.rules, &hash_key);
            let mut values = Vec::new();
            rows.for_each(|resolved| {
                if resolved.identity.is_known() {
                    let touchpoints = quantile.measure.needs.touchpoints;
                    let subject = subjects::subject(snapshot, &rows, &hash_key, &resolved, touchpoints, at)?;
                    values.extend(expr::number(&quantile.measure, &subject.customer, &self.segments, at));
                }
                Ok::<(), StoreError>(())
            })?;
            cuts.extend(segment::cuts::cut(values, quantile.part).map(|cut| (key, cut)));
        }
        (self.told.cut_day, self.told.cuts) = (day, cuts.clone());
        self.segments = self.segments.with_cuts(cuts);
        Ok(())
    }

    fn tell_due(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        now: Micros,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<(), Ended> {
        loop {
            let due = self.published.due(now, self.settings.piece_max)?;
            if due.is_empty() {
                return Ok(());
            }
            let asked: Vec<Asked> = due.into_iter().map(|(_, id)| (id, MembershipCause::Time)).collect();
            self.tell(live, snapshot, &asked, now)?;
            if !goes_on() {
                return Err(Ended::Over);
            }
        }
    }

    /// Looks at customers by their ids. One that is nobody's id any more has left all.
    fn tell(&mut self, live: &Served, snapshot: &Snapshot<'_>, asked: &[Asked], now: Micros) -> Result<(), StoreError> {
        if asked.is_empty() {
            return Ok(());
        }
        let hash_key = self.settings.hash_key.clone();
        let rows = CustomerRows::new(snapshot, &live.rules, &hash_key);
        let ids: Vec<IdentifierId> = asked.iter().map(|(id, _)| *id).collect();
        let held = self.published.memberships(&ids)?;
        let mut piece = Piece::default();
        for ((id, cause), before) in asked.iter().zip(held) {
            let found = rows.find(*id)?.filter(|resolved| resolved.identity.id == *id);
            self.look(&mut piece, (live, snapshot, &rows), (*id, found.as_ref()), before, (now, *cause))?;
        }
        self.keep(piece, now)
    }

    fn tell_resolved(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        resolved: &[Resolved],
        now: Micros,
        cause: MembershipCause,
    ) -> Result<(), StoreError> {
        let hash_key = self.settings.hash_key.clone();
        let rows = CustomerRows::new(snapshot, &live.rules, &hash_key);
        let ids: Vec<IdentifierId> = resolved.iter().map(|resolved| resolved.identity.id).collect();
        let held = self.published.memberships(&ids)?;
        let mut piece = Piece::default();
        for (resolved, before) in resolved.iter().zip(held) {
            let id = resolved.identity.id;
            self.look(&mut piece, (live, snapshot, &rows), (id, Some(resolved)), before, (now, cause))?;
        }
        self.keep(piece, now)
    }

    /// What follows for one customer. Those known by a receipt alone are in no segment.
    fn look(
        &self,
        piece: &mut Piece,
        (live, snapshot, rows): (&Served, &Snapshot<'_>, &CustomerRows<'_>),
        (id, resolved): (IdentifierId, Option<&Resolved>),
        before: Option<MembershipRow>,
        (now, cause): (Micros, MembershipCause),
    ) -> Result<(), StoreError> {
        let told = before.as_ref().map(MembershipRow::told).unwrap_or_default();
        let (changes, after) = match resolved.filter(|resolved| resolved.identity.is_known()) {
            Some(resolved) => {
                let from = told.until.unwrap_or(now);
                let hash_key = &self.settings.hash_key;
                let subject = subjects::subject(snapshot, rows, hash_key, resolved, self.touchpoints, from)?;
                let advance = advance(&self.segments, &subject.customer, &told, now);
                let row = MembershipRow::of(&advance.told, advance.next);
                (advance.changes, Some(row).filter(|row| worth_keeping(row, before.as_ref())))
            }
            None => (advance::gone(&told, now), None),
        };
        let applied = snapshot.shards()?.into_iter().map(|(partition, row)| (partition, row.applied));
        let applied: BTreeMap<u32, u64> = if changes.is_empty() { BTreeMap::new() } else { applied.collect() };
        let observed_at = (self.settings.wall)();
        piece.changes.extend(changes.into_iter().map(|change| MembershipChange {
            customer: id,
            segment: change.segment,
            version: change.version,
            entered: change.entered,
            effective_at: change.effective_at,
            correction: change.correction,
            cause,
            generation: live.number,
            observed_at,
            applied: applied.clone(),
        }));
        if before != after {
            piece.rows.insert(id, (before, after));
        }
        Ok(())
    }

    /// On disk, after the state that it follows from.
    fn keep(&mut self, piece: Piece, now: Micros) -> Result<(), StoreError> {
        self.told.instant = self.told.instant.max(now);
        let told = self.told.clone();
        self.told = self.published.tell_memberships(told, &piece.rows, &piece.changes, self.settings.changes_max)?;
        let last = self.told.last;
        self.sender.send_if_modified(|held| std::mem::replace(held, last) != last);
        Ok(())
    }
}

/// A customer in no segment whom time alone brings into none needs no row.
fn worth_keeping(row: &MembershipRow, before: Option<&MembershipRow>) -> bool {
    before.is_some() || !row.segments.is_empty() || row.next.is_some()
}

fn fingerprint(definitions: &[segment::Definition], hash_key: &HashKey) -> String {
    let text = definitions.iter().map(|one| format!("{} {} {}\n", one.name, one.version, one.expression));
    let hash = hash_key.content_hash(text.collect::<String>().as_bytes());
    IdentifierId::from_hash(hash.0).to_string()
}
