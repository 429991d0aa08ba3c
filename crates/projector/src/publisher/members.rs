//! Telling memberships: who entered and left which segment between what was told last and now.
//!
//! Three things make it look at a customer: something touched it, a deadline of it has come, or everybody is looked at, because
//! segments, cuts of the population or the generation changed. `segment::advance` says what follows; here it is only found out
//! whom to ask, and kept. Never early: an instant of the clock that is told never goes back.

use std::{collections::BTreeMap, sync::Arc};

use definition::Kind;
use expr::Zone;
use segment::{Clock, Finding, Segments, advance::Happened, clock::Shard, schema::schema};
use store::{
    Snapshot, StoreError,
    published::{
        Cause, Published,
        memberships::{Deadline, MembershipCause, MembershipsTold, Sweep},
        told_segments::ToldSegments,
    },
};
use tokio::sync::watch;
use types::{Catalogue, HashKey, IdentifierId, Micros};

use self::{
    ahead::Ahead,
    look::{Look, Piece, Who},
};
use super::{Ended, piece::Concern};
use crate::Served;

mod ahead;
mod due;
mod look;
mod sweep;

/// How memberships are told.
pub struct MembersSettings {
    /// Key of all derived hashes.
    pub hash_key: HashKey,
    /// Kinds of touchpoints that expressions may name.
    pub kinds: Catalogue,
    /// The clock of windows.
    pub clock: Clock,
    /// The zone of the calendar.
    pub zone: Zone,
    /// What time it is.
    pub wall: fn() -> Micros,
    /// The journal's ends, for a clock that follows the touchpoints.
    pub ends: Box<dyn Fn() -> Option<Vec<u64>> + Send + Sync>,
    /// Most changes that are kept; 0 keeps all.
    pub changes_max: u64,
    /// Most customers of one write.
    pub piece_max: usize,
}

/// Most customers of one write unless told otherwise: with thousands of segments each has a row of many kilobytes.
pub const MEMBERS_PIECE_MAX: usize = 2_048;

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
    /// The instant that was read of the clock last; it never goes back.
    instant: Micros,
    /// Deadlines up to this one have been told.
    due_after: Option<Deadline>,
    ahead: Ahead,
    sender: watch::Sender<u64>,
    segments: Segments,
    /// Numbers of the segments, and the versions that everybody was told.
    numbers: ToldSegments,
    /// Fingerprint of the segments.
    current: String,
    /// Generation and offset of the definitions that they were compiled from.
    compiled: Option<(u32, u64)>,
    sweeps: watch::Sender<Option<Sweep>>,
}

/// A customer to look at, why, and what happened to it.
#[derive(Clone, Copy)]
struct Asked {
    id: IdentifierId,
    cause: MembershipCause,
    happened: Happened,
    /// Whether it may be nobody's id any more.
    may_be_nobody: bool,
}

impl Asked {
    /// One whose deadline has come.
    fn due(id: IdentifierId) -> Self {
        Self { id, cause: MembershipCause::Time, happened: Happened::NOTHING, may_be_nobody: true }
    }
}

