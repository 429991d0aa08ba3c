//! One round of telling: everything that was touched since the last one, or, where another generation is served, everybody.
//!
//! Owns that nothing is told from a state that knows less than what was told already, that memberships are told before the identity
//! that they follow from, and that an outbox row goes only after what came of it is on disk. What is told is bounded piece by piece, whatever there is.

use std::{collections::BTreeMap, sync::Arc};

use store::{
    Batch, CustomerRows, Snapshot, StoreError,
    customers::Part,
    family::{Family as _, Touched, touched::Touch},
    published::{Cause, IdentityChange, Published, Told},
    snapshot::Range,
};
use types::{HashKey, IdentifierId, Micros};

use super::{
    members::Members,
    piece::{Difference, Piece, Source},
};
use crate::{Served, meter};

/// Most outbox rows of a piece, and customers of a piece where all are compared, unless told otherwise. Of somebody who came often
/// since the last round all is told at once where the pieces are large: what was before is folded for it only once.
pub const PIECE_MAX: usize = 32_768;

/// How it tells.
#[derive(Clone, Debug)]
pub struct TellerSettings {
    /// Key of all derived hashes.
    pub hash_key: HashKey,
    /// Most changes that are kept; 0 keeps all.
    pub changes_max: u64,
    /// Most outbox rows of a piece, and customers of a piece where all are compared; at least 1.
    pub piece_max: usize,
    /// What time it is.
    pub clock: fn() -> Micros,
}

/// Tells; the only writer of what is published.
#[derive(Debug)]
pub struct Teller {
    published: Arc<Published>,
    settings: TellerSettings,
    told: Told,
    /// Tells memberships of those who are found to be touched.
    members: Option<Members>,
    /// The generation whose outbox is read, and the key from which on: what lies before it was deleted.
    from: (u32, Vec<u8>),
    /// Whether memberships may have been told of a state whose identities were not: a round ended early, in this process or one before.
    resumes: bool,
}

