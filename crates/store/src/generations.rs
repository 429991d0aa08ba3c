//! Which directories below `DATA_DIR/generations` hold states, and what each is for.
//!
//! Owns the names of the directories and the file `live`, which is replaced as a whole or not at all: whatever is killed, it names
//! the old generations or the new ones. Never opens a state. What it does not name is a leftover and may be removed.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// The directory of all generations.
const DIR: &str = "generations";
/// The file that names them.
const FILE: &str = "live";
/// Where the only state lay before there were generations.
const EARLIER: &str = "state";

/// The generations that count, by number; numbers are never given twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The one that is served.
    pub live: u32,
    /// The one that was served before, kept up to date until it is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<u32>,
    /// The one that is being built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<u32>,
    /// The greatest number that was ever given.
    pub last: u32,
    /// When this was written, in microseconds since 1970 UTC; 0 where nothing has been rebuilt yet.
    pub since_us: i64,
}

impl Default for Named {
    fn default() -> Self {
        Self { live: 1, previous: None, building: None, last: 1, since_us: 0 }
    }
}

/// Why the generations cannot be told or changed.
#[derive(Debug, thiserror::Error)]
pub enum GenerationsError {
    /// The disk.
    #[error("{path}: {cause}; make it readable and writable for patron, and room on its disk", path = path.display())]
    Io {
        /// File or directory.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
    /// The file is none of ours.
    #[error(
        "{path} does not say which generation is live: {reason}; delete the directory that it lies in and start again: the state \
         is rebuilt from the journal",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file is gone and more than one directory may be live.
    #[error(
        "{path} is gone, and any of {found} may be the live generation; keep the directory that was live and delete the others, \
         or delete all of them: the state is rebuilt from the journal",
        path = path.display()
    )]
    Unclear {
        /// The file.
        path: PathBuf,
        /// Directories.
        found: String,
    },
}

/// The directory of the live state of a data directory; the state itself may not be there yet.
///
/// # Errors
/// `GenerationsError`, where the file cannot be read or says nothing.
pub fn live_dir(data_dir: &Path) -> Result<PathBuf, GenerationsError> {
    let dir = data_dir.join(DIR);
    let named = read(&dir)?.unwrap_or_default();
    Ok(dir_of(&dir, named.live))
}

/// The generations of a data directory.
#[derive(Debug)]
pub struct Directories {
    dir: PathBuf,
    named: Named,
}

impl Directories {
    /// Finds the generations; takes over the `state` directory of earlier versions as the first.
    ///
    /// # Errors
    /// `GenerationsError`.
    pub fn take_over(data_dir: &Path) -> Result<Self, GenerationsError> {
        let dir = data_dir.join(DIR);
        fs::create_dir_all(&dir).map_err(|cause| failed(&dir, cause))?;
        let named = match read(&dir)? {
            Some(named) => named,
            None => adopt(&dir)?,
        };
        let (earlier, live) = (data_dir.join(EARLIER), dir_of(&dir, named.live));
        if earlier.is_dir() && !live.exists() {
            fs::rename(&earlier, &live).map_err(|cause| failed(&earlier, cause))?;
            tracing::info!(from = %earlier.display(), to = %live.display(), "the state was taken over as a generation");
        }
        Ok(Self { dir, named })
    }

    /// What is named.
    pub fn named(&self) -> &Named {
        &self.named
    }

    /// The directory of a generation.
    pub fn dir_of(&self, number: u32) -> PathBuf {
        dir_of(&self.dir, number)
    }

    /// Names others, durably, in one step.
    ///
    /// # Errors
    /// `Io`: what was named before still is.
    pub fn name(&mut self, named: Named) -> Result<(), GenerationsError> {
        write(&self.dir, &named)?;
        self.named = named;
        Ok(())
    }

    /// An empty directory for the next generation, which is a leftover until it is named.
    ///
    /// # Errors
    /// `Io`.
    pub fn fresh(&self) -> Result<(u32, PathBuf), GenerationsError> {
        let number = self.named.last.saturating_add(1);
        let dir = self.dir_of(number);
        if dir.exists() {
            fs::remove_dir_all(&dir).map_err(|cause| failed(&dir, cause))?;
        }
        Ok((number, dir))
    }

    /// Removes what is not named, and returns what was removed. Only for a process that holds the live state.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove_leftovers(&self) -> Result<Vec<PathBuf>, GenerationsError> {
        let Named { live, previous, building, .. } = self.named;
        let kept: Vec<u32> = [Some(live), previous, building].into_iter().flatten().collect();
        let mut removed = Vec::new();
        for number in numbers(&self.dir)?.into_iter().filter(|number| !kept.contains(number)) {
            let dir = self.dir_of(number);
            fs::remove_dir_all(&dir).map_err(|cause| failed(&dir, cause))?;
            removed.push(dir);
        }
        Ok(removed)
    }
}

fn dir_of(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}"))
}

/// The generations that lie there, named or not.
fn numbers(dir: &Path) -> Result<Vec<u32>, GenerationsError> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|cause| failed(dir, cause))?;
    let names = entries.iter().filter_map(|entry| entry.file_name().into_string().ok());
    let mut numbers: Vec<u32> = names.filter(|name| name.len() == 8).filter_map(|name| name.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Without the file: the only generation there is, or the first.
fn adopt(dir: &Path) -> Result<Named, GenerationsError> {
    let live = match numbers(dir)?.as_slice() {
        [] => 1,
        [only] => *only,
        several => {
            let found = several.iter().map(|number| format!("{number:08}")).collect::<Vec<_>>().join(", ");
            return Err(GenerationsError::Unclear { path: dir.join(FILE), found });
        }
    };
    let named = Named { live, last: live, ..Named::default() };
    write(dir, &named)?;
    Ok(named)
}

fn read(dir: &Path) -> Result<Option<Named>, GenerationsError> {
    let path = dir.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed(&path, cause)),
    };
    let named = toml::from_str(&text);
    named.map(Some).map_err(|error| GenerationsError::Damaged { path, reason: error.message().to_owned() })
}

/// Through a second file, so that a crash leaves the old names or the new ones.
fn write(dir: &Path, named: &Named) -> Result<(), GenerationsError> {
    let text = toml::to_string(named).expect("numbers have a TOML form");
    let (path, fresh) = (dir.join(FILE), dir.join("live.new"));
    let written = fs::File::create(&fresh).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &path)?;
        fs::File::open(dir)?.sync_all()
    });
    written.map_err(|cause| failed(&path, cause))
}

fn failed(path: &Path, cause: io::Error) -> GenerationsError {
    GenerationsError::Io { path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests;
