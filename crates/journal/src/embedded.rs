//! The embedded journal: segment files in a folder of this machine, so that Patron runs with no server beside it.
//!
//! Owns: the folder – one process at a time – and its durability: an append is answered when its records are synced.
//! Never: deletes a record, never acknowledges what a power failure could take back (unless `fsync` is off).

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::bell::Bell;
use crate::fair::{FairReader, check_positions};
use crate::{AppendError, Journal, NewRecord, OpenError, Position, ReadError, Reader, Topology};

mod config;
mod create;
mod disk;
mod files;
mod frame;
mod header;
mod headers;
mod index;
mod lane;
mod manifest;
mod partition;
mod reader;
mod recover;
mod window;
mod writer;

#[cfg(test)]
mod tests;

pub use config::{EmbeddedConfig, PARTITIONS_MAX, RECORD_BYTES_LIMIT};

use disk::{Disk, RealDisk};
use lane::Lane;
use manifest::Manifest;
use partition::Partition;
use reader::Cursor;
use writer::{Job, Writer};

/// The most calls that wait for the disk; further ones wait before it.
const PENDING_CALLS_MAX: usize = 4096;

/// A journal in the files of a folder.
///
/// Dropping or [closing](Self::close) it finishes the appends that wait and frees the folder. Readers made before go on
/// over what is durable.
#[derive(Debug)]
pub struct EmbeddedJournal {
    topology: Topology,
    record_bytes_max: usize,
    pending_bytes_max: u32,
    partitions: Vec<Arc<Partition>>,
    bell: Arc<Bell>,
    /// Bounds the bytes that wait for the disk.
    pending_bytes: Arc<Semaphore>,
    /// Bounds the calls that wait for the disk to what the channel to the writer holds, so that sending never blocks.
    pending_calls: Arc<Semaphore>,
    writer: Mutex<Option<Running>>,
}

/// The writing thread, and the folder's lock for as long as it runs.
#[derive(Debug)]
struct Running {
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
    _lock: File,
}

impl EmbeddedJournal {
    /// Opens the journal in `config.dir`, or creates it there.
    ///
    /// The last segment of each partition is read through; a write that a crash interrupted is cut off.
    ///
    /// # Errors
    /// See [`OpenError`]; no record was changed then.
    pub fn open(config: EmbeddedConfig) -> Result<Self, OpenError> {
        Self::open_on(config, Arc::new(RealDisk))
    }

    fn open_on(config: EmbeddedConfig, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        config.check()?;
        files::create_dir(&config.dir).map_err(OpenError::io(&config.dir))?;
        let lock = lock(&config.dir)?;
        let manifest = match Manifest::read(&config.dir)? {
            Some(manifest) => kept(manifest, &config)?,
            None => create::create(&config)?,
        };
        let (partitions, lanes) = open_partitions(&config.dir, &manifest)?;
        let bell = Arc::new(Bell::default());
        let writer = Writer {
            lanes,
            disk,
            bell: bell.clone(),
            segment_bytes_max: config.segment_bytes_max,
            fsync: config.fsync,
            refusing: false,
            now_us: crate::clock::now_us,
        };
        Ok(Self {
            topology: manifest.topology(),
            record_bytes_max: config.record_bytes_max,
            pending_bytes_max: config.pending_permits(),
            partitions,
            bell,
            pending_bytes: Arc::new(Semaphore::new(config.pending_permits() as usize)),
            pending_calls: Arc::new(Semaphore::new(PENDING_CALLS_MAX)),
            writer: Mutex::new(Some(start(writer, lock).map_err(OpenError::io(&config.dir))?)),
        })
    }

