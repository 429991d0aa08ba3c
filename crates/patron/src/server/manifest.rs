//! The journal's manifest on a cluster: which topic, how many partitions, which hash key, which normal
//! form of identifiers. Processes without a state of their own
//! find by it that the journal is another one, or that they would write to it with another key.
//!
//! The first manifest on `definitions` counts for ever, and for the normal form the first that names one: a journal that is older
//! than normal forms gets a second manifest. Whoever comes later compares.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use journal::{Journal, NewRecord, PollLimits, Position, Topology};
use prost::Message as _;
use types::{
    HashKey, Normaliser,
    normal_form::NORMALISER_VERSION,
    record::{Envelope, FORMAT_VERSION, JournalManifest, PayloadType},
};

use super::normal_form;

#[cfg(test)]
mod tests;

const LIMITS: PollLimits = PollLimits { records_max: 100, bytes_max: 8 << 20 };
const PATIENCE: Duration = Duration::from_secs(20);

/// Compares with the manifest that is there; writes one where there is none. Blocks.
///
/// # Errors
/// What differs, with the remedy.
pub(super) fn hold(
    definitions: &dyn Journal,
    topology: &Topology,
    hash_key: &HashKey,
    normaliser: &Normaliser,
) -> anyhow::Result<()> {
    if agrees(definitions, topology, hash_key, normaliser)? {
        return Ok(());
    }
    journal::wait(definitions.append(vec![record(&manifest(topology, hash_key, normaliser))]))?;
    // Another process may have been quicker: what lies first counts.
    let there = agrees(definitions, topology, hash_key, normaliser)?;
    there.then_some(()).context("the manifest just written to `definitions` is not there")
}

/// Compares with the manifest that is there; false where there is none yet, or none that names
/// the normal form. Blocks.
///
/// # Errors
/// What differs, with the remedy.
pub(crate) fn agrees(
    definitions: &dyn Journal,
    topology: &Topology,
    hash_key: &HashKey,
    normaliser: &Normaliser,
) -> anyhow::Result<bool> {
    let held = manifests(definitions)?;
    let Some(first) = held.first() else { return Ok(false) };
    let wanted = manifest(topology, hash_key, normaliser);
    compare(first, &wanted)?;
    let Some(held) = held.iter().find(|manifest| manifest.normaliser_version > 0) else { return Ok(false) };
    let said = (held.normaliser_version, held.phone_region.as_str());
    normal_form::compare(said, &wanted.phone_region, "kafka.topic_prefix").context("the journal on the cluster")?;
    Ok(true)
}

fn manifest(topology: &Topology, hash_key: &HashKey, normaliser: &Normaliser) -> JournalManifest {
    JournalManifest {
        topic_id: topology.topic_id.clone(),
        partitions: topology.partitions,
        hash_key_fingerprint: hash_key.fingerprint(),
        phone_region: normaliser.phone_region.code(),
        normaliser_version: NORMALISER_VERSION,
    }
}

/// The manifests of the topic, the first one first.
fn manifests(definitions: &dyn Journal) -> anyhow::Result<Vec<JournalManifest>> {
    let (start, end) = (only(definitions.starts()?), only(definitions.ends()?));
    let mut reader = definitions.reader(vec![Position { partition: 0, offset: start }])?;
    let (mut next, mut held, mut until) = (start, Vec::new(), Instant::now() + PATIENCE);
    while next < end {
        let records = reader.poll(LIMITS, Duration::from_millis(500))?;
        if records.is_empty() && Instant::now() > until {
            bail!("the topic `definitions` cannot be read: nothing came for {} s", PATIENCE.as_secs());
        }
        for record in records {
            next = record.position.offset + 1;
            until = Instant::now() + PATIENCE;
            held.extend(manifest_in(&record.value));
        }
    }
    Ok(held)
}

fn only(offsets: Vec<u64>) -> u64 {
    offsets.first().copied().unwrap_or_default()
}

fn manifest_in(value: &[u8]) -> Option<JournalManifest> {
    let envelope = Envelope::decode(value).ok()?;
    let is_manifest = envelope.payload_type() == PayloadType::JournalManifest;
    is_manifest.then(|| JournalManifest::decode(envelope.payload.as_slice()).ok()).flatten()
}

fn record(manifest: &JournalManifest) -> NewRecord {
    let envelope = Envelope {
        format_version: FORMAT_VERSION,
        source: "patron".to_owned(),
        payload_type: PayloadType::JournalManifest.into(),
        payload: manifest.encode_to_vec(),
        ..Envelope::default()
    };
    NewRecord { partition: 0, key: b"journal".to_vec(), value: envelope.encode_to_vec(), headers: Vec::new() }
}

fn compare(held: &JournalManifest, wanted: &JournalManifest) -> anyhow::Result<()> {
    if held.hash_key_fingerprint != wanted.hash_key_fingerprint {
        bail!(
            "the journal was written with the hash key of fingerprint {}, but this is {}; set hash_key to the value that it was \
             written with, or choose another kafka.topic_prefix",
            held.hash_key_fingerprint,
            wanted.hash_key_fingerprint
        );
    }
    if held.partitions != wanted.partitions {
        bail!(
            "the journal was made with {} partitions, but `touchpoints` has {} now: keys would move; publish its records anew \
             into topics of the wanted number of partitions, with another kafka.topic_prefix",
            held.partitions,
            wanted.partitions
        );
    }
    if held.topic_id != wanted.topic_id {
        bail!(
            "the topic `touchpoints` was deleted and made again: its id was {}, now {}; restore it, or delete the topic \
             `definitions` too and start with an empty data_dir if its records are to be forgotten",
            held.topic_id,
            wanted.topic_id
        );
    }
    Ok(())
}
