//! One run: all records read and nothing else, folded into a live generation, loaded all together into another beside it, as
//! `patron rebuild` does it, and folded one batch after the other into a state of its own by one thread.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use journal::PollLimits;
use journal::{Journal as _, embedded::EmbeddedJournal};
use patron::config::{ProjectorConfig, RebuildConfig, StoreConfig};
use projector::{Generations, GenerationsSettings, ProjectorSettings, replay};
use proto::admin::Rebuild;
use store::{BlockCache, Store, StoreSettings};
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
    let equal = generations.compare(0, &AtomicBool::new(false))?;
    ensure!(equal.digests.iter().all(|part| part.live == part.other), "the digests differ: {:?}", equal.digests);
    generations.stop();
    let (began, before) = (Instant::now(), threads::process_nanos());
    one_after_the_other(journal, &data.join("again"))?;
    let (again, again_cpu) = (records / began.elapsed().as_secs_f64(), threads::process_nanos() - before);
    for (name, value) in [
        ("journal read alone, records/s", read),
        ("folded live, records/s", live),
        ("folded live: processor, whole process, µs a record", live_cpu / records / 1e3),
        ("**rebuilt beside it: loaded all together, records/s**", rebuilt),
        ("rebuilt: processor, whole process, µs a record", rebuilt_cpu / records / 1e3),
        ("folded again one batch after the other, records/s", again),
        ("folded again: processor, whole process, µs a record", again_cpu / records / 1e3),
        ("**rebuilt ÷ folded live**", rebuilt / live),
        ("rebuilt ÷ folded again", rebuilt / again),
        ("journal read ÷ rebuilt", read / rebuilt),
    ] {
        series.note(name, value);
    }
    Ok(())
}

/// Generations as the server opens them.
fn open(journal: &Arc<EmbeddedJournal>, data: &Path) -> Result<Generations> {
    let StoreConfig { cache_bytes, write_buffer_bytes, sync } = StoreConfig::default();
    let cache = BlockCache::new(cache_bytes);
    let ProjectorConfig { batch_records_max, batch_bytes_max, warm_bytes } = ProjectorConfig::default();
    let settings = GenerationsSettings {
        data_dir: data.to_owned(),
        manifest: run::manifest(journal),
        cache,
        write_buffer_bytes,
        sync,
        rebuild_memory_bytes: RebuildConfig::default().memory_bytes,
        projector: ProjectorSettings { hash_key: feed::hash_key(), batch_records_max, batch_bytes_max, warm_bytes },
        clock: || Micros(1),
    };
    Ok(Generations::open(settings, run::journals(journal))?)
}

/// Everything into a state within the rebuild's memory and without waiting for the disk.
fn one_after_the_other(journal: &Arc<EmbeddedJournal>, dir: &Path) -> Result<()> {
    let half = RebuildConfig::default().memory_bytes / 2;
    let (dir, cache) = (dir.to_owned(), BlockCache::new(half));
    let settings = StoreSettings { dir, cache, write_buffer_bytes: half, sync: false };
    let store = Store::open(&settings, &run::manifest(journal))?;
    let ProjectorConfig { batch_records_max, batch_bytes_max, .. } = ProjectorConfig::default();
    let limits = PollLimits { records_max: batch_records_max, bytes_max: batch_bytes_max };
    let until = (0..).zip(journal.ends()?).collect();
    Ok(replay::replay(&store, journal.as_ref(), &feed::hash_key(), limits, &until, &mut |_| true)?)
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
