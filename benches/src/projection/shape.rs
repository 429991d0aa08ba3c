//! What the touchpoints are like to the projector: how many of a batch share a fragment, and how many fragments were there before.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use journal::embedded::EmbeddedJournal;
use prost::Message;
use types::{
    ContentHash, FragmentId, HashKey, Identifier,
    record::{Envelope, Touchpoint},
};

use super::run;
use crate::feed;

/// Records that the primitives are measured over.
const SAMPLE_RECORDS: usize = 65_536;

/// What was seen of the whole journal, and some of its records.
pub(super) struct Shape {
    /// Fragments that a batch touches, by touchpoint.
    pub(super) touched: f64,
    /// Of these, those that an earlier batch wrote, by touchpoint.
    pub(super) known: f64,
    /// Records as the journal gives them.
    pub(super) values: Vec<Vec<u8>>,
    /// The touchpoints of these records, and the fragment of each as a number.
    pub(super) facts: Vec<(Touchpoint, ContentHash, usize)>,
}

/// Reads the whole journal once.
pub(super) fn of(journal: &EmbeddedJournal) -> Result<Shape> {
    let (key, mut seen) = (feed::hash_key(), BTreeSet::new());
    let (mut records, mut touched, mut known) = (0_u64, 0_u64, 0_u64);
    let (mut values, mut outcome) = (Vec::new(), Ok(()));
    run::batches(journal, |batch| {
        records += batch.len() as u64;
        match batch.iter().map(|record| decoded(&record.value, &key)).collect::<Result<BTreeSet<_>>>() {
            Ok(fragments) => {
                touched += fragments.len() as u64;
                known += fragments.intersection(&seen).count() as u64;
                seen.extend(fragments);
            }
            Err(error) => outcome = Err(error),
        }
        let room = SAMPLE_RECORDS.saturating_sub(values.len());
        values.extend(batch.into_iter().take(room).map(|record| record.value));
    })?;
    outcome?;
    let facts = facts(&values, &key)?;
    Ok(Shape { touched: touched as f64 / records as f64, known: known as f64 / records as f64, values, facts })
}

fn decoded(value: &[u8], key: &HashKey) -> Result<FragmentId> {
    let envelope = Envelope::decode(value)?;
    Ok(fragment(&Touchpoint::decode(envelope.payload.as_slice())?, key))
}

/// The fragment of a touchpoint: the hash of its identifiers' hashes in their order.
pub(super) fn fragment(touchpoint: &Touchpoint, key: &HashKey) -> FragmentId {
    let mut ids: Vec<_> =
        touchpoint.identifiers.iter().map(|message| key.identifier_id(&Identifier::from(message))).collect();
    ids.sort_unstable();
    ids.dedup();
    key.fragment_id(&ids)
}

fn facts(values: &[Vec<u8>], key: &HashKey) -> Result<Vec<(Touchpoint, ContentHash, usize)>> {
    let fragments: Vec<FragmentId> = values.iter().map(|value| decoded(value, key)).collect::<Result<_>>()?;
    let distinct: Vec<FragmentId> = BTreeSet::from_iter(fragments.iter().copied()).into_iter().collect();
    let fact = |(value, fragment): (&Vec<u8>, &FragmentId)| {
        let envelope = Envelope::decode(value.as_slice())?;
        let number = distinct.binary_search(fragment).ok().context("a fragment of these")?;
        Ok((Touchpoint::decode(envelope.payload.as_slice())?, key.content_hash(&envelope.payload), number))
    };
    values.iter().zip(&fragments).map(fact).collect()
}
