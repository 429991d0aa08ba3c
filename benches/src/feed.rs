//! What the larger programs are fed with: the generator's touchpoints, the journal records that ingest makes of them, and a
//! journal that holds them.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use ingest::{BlockedValues, admit, envelope};
use journal::{
    Journal, NewRecord,
    embedded::{EmbeddedConfig, EmbeddedJournal},
};
use patron::generate::{Generator, Settings};
use tokio::runtime::Runtime;
use types::{Catalogue, HashKey, Micros, Normaliser, record::Touchpoint};

/// Partitions, as configured unless told otherwise.
pub const PARTITIONS: u32 = 4;

/// Records appended together.
const APPEND_RECORDS: usize = 4_096;
/// Microseconds between a touchpoint and its receipt.
const DELAY_MICROS: i64 = 1_500_000;

/// Three months from 2026-03-01 on.
///
/// # Errors
/// The generator's, in words.
pub fn generator(seed: u64, touchpoints: u64, customers: u64, uniform: bool) -> Result<Generator> {
    let start = Micros::parse_rfc3339("2026-03-01T00:00:00Z").map_err(anyhow::Error::msg)?;
    let settings = Settings { seed, customers, touchpoints, start, days: 92, uniform };
    Generator::new(settings).map_err(anyhow::Error::msg)
}

/// The key from which all ids come.
pub fn hash_key() -> HashKey {
    HashKey::derive("benches")
}

/// A new journal that holds all of these, each admitted and sealed as ingest does it.
///
/// # Errors
/// A touchpoint that ingest would reject, or the journal's.
pub fn journal_of(
    touchpoints: impl IntoIterator<Item = Touchpoint>,
    dir: &Path,
    runtime: &Runtime,
) -> Result<Arc<EmbeddedJournal>> {
    std::fs::create_dir_all(dir)?;
    let journal = Arc::new(EmbeddedJournal::open(EmbeddedConfig::new(dir.to_owned(), PARTITIONS))?);
    append(touchpoints, &journal, runtime)?;
    Ok(journal)
}

/// Appends these to a journal, each admitted and sealed as ingest does it.
///
/// # Errors
/// A touchpoint that ingest would reject, or the journal's.
pub fn append(
    touchpoints: impl IntoIterator<Item = Touchpoint>,
    journal: &EmbeddedJournal,
    runtime: &Runtime,
) -> Result<()> {
    let (catalogue, blocked, key) = (Catalogue::default(), BlockedValues::standard(), hash_key());
    let mut records = Vec::with_capacity(APPEND_RECORDS);
    for touchpoint in touchpoints {
        records.push(sealed(touchpoint, &catalogue, &blocked, &key)?);
        if records.len() == APPEND_RECORDS {
            runtime.block_on(journal.append(std::mem::take(&mut records)))?;
        }
    }
    if !records.is_empty() {
        runtime.block_on(journal.append(records))?;
    }
    Ok(())
}

fn sealed(touchpoint: Touchpoint, catalogue: &Catalogue, blocked: &BlockedValues, key: &HashKey) -> Result<NewRecord> {
    let received_at = Micros(touchpoint.occurred().0 + DELAY_MICROS);
    let admitted = admit(touchpoint, received_at, catalogue, blocked, &Normaliser::default());
    let admitted = admitted.ok().context("ingest takes all that the generator makes")?;
    Ok(envelope::new_record(&admitted.touchpoint, received_at, key, PARTITIONS))
}

/// Bytes of all files below a folder.
///
/// # Errors
/// The file system's.
pub fn bytes_below(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let held = entry.metadata()?;
        bytes += if held.is_dir() { bytes_below(&entry.path())? } else { held.len() };
    }
    Ok(bytes)
}