/// Why a round ended early.
#[derive(Debug)]
pub enum Ended {
    /// It was told to, or another generation is served.
    Over,
    /// The state could not be read, or what is published not written.
    Failed(StoreError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

type Applied = BTreeMap<u32, u64>;

impl Teller {
    /// Goes on where what is published ends.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn new(published: Arc<Published>, settings: TellerSettings) -> Result<Self, StoreError> {
        let told = published.told()?;
        Ok(Self { published, settings, told, members: None, from: (0, Vec::new()), resumes: true })
    }

    /// The same, telling memberships too.
    #[must_use]
    pub fn with_members(self, members: Members) -> Self {
        Self { members: Some(members), ..self }
    }

    /// Sequence number of the last change that was told; 0 if there is none.
    pub fn last(&self) -> u64 {
        self.told.last
    }

    /// Tells what there is to tell of the live generation, piece by piece while `goes_on`, and calls `heard` with the last
    /// sequence number after each. Whether the next round need not wait.
    ///
    /// # Errors
    /// Why it ended early; the next round goes on.
    pub fn round(&mut self, live: &Served, goes_on: &dyn Fn() -> bool, heard: &dyn Fn(u64)) -> Result<bool, Ended> {
        self.tell_identity(live, goes_on, heard)?;
        match &mut self.members {
            // Of a state that knows less than what was told nothing is told.
            Some(members) if self.told.generation == Some(live.number) => members.round(live, goes_on),
            _ => Ok(false),
        }
    }

    fn tell_identity(&mut self, live: &Served, goes_on: &dyn Fn() -> bool, heard: &dyn Fn(u64)) -> Result<(), Ended> {
        if self.from.0 != live.number {
            self.from = (live.number, Vec::new());
        }
        let caught_up = covers(&live.progress.borrow().applied, &self.told.seen);
        if self.told.generation == Some(live.number) && caught_up {
            return self.tell_touched(live, goes_on, heard);
        }
        self.owe_all()?;
        if caught_up && live.touching.is_heard() {
            return self.tell_all(live, goes_on, heard);
        }
        // What it has folded until it is as far as what was told is compared then.
        self.drop_touched(live, &live.store.snapshot(), goes_on)
    }

    /// Keeps, before anything of the outbox is dropped, that everybody is to be compared.
    fn owe_all(&mut self) -> Result<(), StoreError> {
        if self.told.generation.take().is_some() {
            self.told = self.published.tell(self.told.clone(), &BTreeMap::new(), &[], self.settings.changes_max)?;
        }
        Ok(())
    }

    fn tell_touched(&mut self, live: &Served, goes_on: &dyn Fn() -> bool, heard: &dyn Fn(u64)) -> Result<(), Ended> {
        if covers(&self.told.covered, &live.progress.borrow().applied) {
            self.resumes = false;
            return Ok(());
        }
        let snapshot = live.store.snapshot();
        if let Some(members) = &mut self.members
            && !members.is_current(live, &snapshot)?
        {
            return Ok(());
        }
        let applied = applied(&snapshot)?;
        let range = Range { from: self.from.1.clone(), ..Range::all() };
        let mut rows = snapshot.scan::<Touched>(&range);
        let resumes = std::mem::replace(&mut self.resumes, true);
        loop {
            let keyed: Vec<((u64, IdentifierId), Touch)> =
                rows.by_ref().take(self.settings.piece_max).collect::<Result<_, _>>()?;
            let (Some((first, _)), Some((last, _))) = (keyed.first(), keyed.last()) else { break };
            let mut touches: BTreeMap<IdentifierId, Touch> = BTreeMap::new();
            for ((_, identifier), touch) in &keyed {
                let held = touches.entry(*identifier).or_default();
                *held = held.and(*touch);
            }
            let source = self.source(live, &snapshot);
            let piece = source.touched(&touches)?;
            let difference = source.difference(&piece, None)?;
            // Memberships first: what was told of identity says whom they concern, after a kill between the two as well.
            if let Some(members) = &mut self.members {
                live.store.settle()?;
                let mut others = difference.others.clone();
                if resumes {
                    others.extend(piece.all());
                }
                let concerned = Source::concerned(&piece, &touches, &others);
                members.touched(live, &snapshot, &concerned, &piece.identifiers())?;
            }
            self.tell(live, difference, &applied, heard)?;
            self.forget(live, *first, *last)?;
            if !goes_on() {
                return Err(Ended::Over);
            }
        }
        self.resumes = false;
        self.told.covered.clone_from(&applied);
        self.told.seen = applied;
        Ok(self.published.note(&self.told)?)
    }

    fn tell_all(&mut self, live: &Served, goes_on: &dyn Fn() -> bool, heard: &dyn Fn(u64)) -> Result<(), Ended> {
        let snapshot = live.store.snapshot();
        let applied = applied(&snapshot)?;
        let hash_key = self.settings.hash_key.clone();
        let rows = CustomerRows::new(&snapshot, &live.rules, &hash_key);
        tracing::info!(generation = live.number, "all customers are compared with what was told");
        let mut piece = Piece::default();
        let flush = |this: &mut Self, piece: Piece| {
            let difference = this.source(live, &snapshot).difference(&piece, Some(Cause::Rebuild))?;
            this.tell(live, difference, &applied, heard)
        };
        rows.for_each_component(&Part::all(), |component, resolution| {
            piece.add(component, resolution, Touch::default());
            if piece.len() >= self.settings.piece_max {
                flush(self, std::mem::take(&mut piece))?;
            }
            if goes_on() { Ok(()) } else { Err(Ended::Over) }
        })?;
        flush(self, piece)?;
        (self.told.generation, self.told.covered, self.told.seen) = (Some(live.number), applied.clone(), applied);
        self.told = self.published.tell(self.told.clone(), &BTreeMap::new(), &[], self.settings.changes_max)?;
        self.drop_touched(live, &snapshot, goes_on)
    }

    /// Drops what is owed as of a snapshot, without telling it: everybody was compared then, or will be later.
    fn drop_touched(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<(), Ended> {
        let range = Range { from: self.from.1.clone(), ..Range::all() };
        let mut rows = snapshot.scan::<Touched>(&range);
        loop {
            let keys: Vec<(u64, IdentifierId)> = rows
                .by_ref()
                .take(self.settings.piece_max)
                .map(|row| row.map(|(key, _)| key))
                .collect::<Result<_, _>>()?;
            let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(()) };
            self.forget(live, *first, *last)?;
            if !goes_on() {
                return Err(Ended::Over);
            }
        }
    }

    fn source<'a>(&'a self, live: &'a Served, snapshot: &'a Snapshot<'a>) -> Source<'a> {
        Source { snapshot, rules: &live.rules, hash_key: &self.settings.hash_key, published: &self.published }
    }

    /// On disk before anybody hears of it, and the state that it follows from before that.
    fn tell(
        &mut self,
        live: &Served,
        difference: Difference,
        applied: &Applied,
        heard: &dyn Fn(u64),
    ) -> Result<(), StoreError> {
        let Difference { moves, holders, .. } = difference;
        if holders.is_empty() {
            return Ok(());
        }
        live.store.settle()?;
        let observed_at = (self.settings.clock)();
        let change = |(one, cause): (super::moves::Move, Cause)| IdentityChange {
            kind: one.kind,
            from: one.from,
            to: one.to,
            identifiers: one.identifiers,
            cause,
            generation: live.number,
            observed_at,
            applied: applied.clone(),
        };
        let changes: Vec<IdentityChange> = moves.into_iter().map(change).collect();
        let told = Told { seen: applied.clone(), ..self.told.clone() };
        self.told = self.published.tell(told, &holders, &changes, self.settings.changes_max)?;
        meter::told(changes.len());
        heard(self.told.last);
        Ok(())
    }

    /// Deletes the outbox rows between two keys that were read one after the other: what touches the same identifiers later has later
    /// ones, and nothing is ever put between two that are there.
    fn forget(
        &mut self,
        live: &Served,
        first: (u64, IdentifierId),
        last: (u64, IdentifierId),
    ) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.delete_range::<Touched>(&first, &last);
        live.store.write_unsynced(batch)?;
        self.from.1 = Touched::encode_key(&last);
        Ok(())
    }
}

fn applied(snapshot: &Snapshot<'_>) -> Result<Applied, StoreError> {
    Ok(snapshot.shards()?.into_iter().map(|(partition, row)| (partition, row.applied)).collect())
}

/// Whether a state has folded all that another has.
fn covers(applied: &Applied, other: &Applied) -> bool {
    other.iter().all(|(partition, next)| applied.get(partition).copied().unwrap_or_default() >= *next)
}
