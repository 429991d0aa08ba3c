//! One run: all records read and nothing else, folded into a live generation, and folded into another beside it, as `patron rebuild`
//! does it.

use std::{
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use journal::{Journal as _, embedded::EmbeddedJournal};
use patron::config::{ProjectorConfig, RebuildConfig, StoreConfig};
use projector::{Generations, GenerationsSettings, ProjectorSettings};
use proto::admin::Rebuild;
use types::Micros;

use crate::{feed, projection::run, series::Series, threads};

/// Between two looks at how far a generation is.
const LOOK: Duration = Duration::from_millis(5);
const FOLD_WAIT: Duration = Duration::from_secs(3_600);

pub(super) fn once(journal: &Arc<EmbeddedJournal>, data: &Path, series: &mut Series) -> Result<()> {
    let records = journal.ends()?.iter().sum::<u64>() as f64;
    let began = Instant::now();
    run::batches(journal, drop)?;
    let read = records / began.elapsed().as_secs_f64();
    let (began, before) = (Instant::now(), threads::process_nanos());
    let generations = open(journal, data)?;
    until(&generations, |rebuild| rebuild.live.as_ref().map(|live| live.lag))?;
    let (live, live_cpu) = (records / began.elapsed().as_secs_f64(), threads::process_nanos() - before);
    let (began, before) = (Instant::now(), threads::process_nanos());
    generations.start(None)?;
    until(&generations, |rebuild| rebuild.building.as_ref().map(|building| building.lag))?;
    let (rebuilt, rebuilt_cpu) = (records / began.elapsed().as_secs_f64(), threads::process_nanos() - before);
    generations.stop();
    for (name, value) in [
        ("journal read alone, records/s", read),
        ("folded live, records/s", live),
        ("folded live: processor, whole process, µs a record", live_cpu / records / 1e3),
        ("**rebuilt beside it, records/s**", rebuilt),
        ("rebuilt: processor, whole process, µs a record", rebuilt_cpu / records / 1e3),
        ("rebuilt ÷ folded live", rebuilt / live),
        ("journal read ÷ rebuilt", read / rebuilt),
    ] {
        series.note(name, value);
    }
    Ok(())
}

/// Generations as the server opens them.
fn open(journal: &Arc<EmbeddedJournal>, data: &Path) -> Result<Generations> {
    let StoreConfig { cache_bytes, write_buffer_bytes, sync } = StoreConfig::default();
    let ProjectorConfig { batch_records_max, batch_bytes_max } = ProjectorConfig::default();
    let settings = GenerationsSettings {
        data_dir: data.to_owned(),
        manifest: run::manifest(journal),
        cache_bytes,
        write_buffer_bytes,
        sync,
        rebuild_memory_bytes: RebuildConfig::default().memory_bytes,
        projector: ProjectorSettings { hash_key: feed::hash_key(), batch_records_max, batch_bytes_max },
        clock: || Micros(1),
    };
    Ok(Generations::open(settings, run::journals(journal))?)
}

/// Waits until a generation lags no more.
fn until(generations: &Generations, lag: impl Fn(&Rebuild) -> Option<u64>) -> Result<()> {
    let end = Instant::now() + FOLD_WAIT;
    while lag(&generations.overview()) != Some(0) {
        ensure!(Instant::now() < end, "not folded within {FOLD_WAIT:?}");
        thread::park_timeout(LOOK);
    }
    Ok(())
}
