//! One and the same set of arrivals folded in different ways: partitions, batches, and crashes between them and within a write.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

use store::digest::StateDigest;

use super::{Arrival, Pipeline};

/// How arrivals are folded.
#[derive(Clone, Debug)]
pub struct Run {
    /// Partitions of the journal.
    pub partitions: u32,
    /// Most records of a batch.
    pub batch_records_max: usize,
    /// What goes wrong on the way.
    pub crashes: Vec<Crash>,
}

/// A crash of the machine: writes that were under way are torn, and those before them that the disk had not yet are gone.
#[derive(Clone, Copy, Debug)]
pub struct Crash {
    /// Thousandths of all arrivals that were folded by then.
    pub after: usize,
    /// Thousandths of the bytes that the state has logged since it was opened that are on the disk.
    pub kept: u64,
}

impl Run {
    /// One partition, large batches, no crash.
    pub fn plain() -> Self {
        Self { partitions: 1, batch_records_max: 16_384, crashes: Vec::new() }
    }
}

/// The digest after arrivals in the given order.
pub fn digest_of(arrivals: &[Arrival], run: &Run) -> StateDigest {
    folded(arrivals, run).digest()
}

/// The pipeline after arrivals in the given order.
pub fn folded(arrivals: &[Arrival], run: &Run) -> Pipeline {
    let mut pipeline = Pipeline::new(run.partitions);
    let mut crashes = run.crashes.clone();
    crashes.sort_by_key(|crash| crash.after);
    let mut appended = 0;
    for crash in crashes {
        let until = arrivals.len() * crash.after / 1_000;
        pipeline.append(&arrivals[appended..until]);
        pipeline.fold(run.batch_records_max);
        pipeline = pipeline.crash(crash.kept);
        appended = until;
    }
    pipeline.append(&arrivals[appended..]);
    pipeline.fold(run.batch_records_max);
    pipeline
}

/// Cuts the write-ahead log of a state that nobody has open; a torn record at its end is as a crash within a write leaves it.
pub(super) fn cut_log(dir: &Path, kept: u64) {
    let number = |path: &PathBuf| path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
    let files = fs::read_dir(dir).expect("a state").map(|entry| entry.expect("an entry").path());
    let logs = files.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    let newest = logs.max_by_key(number).expect("an open state has a log");
    let bytes = File::open(&newest).and_then(|file| file.metadata()).expect("a file").len();
    let cut = OpenOptions::new().write(true).open(&newest).and_then(|file| file.set_len(bytes * kept / 1_000));
    cut.expect("the log can be cut");
}
