//! The journal's manifest on a cluster: which topic, how many partitions, which hash key. Processes without a state of their own
//! find by it that the journal is another one, or that they would write to it with another key.
//!
//! The first manifest on `definitions` counts for ever; whoever comes second compares.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use journal::{Journal, NewRecord, PollLimits, Position, Topology};
use prost::Message as _;
use types::{
    HashKey,
    record::{Envelope, FORMAT_VERSION, JournalManifest, PayloadType},
};

const LIMITS: PollLimits = PollLimits { records_max: 100, bytes_max: 8 << 20 };
const PATIENCE: Duration = Duration::from_secs(20);

/// Compares with the manifest that is there; writes one where there is none. Blocks.
///
/// # Errors
/// What differs, with the remedy.
pub(super) fn hold(definitions: &dyn Journal, topology: &Topology, hash_key: &HashKey) -> anyhow::Result<()> {
    if agrees(definitions, topology, hash_key)? {
        return Ok(());
    }
    journal::wait(definitions.append(vec![record(&manifest(topology, hash_key))]))?;
    // Another process may have been quicker: what lies first counts.
    let there = agrees(definitions, topology, hash_key)?;
    there.then_some(()).context("the manifest just written to `definitions` is not there")
}

/// Compares with the manifest that is there; false where there is none yet. Blocks.
///
/// # Errors
/// What differs, with the remedy.
pub(crate) fn agrees(definitions: &dyn Journal, topology: &Topology, hash_key: &HashKey) -> anyhow::Result<bool> {
    match first(definitions)? {
        Some(held) => compare(&held, &manifest(topology, hash_key)).map(|()| true),
        None => Ok(false),
    }
}

fn manifest(topology: &Topology, hash_key: &HashKey) -> JournalManifest {
    JournalManifest {
        topic_id: topology.topic_id.clone(),
        partitions: topology.partitions,
        hash_key_fingerprint: hash_key.fingerprint(),
    }
}

/// The first manifest of the topic.
fn first(definitions: &dyn Journal) -> anyhow::Result<Option<JournalManifest>> {
    let (start, end) = (only(definitions.starts()?), only(definitions.ends()?));
    let mut reader = definitions.reader(vec![Position { partition: 0, offset: start }])?;
    let (mut next, until) = (start, Instant::now() + PATIENCE);
    while next < end {
        let records = reader.poll(LIMITS, Duration::from_millis(500))?;
        if records.is_empty() && Instant::now() > until {
            bail!("the topic `definitions` cannot be read: nothing came for {} s", PATIENCE.as_secs());
        }
        for record in records {
            next = record.position.offset + 1;
            if let Some(manifest) = manifest_in(&record.value) {
                return Ok(Some(manifest));
            }
        }
    }
    Ok(None)
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