impl Members {
    /// Goes on where what is published ends.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn new(published: Arc<Published>, settings: MembersSettings) -> Result<Self, StoreError> {
        let told = published.memberships_told()?;
        let numbers = published.told_segments()?;
        let (instant, due_after) = (told.instant, None);
        let (sender, _) = watch::channel(told.last);
        let (sweeps, _) = watch::channel(None);
        let (segments, current) = (Segments::default(), String::new());
        Ok(Self {
            published,
            settings,
            told,
            instant,
            due_after,
            ahead: Ahead::default(),
            sender,
            segments,
            numbers,
            current,
            compiled: None,
            sweeps,
        })
    }

    /// How far the look at everybody is that goes on; `None` while none does.
    pub fn sweeps(&self) -> watch::Receiver<Option<Sweep>> {
        self.sweeps.subscribe()
    }

    /// Sequence number of the last change that was told, 0 if there is none; changes once more is on disk.
    pub fn last(&self) -> watch::Receiver<u64> {
        self.sender.subscribe()
    }

    /// Tells what time, new segments, new cuts or another generation have changed, piece by piece while `goes_on`; whether there is
    /// more to find out about what lies ahead.
    ///
    /// # Errors
    /// Why it ended early; the next round goes on.
    pub(super) fn round(&mut self, live: &Served, goes_on: &dyn Fn() -> bool) -> Result<bool, Ended> {
        let snapshot = live.store.snapshot();
        let now = self.now(&snapshot)?;
        self.compile(live, &snapshot)?;
        if let Some(cause) = self.why_everybody(live, now) {
            self.sweep(live, &snapshot, now, cause, goes_on)?;
            self.numbers = self.published.tell_versions(&self.numbers, &self.versions())?;
            (self.told.generation, self.told.segments) = (Some(live.number), self.current.clone());
            self.told.ground = self.ground();
            self.keep(Piece::default())?;
        }
        self.tell_due(live, &snapshot, now, goes_on)?;
        Ok(self.look_ahead(live, &snapshot, now)?)
    }

    /// Whether everybody was told of the segments that a snapshot has. Where not, everybody has to be looked at first: of a few
    /// segments, so that what touched a customer must not be forgotten until all others have been asked about it.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn is_current(&mut self, live: &Served, snapshot: &Snapshot<'_>) -> Result<bool, StoreError> {
        self.compile(live, snapshot)?;
        let told = &self.told;
        Ok(told.generation == Some(live.number) && told.segments == self.current && told.ground == self.ground())
    }

    /// Looks at customers that were touched, before what touched them is forgotten and while the segments are current. `identifiers` are all of theirs: what was
    /// told of one that is no customer's own id any more has been left.
    pub(super) fn touched(
        &mut self,
        live: &Served,
        snapshot: &Snapshot<'_>,
        customers: &BTreeMap<IdentifierId, Concern>,
        identifiers: &[IdentifierId],
    ) -> Result<(), StoreError> {
        let now = self.now(snapshot)?;
        let former: Vec<IdentifierId> = identifiers.iter().filter(|id| !customers.contains_key(id)).copied().collect();
        let held = self.published.memberships(&former)?;
        let known = former.into_iter().zip(held).filter_map(|(id, row)| row.map(|_| id));
        let last = customers.values().last().map_or(Cause::Rebuild, Concern::cause);
        let former = |id| Asked {
            id,
            cause: MembershipCause::Evidence(last),
            happened: Happened::ANYTHING,
            may_be_nobody: true,
        };
        let mut asked: Vec<Asked> = known.map(former).collect();
        asked.extend(customers.iter().map(|(id, concern)| self.asked(*id, concern)));
        self.tell(live, snapshot, &asked, now)
    }

    fn asked(&self, id: IdentifierId, concern: &Concern) -> Asked {
        let touch = concern.touch;
        let happened = if concern.identity {
            Happened::ANYTHING
        } else {
            Happened::touchpoints(&self.segments, touch.facets, touch.since)
        };
        Asked { id, cause: MembershipCause::Evidence(concern.cause()), happened, may_be_nobody: concern.identity }
    }

    /// The instant of the clock; never before one that was told.
    fn now(&mut self, snapshot: &Snapshot<'_>) -> Result<Micros, StoreError> {
        let ends = if self.settings.clock == Clock::Watermark { (self.settings.ends)() } else { None };
        let end = |partition: u32| ends.as_ref()?.get(usize::try_from(partition).ok()?).copied();
        let shards = snapshot.shards()?.into_iter().map(|(partition, row)| Shard {
            lags: end(partition).is_some_and(|end| row.applied < end),
            newest: row.newest_occurred_at,
        });
        let shards: Vec<Shard> = shards.collect();
        let now = self.settings.clock.now((self.settings.wall)(), &shards);
        self.instant = self.instant.max(now);
        Ok(self.instant)
    }

    /// Compiles the segments as they are defined now, if anything was defined since.
    fn compile(&mut self, live: &Served, snapshot: &Snapshot<'_>) -> Result<(), StoreError> {
        let defined = Some((live.number, store::definition::progress(snapshot)?.applied));
        if self.compiled == defined {
            return Ok(());
        }
        let catalogue = store::definition::catalogue(snapshot, &[Kind::Segment])?;
        let definitions = segment::check::definitions(&catalogue);
        let (segments, findings) = Segments::compile_what_can_be(&definitions, &schema(&self.settings.kinds, []));
        for Finding { name, error } in findings {
            tracing::warn!(segment = name, %error, "a segment cannot be evaluated and is left out");
        }
        self.current = fingerprint(&definitions, &self.settings.hash_key);
        let names: Vec<String> = segments.iter().map(|(name, _, _)| name.to_owned()).collect();
        self.numbers = self.published.number_segments(&self.numbers, names)?;
        let segments = segments.numbered(|name| self.numbers.ordinal(name));
        self.segments = segments.with_cuts(self.told.cut_values()).in_zone(self.settings.zone.clone());
        self.compiled = defined;
        Ok(())
    }

    /// What all segments stand on.
    fn ground(&self) -> String {
        format!("{} {} {}", self.settings.zone, expr::zone::edition(), segment::groups::GROUPING)
    }

    fn versions(&self) -> BTreeMap<String, u32> {
        self.segments.iter().map(|(name, version, _)| (name.to_owned(), version)).collect()
    }

    /// Why everybody has to be looked at; `None` if not.
    fn why_everybody(&self, live: &Served, now: Micros) -> Option<MembershipCause> {
        let cut = self.segments.iter().any(|(_, _, program)| !program.needs.quantiles.is_empty());
        if self.told.generation != Some(live.number) {
            Some(MembershipCause::Evidence(Cause::Rebuild))
        } else if self.told.segments != self.current || self.told.ground != self.ground() {
            Some(MembershipCause::Definition)
        } else {
            (cut && self.told.cut_day != self.settings.zone.start_of_day(now).0).then_some(MembershipCause::Time)
        }
    }

    /// Looks at customers, on all processors, and tells what follows.
    fn tell(&mut self, live: &Served, snapshot: &Snapshot<'_>, asked: &[Asked], now: Micros) -> Result<(), StoreError> {
        for asked in asked.chunks(self.settings.piece_max) {
            let pieces = due::shared(asked, |share| self.look(live, snapshot, share, now))?;
            self.keep(pieces.into_iter().fold(Piece::default(), Piece::and))?;
        }
        Ok(())
    }

    /// Looks at customers by their ids. One that is nobody's id any more has left all.
    fn look(&self, live: &Served, snapshot: &Snapshot<'_>, asked: &[Asked], now: Micros) -> Result<Piece, StoreError> {
        let ids: Vec<IdentifierId> = asked.iter().map(|one| one.id).collect();
        let held = self.published.memberships(&ids)?;
        let mut look = Look::new(self, live, snapshot, now)?;
        for (one, before) in asked.iter().zip(held) {
            look.at(one, Who::Sought, before)?;
        }
        Ok(look.piece)
    }

    /// On disk, after the state that it follows from.
    fn keep(&mut self, piece: Piece) -> Result<(), StoreError> {
        let told = self.write(&piece, self.told.instant)?;
        self.wrote(told, &piece);
        Ok(())
    }

    /// Puts a piece on disk, with which all is told that was due up to an instant.
    fn write(&self, piece: &Piece, until: Micros) -> Result<MembershipsTold, StoreError> {
        let told = MembershipsTold { instant: until, ..self.told.clone() };
        self.published.tell_memberships(told, &piece.rows, &piece.changes, self.settings.changes_max)
    }

    /// A piece is on disk: watchers hear of it.
    fn wrote(&mut self, told: MembershipsTold, piece: &Piece) {
        for (customer, rewritten) in &piece.rows {
            self.ahead.rewritten(*customer, rewritten.row.as_ref());
        }
        self.told = told;
        let last = self.told.last;
        self.sender.send_if_modified(|held| std::mem::replace(held, last) != last);
    }
}

fn fingerprint(definitions: &[segment::Definition], hash_key: &HashKey) -> String {
    let text = definitions.iter().map(|one| format!("{} {} {}\n", one.name, one.version, one.expression));
    let hash = hash_key.content_hash(text.collect::<String>().as_bytes());
    IdentifierId::from_hash(hash.0).to_string()
}
