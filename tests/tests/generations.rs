//! Generations beside each other over one journal: what is no touchpoint is kept once among the dead letters.
#![cfg(test)]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use journal::{Journal, NewRecord, memory::MemoryJournal};
use projector::{Generations, GenerationsSettings, Journals};
use tests::{
    pipeline::{journals, manifest, projector_settings, record},
    process::wait_a_little,
    touchpoints::touchpoint,
};
use types::Micros;

fn open(data_dir: &Path, journal: &Arc<dyn Journal>, letters: &Arc<dyn Journal>) -> Generations {
    let settings = GenerationsSettings {
        data_dir: data_dir.to_owned(),
        manifest: manifest(journal.as_ref()),
        cache: store::BlockCache::new(8 << 20),
        write_buffer_bytes: 8 << 20,
        sync: false,
        rebuild_memory_bytes: 8 << 20,
        projector: projector_settings(7),
        clock: || Micros(1),
    };
    Generations::open(settings, Journals { dead_letters: Arc::clone(letters), ..journals(journal) }).unwrap()
}

/// Waits until all generations have folded everything.
fn all_folded(generations: &Generations) {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let rebuild = generations.overview();
        let lag = |generation: &proto::admin::Generation| generation.lag;
        if [rebuild.live, rebuild.building].iter().flatten().map(lag).sum::<u64>() == 0 {
            return;
        }
        assert!(Instant::now() < until, "still behind");
        wait_a_little();
    }
}

fn append(journal: &Arc<dyn Journal>, first: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let good =
        |n: usize| record(&(touchpoint("application_opened", &format!("m{n}"), 1_000, "user_id:u"), Micros(1)), 1);
    let bad =
        |n: usize| NewRecord { key: format!("k{n}").into_bytes(), value: b"\xff".to_vec(), ..NewRecord::default() };
    let records = (first..first + 50).map(|n| if n % 10 == 0 { bad(n) } else { good(n) });
    runtime.block_on(journal.append(records.collect())).unwrap();
}

#[test]
fn what_cannot_be_read_is_kept_once_though_it_is_folded_again() {
    let data = tempfile::tempdir().unwrap();
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new(1));
    let letters: Arc<dyn Journal> = Arc::new(MemoryJournal::new(1));
    append(&journal, 0);
    let generations = open(data.path(), &journal, &letters);
    all_folded(&generations);
    assert_eq!(letters.ends().unwrap(), [5]);
    generations.start(None).unwrap();
    all_folded(&generations);
    let rebuild = generations.overview();
    assert_eq!((rebuild.records_folded, rebuild.records_total), (50, 50));
    assert_eq!(letters.ends().unwrap(), [5], "the live generation has kept them");
    generations.stop();
    drop(generations);
    // After a restart it goes on where it was.
    append(&journal, 50);
    let generations = open(data.path(), &journal, &letters);
    all_folded(&generations);
    assert_eq!(generations.overview().building.unwrap().number, 2);
    // Of what comes while both fold, both keep the letters, under the same ids: whichever is dropped, none is lost.
    assert!((10..=15).contains(&letters.ends().unwrap()[0]));
    generations.abort().unwrap();
    assert!(generations.overview().building.is_none());
    generations.stop();
}
