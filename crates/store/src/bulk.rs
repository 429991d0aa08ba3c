//! Loading an empty state: files of sorted rows, written beside the database and taken in at the end.
//!
//! Owns the folder `bulk` within that of the state, which families are loaded like this, and that what an unfinished load left is
//! gone before the next begins: rows that no shard accounts for are such leftovers, because every other write of them comes with
//! applied offsets. Never sorts and never folds.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use rocksdb::{IngestExternalFileOptions, Options, SstFileWriter};

use crate::{
    batch::RowSink,
    error::StoreError,
    family::{Copies, Family, Fragments, Incidence, Months, Orders, Shape, Timeline},
    open::{Store, family_options},
};

/// The folder within that of the state.
const DIR: &str = "bulk";
/// Bytes at which a file is closed and the next begun: those of RocksDB's own files.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Families that are loaded.
const LOADED: [&str; 6] = [Timeline::NAME, Fragments::NAME, Months::NAME, Orders::NAME, Copies::NAME, Incidence::NAME];
/// Greater than every key of these families.
const BEHIND_ALL: [u8; 64] = [u8::MAX; 64];

/// A load under way. What it wrote is gone if it is dropped before `ingest`.
pub struct Bulk<'a> {
    store: &'a Store,
    folder: Folder,
    options: Vec<(&'static str, Options)>,
    files: Mutex<Files>,
}

impl std::fmt::Debug for Bulk<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Load of {:?}", self.store)
    }
}

/// Closed files by family, and how many were begun.
#[derive(Debug, Default)]
struct Files {
    closed: BTreeMap<&'static str, Vec<PathBuf>>,
    begun: u32,
}

/// The folder, as long as it is needed.
#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(dir = %self.0.display(), %error, "what a load wrote beside the state is removed by the next one");
        }
    }
}

impl Store {
    /// Whether nothing was folded into it: it has no applied offsets.
    ///
    /// # Errors
    /// `Read` or `Damaged`.
    pub fn is_unfolded(&self) -> Result<bool, StoreError> {
        Ok(self.snapshot().shards()?.is_empty())
    }

    /// Begins to load a state into which nothing was folded; removes the rows and files of a load that was not finished.
    ///
    /// # Errors
    /// `Read`, or `Write` where the disk does not take it.
    pub fn bulk(&self) -> Result<Bulk<'_>, StoreError> {
        debug_assert!(
            self.is_unfolded().is_ok_and(|unfolded| unfolded),
            "rows of a folded state are not to be removed"
        );
        self.changes.write_of_all(|| LOADED.into_iter().try_for_each(|family| self.clear(family)))?;
        let dir = self.db.path().join(DIR);
        remove(&dir).and_then(|()| fs::create_dir(&dir)).map_err(|error| StoreError::Write(error.to_string()))?;
        let shapes = crate::family::ALL.into_iter().filter(|shape| LOADED.contains(&shape.name));
        let options = shapes.map(|shape| (shape.name, self.family_options(shape))).collect();
        Ok(Bulk { store: self, folder: Folder(dir), options, files: Mutex::default() })
    }

    /// Removes the files that a finished load could not remove any more.
    pub fn remove_bulk_files(&self) {
        drop(Folder(self.db.path().join(DIR)));
    }

    fn family_options(&self, shape: Shape) -> Options {
        family_options(&self.settings, shape)
    }

    /// Whole files go at once; what lies beside them is covered by a single tombstone.
    fn clear(&self, family: &'static str) -> Result<(), StoreError> {
        let handle = self.db.cf_handle(family).expect("opened with every family");
        let mut rows = self.db.raw_iterator_cf(handle);
        rows.seek_to_first();
        if !rows.valid() {
            return rows.status().map_err(crate::snapshot::read_error);
        }
        drop(rows);
        let deleted = self.db.delete_file_in_range_cf(handle, [].as_slice(), &BEHIND_ALL);
        let deleted = deleted.and_then(|()| self.db.delete_range_cf(handle, [].as_slice(), &BEHIND_ALL));
        deleted.map_err(write_error)
    }
}

impl Bulk<'_> {
    /// A folder for whatever the load writes beside its rows; it goes with the load.
    pub fn dir(&self) -> &Path {
        &self.folder.0
    }

    /// Files of which each family's rows come in the order of their keys. Several may be written at a time if no range of keys that
    /// one has of a family meets that of another.
    pub fn sorted(&self) -> Sorted<'_> {
        Sorted { bulk: self, open: Vec::new(), key: Vec::new(), value: Vec::new() }
    }

    /// Takes all files in. They are on the disk then, but nothing accounts for them yet: who writes the applied offsets does.
    ///
    /// # Errors
    /// `Write`: a part may have been taken in, which the next load removes.
    pub fn ingest(self) -> Result<(), StoreError> {
        let mut options = IngestExternalFileOptions::default();
        options.set_move_files(true);
        let files = self.files.into_inner().unwrap_or_else(PoisonError::into_inner);
        let take_in = |(family, paths): (&'static str, Vec<PathBuf>)| {
            let handle = self.store.db.cf_handle(family).expect("opened with every family");
            self.store.db.ingest_external_file_cf_opts(handle, &options, paths).map_err(write_error)
        };
        self.store.changes.write_of_all(|| files.closed.into_iter().try_for_each(take_in))
    }

    fn begin(&self, family: &'static str) -> Result<Open<'_>, StoreError> {
        let options = self.options.iter().find(|(name, _)| *name == family).map(|(_, options)| options);
        let writer = SstFileWriter::create(options.expect("only families that are loaded have a place in a load"));
        let number = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            files.begun += 1;
            files.begun
        };
        let path = self.dir().join(format!("{family}-{number}.sst"));
        writer.open(&path).map_err(write_error)?;
        Ok(Open { family, writer, path })
    }

    fn close(&self, mut open: Open<'_>) -> Result<(), StoreError> {
        open.writer.finish().map_err(write_error)?;
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.closed.entry(open.family).or_default().push(open.path);
        Ok(())
    }
}

/// Files that are being written, one a family at a time.
pub struct Sorted<'a> {
    bulk: &'a Bulk<'a>,
    open: Vec<Open<'a>>,
    key: Vec<u8>,
    value: Vec<u8>,
}

struct Open<'a> {
    family: &'static str,
    writer: SstFileWriter<'a>,
    path: PathBuf,
}

impl std::fmt::Debug for Sorted<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Sorted rows of {} families", self.open.len())
    }
}

impl Sorted<'_> {
    /// Closes the files, on the disk.
    ///
    /// # Errors
    /// `Write`.
    pub fn finish(self) -> Result<(), StoreError> {
        self.open.into_iter().try_for_each(|open| self.bulk.close(open))
    }
}

impl RowSink for Sorted<'_> {
    fn put_written<F: Family>(&mut self, key: &F::Key, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        let place = match self.open.iter().position(|open| open.family == F::NAME) {
            Some(place) => place,
            None => {
                self.open.push(self.bulk.begin(F::NAME)?);
                self.open.len() - 1
            }
        };
        self.key.clear();
        self.value.clear();
        F::write_key(key, &mut self.key);
        write(&mut self.value);
        let open = self.open.get_mut(place).expect("found or pushed above");
        open.writer.put(&self.key, &self.value).map_err(write_error)?;
        if open.writer.file_size() >= FILE_BYTES_MAX {
            self.bulk.close(self.open.swap_remove(place))?;
        }
        Ok(())
    }
}

fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn write_error(error: rocksdb::Error) -> StoreError {
    StoreError::Write(error.to_string())
}

#[cfg(test)]
mod tests;
