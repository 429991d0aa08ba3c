//! Where the relay stands: what the topic is known to hold, and what is under way to it.
//!
//! Owns that nothing is passed over: records are on disk before they are sent, and the next ones are taken up in the same write that
//! counts these as acknowledged. Of one customer a change is sent only when the one before is acknowledged, so that their order
//! holds whatever fails on the way.

use std::{collections::BTreeMap, sync::Arc};

use journal::{Journal, NewRecord, Position};
use store::published::{Published, RelayRecord, RelayRow};

use super::{RelayError, RelaySettings, record::record};
use crate::meter;

/// Most changes that are under way at once.
const UNDER_WAY_MAX: usize = 500;
/// Bytes of values after which no more are taken up.
const UNDER_WAY_BYTES_MAX: usize = 4 << 20;

/// The relay's place in the feed, and its topic.
pub struct Standing {
    published: Arc<Published>,
    topic: Arc<dyn Journal>,
    row: RelayRow,
    /// The next offset of each partition, as far as it is known: that of a topic that nobody else writes to.
    next: BTreeMap<u32, u64>,
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Standing after {} of {:?}", self.row.acknowledged, self.topic.topology())
    }
}

impl Standing {
    /// Goes on where the topic ends, or begins with a topic that nobody wrote to. From here on nothing is forgotten before it was
    /// relayed. Blocks.
    ///
    /// # Errors
    /// `OtherFeed`, `Gap`, or one that cannot be read.
    pub fn open(published: Arc<Published>, topic: Arc<dyn Journal>, name: &str) -> Result<Self, RelayError> {
        let topic_id = topic.topology().topic_id;
        let forgotten = published.memberships_told()?.forgotten;
        let row = match published.relay()? {
            Some(row) if row.topic_id == topic_id => row,
            other => {
                if topic.ends()?.iter().any(|end| *end > 0) {
                    return Err(RelayError::OtherFeed { topic: name.to_owned() });
                }
                if other.is_some() {
                    tracing::warn!(
                        topic = name,
                        "another topic than before, or made again: all that is kept is relayed"
                    );
                }
                if forgotten > 0 {
                    tracing::error!(
                        topic = name,
                        forgotten,
                        "the topic begins after changes that are no longer kept: whoever reads it must list the members first"
                    );
                }
                RelayRow { topic_id, acknowledged: forgotten, under_way: Vec::new() }
            }
        };
        let acknowledged = row.acknowledged;
        if acknowledged < forgotten {
            return Err(RelayError::Gap { topic: name.to_owned(), acknowledged, forgotten });
        }
        published.keep_relay(&row)?;
        Ok(Self { published, topic, row, next: BTreeMap::new() })
    }

    /// Sequence number of the last change that the topic is known to hold.
    pub(super) fn acknowledged(&self) -> u64 {
        self.row.acknowledged
    }

    /// Sends what is under way, if need be after taking it up, and takes up what follows. How many changes were acknowledged.
    pub(super) fn step(&mut self, settings: &RelaySettings, goes_on: &dyn Fn() -> bool) -> Result<usize, RelayError> {
        if self.row.under_way.is_empty() {
            let under_way = self.following(self.row.acknowledged, settings)?;
            if under_way.is_empty() {
                return Ok(0);
            }
            self.keep(RelayRow { under_way, ..self.row.clone() })?;
        }
        let sent = self.row.under_way.clone();
        for wave in waves(&sent) {
            if !goes_on() {
                return Ok(0);
            }
            self.send(&wave)?;
        }
        let acknowledged = sent.last().map_or(self.row.acknowledged, |last| last.sequence);
        let under_way = self.following(acknowledged, settings)?;
        self.keep(RelayRow { topic_id: self.row.topic_id.clone(), acknowledged, under_way })?;
        Ok(sent.len())
    }

    /// The records of the changes after a sequence number.
    fn following(&self, after: u64, settings: &RelaySettings) -> Result<Vec<RelayRecord>, RelayError> {
        let changes = self.published.membership_changes(after, UNDER_WAY_MAX)?;
        if changes.first().is_some_and(|(sequence, _)| *sequence != after + 1) {
            return Err(RelayError::Missing { expected: after + 1 });
        }
        let (shown, feed) = ((settings.shown)(&changes)?, self.published.feed());
        let mut bytes = 0;
        let fits = |record: &RelayRecord| {
            let room = bytes < UNDER_WAY_BYTES_MAX;
            bytes += record.value.len();
            room
        };
        Ok(shown.iter().map(|change| record(change, feed, settings.format)).take_while(fits).collect())
    }

    fn keep(&mut self, row: RelayRow) -> Result<(), RelayError> {
        self.published.keep_relay(&row)?;
        self.row = row;
        Ok(())
    }

    fn send(&mut self, wave: &[&RelayRecord]) -> Result<(), RelayError> {
        let partitions = self.topic.topology().partitions;
        let new = |record: &&RelayRecord| {
            NewRecord::placed((record.key.clone(), record.value.clone(), record.headers.clone()), partitions)
        };
        let records = wave.iter().map(new).collect();
        let known = std::mem::take(&mut self.next);
        let positions = journal::wait(self.topic.append(records))?;
        self.next = known;
        let foreign = self.foreign(&positions);
        if foreign > 0 {
            meter::relay_foreign(foreign);
            tracing::error!(
                foreign,
                "somebody else writes to the topic of changes of memberships; let exactly one projector relay to it"
            );
        }
        Ok(())
    }

    /// How many records of others lie between those that were acknowledged before and these.
    fn foreign(&mut self, positions: &[Position]) -> u64 {
        let mut foreign = 0;
        for Position { partition, offset } in positions {
            let expected = self.next.insert(*partition, offset + 1).unwrap_or(*offset);
            foreign += offset.saturating_sub(expected);
        }
        foreign
    }
}

/// What may be sent together: of each customer the first change, then the second of those who have two, and so on.
fn waves(records: &[RelayRecord]) -> Vec<Vec<&RelayRecord>> {
    let (mut waves, mut met) = (Vec::<Vec<&RelayRecord>>::new(), BTreeMap::<&[u8], usize>::new());
    for record in records {
        let at = met.entry(&record.key).or_default();
        match waves.get_mut(*at) {
            Some(wave) => wave.push(record),
            None => waves.push(vec![record]),
        }
        *at += 1;
    }
    waves
}

#[cfg(test)]
mod tests;