    /// Finishes the appends that wait, ends the writing thread and frees the folder. Later appends are refused with
    /// [`AppendError::Closed`]. Blocks until it is done; closing twice does nothing.
    pub fn close(&self) {
        let running = self.running().take();
        if let Some(Running { jobs, thread, _lock }) = running {
            drop(jobs);
            if thread.join().is_err() {
                tracing::error!("the journal's writing thread panicked");
            }
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many bytes more, and a call more, may wait for the disk. A call larger than all that may wait waits
    /// until it is alone.
    async fn wait_for_room(&self, bytes: usize) -> Result<[OwnedSemaphorePermit; 2], AppendError> {
        let share = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.pending_bytes_max);
        let call = self.pending_calls.clone().acquire_owned().await.map_err(|_| closed())?;
        let bytes = self.pending_bytes.clone().acquire_many_owned(share).await.map_err(|_| closed())?;
        Ok([call, bytes])
    }

    fn submit(&self, job: Job) -> Result<(), AppendError> {
        let running = self.running();
        let jobs = running.as_ref().map(|running| &running.jobs).ok_or_else(closed)?;
        // Never full: as many calls may wait as the channel holds. Only the writer's end can be gone.
        jobs.try_send(job).map_err(|_| stopped())
    }
}

#[async_trait]
impl Journal for EmbeddedJournal {
    fn topology(&self) -> Topology {
        self.topology.clone()
    }

    fn record_bytes_max(&self) -> usize {
        self.record_bytes_max
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Position>, AppendError> {
        records.iter().try_for_each(|record| record.check(self.topology.partitions, self.record_bytes_max))?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let bytes = records.iter().map(|record| record.bytes() + frame::HEAD_BYTES).sum();
        let permits = self.wait_for_room(bytes).await?;
        let (answer, answered) = oneshot::channel();
        self.submit(Job { records, bytes, answer, permits })?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    fn reader(&self, from: Vec<Position>) -> Result<Box<dyn Reader>, ReadError> {
        let held: Vec<_> = self.partitions.iter().map(|partition| (partition.start(), partition.end())).collect();
        check_positions(&from, &held)?;
        let cursor = |next: Position| {
            let partition = self.partitions.get(next.partition as usize)?;
            Some(Cursor::new(partition.clone(), next.offset))
        };
        Ok(Box::new(FairReader::new(from.into_iter().filter_map(cursor).collect(), self.bell.clone())))
    }

    fn ends(&self) -> Result<Vec<u64>, ReadError> {
        Ok(self.partitions.iter().map(|partition| partition.end()).collect())
    }

    fn starts(&self) -> Result<Vec<u64>, ReadError> {
        Ok(self.partitions.iter().map(|partition| partition.start()).collect())
    }
}

impl Drop for EmbeddedJournal {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = files::lock(dir);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(OpenError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(OpenError::io(&path)(error)),
    }
}

fn kept(manifest: Manifest, config: &EmbeddedConfig) -> Result<Manifest, OpenError> {
    let (kept, asked) = (manifest.partitions, config.partitions);
    if kept == asked { Ok(manifest) } else { Err(OpenError::PartitionCount { dir: config.dir.clone(), kept, asked }) }
}

type Opened = (Vec<Arc<Partition>>, Vec<Lane>);

fn open_partitions(dir: &Path, manifest: &Manifest) -> Result<Opened, OpenError> {
    let open = |number: u32| {
        let dir: PathBuf = files::partition(dir, number);
        let partition = Arc::new(recover::open_partition(&dir, &manifest.topic_id, number)?);
        let lane = Lane::open(partition.clone(), dir.clone(), manifest.topic_id).map_err(OpenError::io(&dir))?;
        Ok((partition, lane))
    };
    (0..manifest.partitions).map(open).collect()
}

fn start(writer: Writer, lock: File) -> std::io::Result<Running> {
    let (jobs, waiting) = mpsc::sync_channel(PENDING_CALLS_MAX);
    let thread = thread::Builder::new().name("journal-writer".to_owned()).spawn(move || writer.run(&waiting))?;
    Ok(Running { jobs, thread, _lock: lock })
}

fn closed() -> AppendError {
    AppendError::Closed { reason: "the process is stopping; send the records again after the restart".to_owned() }
}

fn stopped() -> AppendError {
    AppendError::Closed { reason: "its writing thread ended; restart the process".to_owned() }
}
