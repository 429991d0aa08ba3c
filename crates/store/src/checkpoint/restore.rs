//! Taking a checkpoint back: checked against what it says of itself, then placed as a generation.
//!
//! Owns what is compared, and in which order files are made and named. Never changes the checkpoint.

use std::{fs, io, path::Path};

use identity::Rules;
use types::HashKey;

use super::{
    Checkpoint, Checkpoints, STATE,
    description::{applied, settings},
    files,
};
use crate::{
    Manifest, Store,
    digest::StateDigest,
    error::{CheckpointError, OpenError},
    generations::{Directories, Named},
};

impl Checkpoints {
    /// Compares a checkpoint with what it says of itself: each file byte by byte, format, journal, offsets and the digest of all
    /// rows. `wanted` is the state that this process would serve, `rules` are its own. Reads everything twice.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`, or `Open` where it is of another format, fold, key, journal or other rules.
    pub fn verify(
        &self,
        name: &str,
        wanted: &Manifest,
        rules: &Rules,
        hash_key: &HashKey,
    ) -> Result<Checkpoint, CheckpointError> {
        let said = self.read(name)?;
        let state = self.place(name)?.join(STATE);
        let damaged = |what: String| CheckpointError::damaged(name, what);
        said.state.check(wanted, &state)?;
        said.state.check_rules(wanted, &state)?;
        if let Some(broken) = files::broken(&state, &said.files) {
            return Err(damaged(broken));
        }
        let unreadable = |error: CheckpointError| match error {
            CheckpointError::Open(OpenError::Incompatible { .. }) => error,
            other => damaged(other.to_string()),
        };
        let store = Store::open_read_only(&settings(&state), wanted).map_err(|error| unreadable(error.into()))?;
        if *store.manifest() != said.state {
            return Err(damaged("its state was made by another configuration than it says".to_owned()));
        }
        let found = applied(&store).map_err(|error| unreadable(error.into()))?;
        if found != said.applied {
            return Err(damaged(format!("its offsets are {found:?}, but it says {:?}", said.applied)));
        }
        let digest = StateDigest::of(&store.snapshot(), rules, hash_key).map_err(|error| unreadable(error.into()))?;
        if digest.state() != said.digest {
            return Err(damaged(format!("its digest is {}, but it says {}", digest.state(), said.digest)));
        }
        Ok(said)
    }

    /// Makes a verified checkpoint the live generation, and returns its number. Only while no process holds the state. What was
    /// live is not named any more and goes at the next start. Whatever breaks this off, the old one is live or the new one is.
    ///
    /// # Errors
    /// `Io` or `Generations`: what was live still is.
    pub fn restore(
        &self,
        checkpoint: &Checkpoint,
        directories: &mut Directories,
        since_us: i64,
    ) -> Result<u32, CheckpointError> {
        let (number, dir) = directories.fresh()?;
        self.place_at(checkpoint, &dir)?;
        directories.name(Named { live: number, last: number, since_us, ..directories.named().clone() })?;
        Ok(number)
    }

    /// Puts the state of a checkpoint at `target`, which must not exist, durably: table files by hard link where that can be,
    /// others copied, as RocksDB goes on writing to them.
    fn place_at(&self, checkpoint: &Checkpoint, target: &Path) -> Result<(), CheckpointError> {
        let from = self.place(&checkpoint.name)?.join(STATE);
        let placed = || -> io::Result<()> {
            fs::create_dir(target)?;
            for file in checkpoint.files.keys() {
                let (from, to) = (from.join(file), target.join(file));
                let linked = file.ends_with(".sst") && fs::hard_link(&from, &to).is_ok();
                if !linked {
                    fs::copy(&from, &to)?;
                }
            }
            files::sync_all(target)?;
            target.parent().map_or(Ok(()), files::sync)
        };
        placed().map_err(|error| CheckpointError::io(target, error))
    }
}
